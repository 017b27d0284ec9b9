/** The command line as callers use it: help, version, the forms of flags, and whatever environment there is. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { test } from "../support/e2e.js";
import { programName } from "../support/failure.js";
import { runtimeProgram } from "../support/paths.js";
import { refusal } from "../support/refusal.js";
import { needs } from "../support/skip.js";
import { stateOf } from "../support/status.js";

const verbs = ["create", "delete", "exec", "features", "kill", "list", "pause", "ps", "resume", "run", "spec", "start"];
const all = [...verbs, "state", "update"];

/** The program alone: no --root, and no environment but what is given. */
function bare(args: readonly string[], env: Record<string, string> = {}, program = runtimeProgram) {
	const { status, stdout, stderr } = spawnSync(program, args, { env, encoding: "utf8", timeout: 10_000 });
	return { status, stdout, stderr };
}

const linesOf = (text: string) => text.split("\n");

describe("help", () => {
	for (const verb of all) {
		test(`of ${verb} names it on the second line, with status 0`, ({ runtime }) => {
			for (const flag of ["--help", "-h"]) {
				const { status, stdout, stderr } = runtime(verb, flag);
				expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
				const [first, second] = linesOf(stdout);
				expect(first).toBe("NAME:");
				expect(second).toMatch(new RegExp(`^   ${programName} ${verb} - `));
				expect(stdout).toMatch(/^USAGE:$/m);
			}
		});
	}

	test("of the program lists every verb", ({ runtime }) => {
		const { status, stdout } = runtime("--help");
		expect(status).toBe(0);
		expect(stdout).toMatch(new RegExp(`^NAME:\n   ${programName} - `));
		for (const verb of all) expect(stdout).toMatch(new RegExp(`^ +${verb} +\\w`, "m"));
		for (const words of [["-h"], ["help"], ["h"]]) expect(runtime(...words).stdout).toBe(stdout);
	});

	test("is shown by the command help, too", ({ runtime }) => {
		expect(runtime("help", "create")).toMatchObject({ status: 0, stdout: runtime("create", "--help").stdout });
	});

	test("creates nothing, not even the root", ({ runtime, skip }) => {
		needs(skip, "tsrun"); // runc makes the root
		runtime("create", "--help");
		runtime("--version");
		expect(existsSync(runtime.root)).toBe(false);
	});
});

describe("--version", () => {
	test("tells name, commit, specification and libseccomp, each on its line", () => {
		for (const flag of ["--version", "-v"]) {
			const { status, stdout, stderr } = bare([flag]);
			expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
			const [version, commit, spec, engine, libseccomp, ...rest] = linesOf(stdout);
			expect(version).toMatch(new RegExp(`^${programName} version \\d+\\.\\d+\\.\\d+`));
			expect(commit).toMatch(/^commit: \S+$/);
			expect(spec).toMatch(/^spec: \d+\.\d+\.\d+(-\w+)?$/);
			expect(engine).toMatch(/^(quickjs|go): \S+$/);
			expect(libseccomp).toMatch(/^libseccomp: \d+\.\d+\.\d+$/);
			expect(rest).toEqual([""]);
		}
	});
});

describe("called through a link", () => {
	test("named runc it answers as runc", ({ folder, skip }) => {
		needs(skip, "tsrun"); // runc always says runc
		const link = join(folder, "runc");
		symlinkSync(runtimeProgram, link);
		expect(bare(["--version"], {}, link).stdout).toMatch(/^runc version /);
		expect(linesOf(bare(["create", "--help"], {}, link).stdout)[1]).toMatch(/^ {3}runc create - /);
		expect(bare(["create"], {}, link)).toMatchObject({
			status: 1,
			stderr: 'runc: "create" requires exactly 1 argument(s)\n',
		});
		expect(bare(["create", "--bundle", "/none", "x"], {}, link).stderr).toMatch(/^runc create failed: chdir \/none: /);
	});

	test("it runs containers", ({ runtime, folder, makeBundle, newId, skip }) => {
		needs(skip, "tsrun"); // likewise
		const link = join(folder, "oci");
		symlinkSync(runtimeProgram, link);
		const bundle = makeBundle({ args: ["/bin/echo", "hello"] });
		const run = bare(["--root", runtime.root, "run", "--bundle", bundle, newId()], { TSRUN_E2E: folder }, link);
		expect(run).toEqual({ status: 0, stdout: "hello\n", stderr: "" });
	});
});

