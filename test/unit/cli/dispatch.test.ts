import { beforeEach, describe, expect, it, vi } from "vitest";
import { createContainer } from "../../../src/runtime/lifecycle/create.js";
import { execInContainer } from "../../../src/runtime/lifecycle/exec.js";
import { startContainer } from "../../../src/runtime/lifecycle/start.js";
import { containerState } from "../../../src/runtime/state.js";
import { enableTrace } from "../../../src/sys/trace.js";
import { door } from "../../support/door.js";
import { call } from "./call.js";

vi.mock("../../../src/runtime/lifecycle/create.js", () => ({ createContainer: vi.fn() }));
vi.mock("../../../src/runtime/lifecycle/exec.js", () => ({ execInContainer: vi.fn(() => 0) }));
vi.mock("../../../src/runtime/lifecycle/start.js", () => ({ startContainer: vi.fn() }));
vi.mock("../../../src/sys/trace.js", () => ({ enableTrace: vi.fn() }));
vi.mock("../../../src/runtime/state.js", () => ({
	containerState: vi.fn(() => ({})),
	listContainers: vi.fn(() => []),
}));

const hostOf = (of: unknown) => vi.mocked(of as typeof startContainer).mock.calls[0]?.[0];

beforeEach(() => {
	vi.clearAllMocks();
	vi.stubGlobal("TSRUN_VERSION", "7.8.9");
	vi.stubGlobal("TSRUN_COMMIT", "abcdef");
});

describe("a command that succeeds", () => {
	it("says nothing", async () => {
		expect(await call("start c1")).toEqual({ status: 0, stdout: "", stderr: "", log: [] });
		expect(startContainer).toHaveBeenCalledWith(expect.anything(), "c1", undefined);
	});

	it("opens no file without --log", async () => {
		await call("--root /r start c1");
		expect(door.names).not.toContain("openat");
	});
});

describe("global flags", () => {
	it("count before and after the verb, in every form", async () => {
		for (const line of ["--root /r start c1", "-root=/r start c1", "start --root /r c1", "start c1 --root=/r"]) {
			vi.clearAllMocks();
			expect((await call(line)).status).toBe(0);
			expect(hostOf(startContainer)).toMatchObject({ root: "/r", rootIsExplicit: true });
		}
	});

	it("belong to the program once exec has its container", async () => {
		await call("--debug exec --root /r c1 ls --root /x -h --help");
		expect(hostOf(execInContainer)).toMatchObject({ root: "/r", debug: true });
		expect(execInContainer).toHaveBeenCalledWith(
			expect.anything(),
			"c1",
			expect.objectContaining({ args: ["ls", "--root", "/x", "-h", "--help"] }),
		);
	});

	it("include --criu, a path; a bare name is looked for in PATH, as without the flag", async () => {
		for (const [line, criu] of [
			["--criu /opt/criu start c1", "/opt/criu"],
			["--criu criu start c1", undefined],
			["start c1", undefined],
		] as const) {
			vi.mocked(startContainer).mockClear();
			await call(line);
			expect(hostOf(startContainer)?.criu).toBe(criu);
		}
	});

	it("include --trace, on from before the verb is loaded", async () => {
		await call("--trace start c1");
		await call("--trace=/t start c1");
		await call("start --trace c1");
		expect(vi.mocked(enableTrace).mock.calls).toEqual([[{ file: undefined }], [{ file: "/t" }], [{ file: undefined }]]);
	});
});

describe("--version", () => {
	it("gives the lines that engines look for", async () => {
		door.answer("seccomp_version", "2.5.4");
		const expected = "tsrun version 7.8.9\ncommit: abcdef\nspec: 1.3.0\nquickjs: 2025-04-26\nlibseccomp: 2.5.4\n";
		expect(await call("--version")).toMatchObject({ status: 0, stdout: expected, stderr: "" });
		door.reset();
		door.answer("seccomp_version", "2.5.4");
		expect((await call("-v", "runc")).stdout).toBe(expected.replace("tsrun", "runc"));
	});
});

describe("an unknown verb", () => {
	it("has status 3, runc's words and a suggestion", async () => {
		expect(await call("crate -b x id")).toMatchObject({
			status: 3,
			stdout: "",
			stderr: "No help topic for 'crate'\nhint: did you mean \"create\"?\n",
		});
		for (const line of ["frob", "help frob", "frob --help", "constructor"]) {
			door.reset();
			const topic = line.replace(/^help | --help$/g, "");
			expect(await call(line)).toMatchObject({ status: 3, stdout: "", stderr: `No help topic for '${topic}'\n` });
		}
	});
});

