import { describe, expect, it } from "vitest";
import { assumeIdentity, execute, type IdentityRequest } from "../../../../src/runtime/init/identity.js";
import type { Linux, Process } from "../../../../src/spec/types.js";
import { PR_SET_DUMPABLE, PR_SET_KEEPCAPS } from "../../../../src/sys/constants.js";
import { door } from "../../../support/door.js";
import { ProcessEnded } from "../../../support/door-answers.js";
import { sysError } from "../../../support/errno.js";

const admin = 1n << 21n;
const kill = 1n << 5n;
const names = ["CAP_KILL"];

const process = (more: Partial<Process> = {}): Process => ({
	args: ["/bin/program", "x"],
	cwd: "/srv",
	env: ["HOME=/"],
	user: { uid: 1000, gid: 1001, additionalGids: [5, 6] },
	capabilities: { bounding: names, effective: names, permitted: names },
	...more,
});

function assume(more: Partial<Process> = {}, request: Partial<IdentityRequest> = {}) {
	const warnings: string[] = [];
	const ready = assumeIdentity({
		process: process(more),
		linux: undefined,
		annotations: undefined,
		seccomp: null,
		umask: 0o027,
		warn: (text) => warnings.push(text),
		...request,
	});
	return { ...ready, warnings };
}

const order = (...wanted: readonly string[]) => door.names.filter((name) => wanted.includes(name));

describe("assumeIdentity", () => {
	it("gives up groups, gid and uid in the order in which the rights allow it", () => {
		assume();
		expect(door.args("setgroups")).toEqual([[[5, 6]]]);
		expect(door.args("setresgid")).toEqual([[1001, 1001, 1001]]);
		expect(door.args("setresuid")).toEqual([[1000, 1000, 1000]]);
		expect(order("setgroups", "setresgid", "setresuid", "capset")).toEqual([
			"setgroups",
			"setresgid",
			"setresuid",
			"capset",
		]);
	});

	it("leaves the caller's groups where crun's annotation asks for it", () => {
		assume({}, { annotations: { "run.oci.keep_original_groups": "1" } });
		expect(door.names).not.toContain("setgroups");
		expect(door.names).toContain("setresgid");
	});

	it("drops the bounding set while it may, and keeps capabilities over the change of user only", () => {
		assume();
		expect(door.names.indexOf("prctl")).toBeLessThan(door.names.indexOf("setgroups"));
		expect(
			door
				.args("prctl")
				.filter(([option]) => option === PR_SET_KEEPCAPS)
				.map(([, value]) => value),
		).toEqual([1, 0]);
	});

	it("drops the caller's groups when none are configured", () => {
		assume({ user: { uid: 0, gid: 0 } });
		expect(door.args("setgroups")).toEqual([[[]]]);
	});

	it("keeps the groups that an unprivileged user's namespace does not let it drop, but sets none for nothing", () => {
		door.fail("setgroups", "EPERM");
		expect(() => assume({ user: { uid: 0, gid: 0 } })).not.toThrow();
		expect(() => assume()).toThrow(
			"change to user 1000, group 1001, additional groups [5, 6]: operation not permitted",
		);
	});

	it("has the configured umask, or the caller's", () => {
		assume();
		assume({ user: { uid: 0, gid: 0, umask: 0o077 } });
		expect(door.args("umask")).toEqual([[0o027], [0o077]]);
	});

	it("looks for the program with the program's own rights", () => {
		assume();
		const first = door.names.indexOf("faccessat2");
		expect(first).toBeGreaterThan(door.names.indexOf("setresuid"));
		expect(first).toBeGreaterThan(door.names.indexOf("capset"));
		expect(door.args("capset")[0]?.[0].effective).toBe(kill);
	});

	it("warns of what cannot be granted", () => {
		door.answer("capget", { effective: 0n, permitted: 0n, inheritable: 0n });
		expect(assume().warnings).toEqual(["ignoring capabilities that cannot be granted: [CAP_KILL]"]);
	});

	it("cannot be traced afterwards, whatever fs.suid_dumpable says (CVE-2016-9962)", () => {
		assume();
		const at = door.calls.findIndex(
			({ name, args }) => name === "prctl" && args[0] === PR_SET_DUMPABLE && args[1] === 0,
		);
		expect(at).toBeGreaterThan(door.names.indexOf("setresuid"));
	});

	it("has no capability at all without any configured", () => {
		const { capabilities: _none, ...rest } = process();
		const { confinement } = assumeIdentity({
			process: rest,
			linux: undefined,
			annotations: undefined,
			seccomp: null,
			umask: 0,
			warn: () => {},
		});
		expect(confinement.capabilities).toEqual({ effective: 0n, permitted: 0n, inheritable: 0n });
	});
});