describe("a flag", () => {
	for (const [form, flags] of [
		["--flag value", (bundle: string) => ["--bundle", bundle]],
		["--flag=value", (bundle: string) => [`--bundle=${bundle}`]],
		["-flag value, with one dash", (bundle: string) => ["-bundle", bundle]],
		["-flag=value", (bundle: string) => [`-bundle=${bundle}`]],
		["-f value", (bundle: string) => ["-b", bundle]],
		["-f=value", (bundle: string) => [`-b=${bundle}`]],
	] as const) {
		test(`may be written ${form}`, ({ runtime, makeBundle, newId }) => {
			const bundle = makeBundle({ args: ["/bin/echo", "hello"] });
			expect(runtime("run", ...flags(bundle), newId())).toMatchObject({ status: 0, stdout: "hello\n", stderr: "" });
		});
	}

	test("that is global may stand before the verb with one dash", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		for (const root of [["-root", runtime.root], [`-root=${runtime.root}`], [`--root=${runtime.root}`]]) {
			expect(bare([...root, "list", "-q"])).toEqual({ status: 0, stdout: `${id}\n`, stderr: "" });
		}
		runtime("delete", "--force", id);
	});

	test("that is global may also follow the verb, or the id", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun"); // runc wants it in front
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		expect(bare(["list", "--root", runtime.root, "-q"]).stdout).toBe(`${id}\n`);
		expect(bare(["delete", id, "--force", `--root=${runtime.root}`])).toEqual({ status: 0, stdout: "", stderr: "" });
	});

	test("that is a switch may be given as =true and =false", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "-d=true", "--bundle", makeBundle(), id);
		expect(stateOf(runtime, id).status).toBe("running");
		expect(runtime("delete", "--force=false", id).status).toBe(1);
		expect(stateOf(runtime, id).status).toBe("running");
		expect(runtime("delete", "--force=true", id).status).toBe(0);
	});

	test("given twice counts the last time", ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle({ args: ["/bin/echo", "hello"] });
		expect(runtime("run", "--bundle", "/none", "--bundle", bundle, newId()).stdout).toBe("hello\n");
	});

	test("after -- is none", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle(), id);
		expect(runtime("exec", "--", id, "/bin/echo", "--help", "-d").stdout).toBe("--help -d\n");
		expect(runtime("exec", id, "/bin/echo", "--help", "-d").stdout).toBe("--help -d\n");
		runtime("delete", "--force", id);
	});

	test("that old callers always pass is for checkpoint and restore alone: --criu", ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle({ args: ["/bin/echo", "hello"] });
		expect(runtime("--criu", "/none", "run", "--bundle", bundle, newId()).stdout).toBe("hello\n");
	});
});

describe("a mistake on the command line", () => {
	test("in the verb has status 3 and a suggestion", ({ runtime, skip }) => {
		const { status, stdout, stderr } = runtime("crate", "x");
		expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
		expect(stderr).toContain("No help topic for 'crate'");
		needs(skip, "tsrun"); // suggestions are ours
		expect(stderr).toBe("No help topic for 'crate'\nhint: did you mean \"create\"?\n");
		expect(runtime("help", "crate").status).toBe(3);
	});

	for (const [what, words, message] of [
		["in a flag", ["create", "--bundel", "b", "x"], "flag provided but not defined: -bundel"],
		["in a global flag", ["--rot", "/x", "list"], "flag provided but not defined: -rot"],
		["leaves a value out", ["create", "x", "--bundle"], "flag needs an argument: -bundle"],
		[
			"is a value that is no number",
			["run", "--preserve-fds", "x", "c"],
			'invalid value "x" for flag -preserve-fds: parse error',
		],
		[
			"is a value of a switch",
			["delete", "--force=perhaps", "c"],
			'invalid boolean value "perhaps" for -force: parse error',
		],
	] as const) {
		test(`${what} is told with the page that helps, status 1`, ({ runtime, skip }) => {
			if (what === "leaves a value out") needs(skip, "tsrun"); // runc reads no flags after the id
			const { status, stdout, stderr } = runtime(...words);
			expect(status).toBe(1);
			expect(stderr).toContain(programName === "tsrun" ? message : message.slice(0, 12));
			expect(stdout).toMatch(/^Incorrect Usage/);
			expect(stdout).toMatch(/^NAME:$/m);
			if (programName === "tsrun") expect(stderr).toBe(`${message}\n`);
		});
	}

	test("gets the nearest flag as a suggestion", ({ runtime, skip }) => {
		needs(skip, "tsrun"); // suggestions are ours
		expect(runtime("create", "--bundel", "b", "x").stdout).toContain('did you mean "--bundle"?');
		expect(runtime("--rot", "/x", "list").stdout).toContain('did you mean "--root"?');
		expect(runtime("create", "--utterly-unlike", "x").stdout).not.toContain("did you mean");
	});

	for (const [words, wanted] of [
		[["create"], '"create" requires exactly 1 argument(s)'],
		[["create", "a", "b"], '"create" requires exactly 1 argument(s)'],
		[["start"], '"start" requires exactly 1 argument(s)'],
		[["state"], '"state" requires exactly 1 argument(s)'],
		[["delete"], '"delete" requires exactly 1 argument(s)'],
		[["kill"], '"kill" requires a minimum of 1 argument(s)'],
		[["kill", "a", "9", "b"], '"kill" requires a maximum of 2 argument(s)'],
		[["ps"], '"ps" requires a minimum of 1 argument(s)'],
	] as const) {
		test(`is told: ${words.join(" ")}`, ({ runtime, folder }) => {
			const { status, message } = refusal(runtime, folder, ...words);
			expect({ status, message }).toEqual({ status: 1, message: `${programName}: ${wanted}` });
		});
	}

	test("in exec has exec's status", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle(), id);
		expect(runtime("exec", "--process", "/none", id).status).toBe(255);
		runtime("delete", "--force", id);
	});
});