describe("a wrong command line", () => {
	it("prints the usage on stdout and the error on stderr", async () => {
		const { status, stdout, stderr } = await call("create --frob c1");
		expect({ status, stderr }).toEqual({ status: 1, stderr: "flag provided but not defined: -frob\n" });
		expect(stdout).toMatch(/^Incorrect Usage: flag provided but not defined: -frob\n\nNAME:\n {3}tsrun create - /);
		expect(createContainer).not.toHaveBeenCalled();
	});

	it("gives the suggestion with the usage", async () => {
		const { stdout, stderr } = await call("create --bundel x c1");
		expect(stdout.split("\n")[1]).toBe('did you mean "--bundle"?');
		expect(stderr).toBe("flag provided but not defined: -bundel\n");
	});

	it("prints the program's usage when no verb is known yet", async () => {
		const { status, stdout } = await call("--frob start c1");
		expect(status).toBe(1);
		expect(stdout).toMatch(/^Incorrect Usage: flag provided but not defined: -frob\n\nNAME:\n {3}tsrun - /);
	});

	it("counts arguments", async () => {
		const wrong = {
			start: '"start" requires exactly 1 argument(s)',
			"start a b": '"start" requires exactly 1 argument(s)',
			list: undefined,
			"list a": '"list" requires exactly 0 argument(s)',
			kill: '"kill" requires a minimum of 1 argument(s)',
			"kill a 9 b": '"kill" requires a maximum of 2 argument(s)',
			exec: '"exec" requires a minimum of 1 argument(s)',
		};
		for (const [line, words] of Object.entries(wrong)) {
			door.reset();
			const { status, stderr } = await call(line, "./bin/runc");
			expect({ status, stderr }).toEqual(
				words === undefined ? { status: 0, stderr: "" } : { status: 1, stderr: `runc: ${words}\n` },
			);
		}
	});

	it("has status 1 for exec too", async () => {
		expect((await call("exec -g x c1 ls")).status).toBe(1);
	});

	it("is told in the log as well, even by flags that came before it", async () => {
		const { log } = await call("start --log /b/log --log-format json");
		const msg = 'tsrun: "start" requires exactly 1 argument(s)';
		expect(log).toEqual([expect.objectContaining({ level: "error", msg, id: "usage" })]);
	});
});

describe("the log", () => {
	it("is opened before the verb does anything", async () => {
		vi.mocked(startContainer).mockImplementation(() => expect(door.names).toContain("openat"));
		expect((await call("--log /l start c1")).status).toBe(0);
	});

	it("stays out of the descriptors of --preserve-fds", async () => {
		door.answer("openat", 3);
		await call("--log /l create --preserve-fds 2 c1");
		expect(door.args("fcntl")[0]?.[2]).toBe(5);
	});

	it("ends the command when it cannot be opened", async () => {
		door.fail("openat", "ENOENT");
		const { status, stderr } = await call("--log /nowhere/l start c1");
		expect({ status, stderr }).toEqual({ status: 1, stderr: "open /nowhere/l: no such file or directory\n" });
		expect(startContainer).not.toHaveBeenCalled();
	});
});

describe("a verb", () => {
	it("decides the exit status", async () => {
		vi.mocked(execInContainer).mockReturnValue(42);
		expect((await call("exec c1 false")).status).toBe(42);
	});

	it("prints its result on stdout", async () => {
		vi.mocked(containerState).mockReturnValue({ id: "c1" } as ReturnType<typeof containerState>);
		expect((await call("state c1")).stdout).toBe('{\n  "id": "c1"\n}\n');
	});

	it("fails when its result cannot be written", async () => {
		door.fail("write", "ENOSPC", (fd) => fd === 1);
		expect(await call("state c1")).toMatchObject({ status: 1, stderr: "write /dev/stdout: no space left on device\n" });
	});

	it("succeeds when nobody reads its result", async () => {
		door.fail("write", "EPIPE", (fd) => fd === 1);
		expect(await call("state c1")).toMatchObject({ status: 0, stderr: "" });
	});
});