describe("a process that starts nothing", () => {
	it("needs no program", () => {
		door.fail("fstatat", "ENOENT");
		expect(() => assume({ args: ["/none"] })).toThrow("/none");
		expect(assume({ args: ["/none"] }, { startsNothing: true })).toMatchObject({ fd: -1, path: "", note: "" });
	});
});

describe("the working directory", () => {
	it("is entered before the change of user", () => {
		assume();
		expect(order("chdir", "setresuid")).toEqual(["chdir", "setresuid"]);
	});

	it("is tried again as the user when only that may enter", () => {
		let tries = 0;
		door.answer("chdir", () => {
			if (tries++ === 0) throw sysError("chdir", "EACCES", []);
		});
		assume();
		expect(order("chdir", "setresuid")).toEqual(["chdir", "setresuid", "chdir"]);
	});

	it("that nobody can enter is named", () => {
		door.fail("chdir", "EACCES");
		expect(() => assume()).toThrow('chdir to cwd ("/srv") set in config.json failed: permission denied');
	});

	it.each(["(unreachable)/srv", ""])("outside of the container's root is refused (CVE-2024-21626): %j", (cwd) => {
		door.answer("getcwd", cwd);
		expect(() => assume()).toThrow("current working directory is outside of container mount namespace root");
	});

	it("that has no path any more is refused, too", () => {
		door.fail("getcwd", "ENOENT");
		expect(() => assume()).toThrow("current working directory is outside of container mount namespace root");
	});
});

describe("the streams", () => {
	const stream = (more: object) => ({
		dev: 1,
		ino: 1,
		mode: 0o010600,
		nlink: 1,
		uid: 0,
		gid: 77,
		size: 0,
		major: 0,
		minor: 0,
		...more,
	});

	it("get the user for their owner, and keep their group", () => {
		door.answer("fstat", stream({}));
		assume();
		expect(door.args("fchown")).toEqual([0, 1, 2].map((fd) => [fd, 1000, 77]));
	});

	it("of the user already stay as they are", () => {
		door.answer("fstat", stream({ uid: 1000 }));
		assume();
		expect(door.names).not.toContain("fchown");
	});

	it("that are the host's /dev/null keep their owner", () => {
		door.answer("fstat", stream({ mode: 0o020666, major: 1, minor: 3 }));
		assume();
		expect(door.names).not.toContain("fchown");
	});

	it("may belong to somebody else when that cannot be changed", () => {
		door.answer("fstat", stream({}));
		door.fail("fchown", "EPERM");
		expect(() => assume()).not.toThrow();
	});
});

describe("the limits", () => {
	const limit = (type: "RLIMIT_NOFILE" | "RLIMIT_AS", hard: number) => ({ type, soft: 1, hard });

	it("that have to be raised are set while there is the right to; the others are left for the end", () => {
		door.answer("getrlimit", { soft: 100n, hard: 100n });
		const { limits } = assume({ rlimits: [limit("RLIMIT_NOFILE", 50), limit("RLIMIT_AS", 200)] });
		expect(limits).toEqual([limit("RLIMIT_NOFILE", 50)]);
		expect(door.args("setrlimit").map(([, , hard]) => hard)).toEqual([200n]);
		expect(order("setrlimit", "setresuid")).toEqual(["setrlimit", "setresuid"]);
	});
});