describe("output", () => {
	const shell = (script: string, ...words: string[]) =>
		spawnSync("bash", ["--norc", "-c", script, "bash", runtimeProgram, ...words], { encoding: "utf8", input: "" });

	test("that cannot be written is a failure", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun"); // runc's state does not look
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		const call = shell('"$@" >/dev/full', "--root", runtime.root, "state", id);
		expect(call).toMatchObject({ status: 1, stderr: "write /dev/stdout: no space left on device\n" });
		runtime("delete", "--force", id);
	});

	test("that nobody reads any more is none", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun"); // Go ends by SIGPIPE
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		const unread = "exec 3> >(:); wait $!";
		expect(shell(`${unread}; "$@" >&3; echo $?`, "--root", runtime.root, "state", id).stdout).toBe("0\n");
		expect(shell(`${unread}; "$@" 2>&3; echo $?`, "--root", runtime.root, "state", newId()).stdout).toBe("1\n");
		runtime("delete", "--force", id);
	});
});

describe("an environment", () => {
	test("that is empty does for every verb", ({ runtime, makeBundle, newId }) => {
		const [id, bundle] = [newId(), makeBundle()];
		const root = ["--root", runtime.root];
		const fine = { status: 0, stderr: "" };
		expect(bare([...root, "state", id])).toMatchObject({ status: 1 });
		runtime("create", "--bundle", bundle, id);
		expect(bare([...root, "start", id])).toMatchObject(fine);
		expect(bare([...root, "state", id])).toMatchObject(fine);
		expect(bare([...root, "list"])).toMatchObject(fine);
		expect(bare([...root, "ps", "--format", "json", id])).toMatchObject(fine);
		expect(bare([...root, "exec", id, "/bin/true"])).toMatchObject(fine);
		expect(bare([...root, "pause", id])).toMatchObject(fine);
		expect(bare([...root, "resume", id])).toMatchObject(fine);
		expect(bare([...root, "kill", id, "KILL"])).toMatchObject(fine);
		expect(bare([...root, "delete", "--force", id])).toMatchObject(fine);
	});

	test("with an empty XDG_RUNTIME_DIR is one without", ({ skip }) => {
		needs(skip, "tsrun"); // the default root is its own
		const usual = bare(["list", "-q"]);
		expect(usual.status).toBe(0);
		expect(bare(["list", "-q"], { XDG_RUNTIME_DIR: "" })).toEqual(usual);
	});

	test("with an XDG_RUNTIME_DIR does not move root's state", ({ folder, skip }) => {
		needs(skip, "tsrun"); // the default root is its own
		const own = join(folder, "xdg");
		mkdirSync(join(own, "tsrun/not-a-container-of-root"), { recursive: true });
		expect(bare(["list", "-q"], { XDG_RUNTIME_DIR: own })).toEqual(bare(["list", "-q"]));
	});

	test("of the caller is not the container's", ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle({ args: ["/probe", "env"] });
		const run = runtime.with(
			{ env: { SECRET: "x", GOMAXPROCS: "4", _OCI_SYNCPIPE: "3" } },
			"run",
			"--bundle",
			bundle,
			newId(),
		);
		const names = (JSON.parse(run.stdout) as string[]).map((entry) => entry.split("=")[0]);
		expect(names.sort()).toEqual(["HOME", "PATH", "TERM"]);
	});
});