describe("the CPU affinity", () => {
	it("is not the caller's", () => {
		assume();
		expect(door.args("sched_setaffinity")).toEqual([[0, null]]);
	});

	it("that exec has set stays", () => {
		assume({}, { hasAffinity: true });
		expect(door.names).not.toContain("sched_setaffinity");
	});
});

describe("the filter", () => {
	const seccomp = { program: new ArrayBuffer(8), flags: 4 };

	it("takes CAP_SYS_ADMIN until it is loaded, unless there are no new privileges", () => {
		const { confinement } = assume({ noNewPrivileges: false }, { seccomp });
		expect(confinement).toMatchObject({ seccomp: seccomp.program, seccompFlags: 4, noNewPrivileges: false });
		expect(confinement.capabilities).toEqual({ effective: kill | admin, permitted: kill | admin, inheritable: 0n });
		expect(assume({ noNewPrivileges: true }, { seccomp }).confinement.capabilities?.permitted).toBe(kill);
		expect(assume({ noNewPrivileges: false }).confinement.capabilities?.permitted).toBe(kill);
	});

	it("has an agent where a rule asks for one", () => {
		const linux: Linux = {
			seccomp: {
				defaultAction: "SCMP_ACT_ALLOW",
				listenerPath: "/agent",
				syscalls: [{ names: ["mkdir"], action: "SCMP_ACT_NOTIFY" }],
			},
		};
		expect(assume({}, { linux, seccomp }).confinement).toMatchObject({
			agent: { path: "/agent" },
			listenerMessage: '{"type":"listener"}',
		});
		expect(assume({}, { seccomp }).confinement).toMatchObject({ agent: null, listenerMessage: "" });
	});
});

describe("execute", () => {
	const run = (more: Partial<Process> = {}, request: Partial<IdentityRequest> = {}, preserved = 0) => {
		const { warnings: _warnings, ...ready } = assume(more, request);
		const before = door.calls.length;
		expect(() => execute(ready, 9, preserved)).toThrow(ProcessEnded);
		return door.calls.slice(before);
	};

	it("becomes the program with its arguments and environment", () => {
		run();
		expect(door.args("final_exec")[0]?.[0]).toMatchObject({
			path: "/bin/program",
			argv: ["/bin/program", "x"],
			envp: ["HOME=/"],
			firstClosedFd: 3,
			errorFd: 9,
		});
	});

	it("sets the limits last", () => {
		door.answer("getrlimit", { soft: 100n, hard: 100n });
		const calls = run({ rlimits: [{ type: "RLIMIT_NOFILE", soft: 0, hard: 0 }] }).map(({ name }) => name);
		expect(calls).toEqual(["signals_reset", "setrlimit", "final_exec"]);
	});

	it("lets signals wait for an init that takes them", () => {
		const { warnings: _warnings, ...ready } = assume();
		expect(() => execute({ ...ready, holdsSignals: true }, 9, 0)).toThrow(ProcessEnded);
		expect(order("signals_reset", "sigprocmask", "final_exec")).toEqual(["signals_reset", "sigprocmask", "final_exec"]);
		const [[, signals] = []] = door.args("sigprocmask");
		expect(signals).toEqual(expect.arrayContaining([1, 15, 17, 31, 34, 64]));
		for (const other of [9, 19, 32, 33]) expect(signals).not.toContain(other);
	});

	it("leaves the preserved descriptors open", () => {
		const calls = run({}, {}, 2);
		expect(calls.filter(({ name }) => name === "dup2").map(({ args }) => args)).toEqual([
			[3, 3],
			[4, 4],
		]);
		expect(door.args("final_exec")[0]?.[0].firstClosedFd).toBe(5);
	});
});
