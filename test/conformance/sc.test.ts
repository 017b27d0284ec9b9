/** SC: linux.seccomp: what the program may call, and the agent that decides (config-linux.md#seccomp). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { Seccomp } from "../../src/spec/types.js";
import { listenAsAgent } from "../support/agent.js";
import { test as base, setting } from "../support/conformance.js";
import { repository } from "../support/paths.js";

const withSeccomp = (seccomp: object) => setting(({ linux }) => linux, { seccomp });
const allowBut = (...syscalls: object[]) => ({ defaultAction: "SCMP_ACT_ALLOW", syscalls });
const failing = (more: object = {}) => ({ names: ["mkdir"], action: "SCMP_ACT_ERRNO", errnoRet: 95, ...more });
const SIGSYS = 31;

/** A list of what is allowed. */
const dockers: Seccomp = JSON.parse(readFileSync(join(repository, "bench/docker-default.json"), "utf8")).linux.seccomp;

const test = base
	/** Tries a system call under a profile: "OK" or the errno's name. */
	.extend("attempt", ({ container }) => (seccomp: object, call = "mkdir") => {
		const { stdout } = container.run({ args: ["/probe", "syscall", call], patch: withSeccomp(seccomp) });
		return stdout.trim();
	})
	.extend("x64", ({ skip }) => {
		if (process.arch !== "x64") skip(`this machine is ${process.arch}`);
	});

test("SC-01 defaultAction has to be there and to be an action", ({ refuse, attempt }) => {
	refuse(withSeccomp({ syscalls: [failing()] }));
	refuse(withSeccomp({ defaultAction: "SCMP_ACT_MAGIC" }));
	expect(attempt({ defaultAction: "SCMP_ACT_ALLOW" }, "getpid")).toBe("OK");
	expect(attempt({ defaultAction: "SCMP_ACT_LOG" }, "getpid")).toBe("OK");
});

test("SC-02 defaultErrnoRet is the errno of the default action, EPERM when unset", ({ attempt }) => {
	const { defaultErrnoRet: _, ...list } = dockers;
	expect(attempt({ ...list, defaultErrnoRet: 11 }, "reboot")).toBe("EAGAIN");
	expect(attempt(list, "reboot")).toBe("EPERM");
});

test("SC-03 defaultErrnoRet of an action that takes none is an error", ({ refuse }) => {
	refuse(withSeccomp({ defaultAction: "SCMP_ACT_ALLOW", defaultErrnoRet: 5 }));
});

/** mkdir of 32-bit programs */
const call32 = ["/probe", "syscall32", "39"];

test("SC-04 architectures are those that the filter is for, besides the native one", ({ container, x64: _ }) => {
	const run = (architectures?: string[]) =>
		container.run({
			args: call32,
			patch: withSeccomp({ ...allowBut(failing()), ...(architectures && { architectures }) }),
		});
	expect(run(["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]).stdout).toBe("EOPNOTSUPP\n");
	expect(run()).toMatchObject({ status: 128 + SIGSYS, stdout: "" });
});

test("SC-04 architectures: an unknown one is an error", ({ refuse }) => {
	refuse(withSeccomp({ ...allowBut(failing()), architectures: ["SCMP_ARCH_MAGIC"] }));
});

test.for(["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"])(
	"SC-05 flags: %s",
	(flag, { attempt }) => {
		expect(attempt({ ...allowBut(failing()), flags: [flag] })).toBe("EOPNOTSUPP");
	},
);

test("SC-05 flags: an unknown one is an error", ({ refuse }) => {
	refuse(withSeccomp({ ...allowBut(failing()), flags: ["SECCOMP_FILTER_FLAG_MAGIC"] }));
});

test("SC-11 listenerPath is ignored when nothing is to be notified", ({ attempt, folder }) => {
	expect(attempt({ ...allowBut(failing()), listenerPath: join(folder, "nobody") })).toBe("EOPNOTSUPP");
});

test("SC-14 listenerMetadata without listenerPath is an error", ({ refuse }) => {
	refuse(withSeccomp({ ...allowBut(failing()), listenerMetadata: "x" }));
});

test("SC-15 a rule without names is an error", ({ refuse }) => {
	refuse(withSeccomp(allowBut({ action: "SCMP_ACT_ERRNO" })));
});

test("SC-16 a rule with no name among its names is an error", ({ refuse }) => {
	refuse(withSeccomp(allowBut(failing({ names: [] }))));
});

test("SC-17 names that nobody knows are skipped", ({ attempt }) => {
	expect(attempt(allowBut(failing({ names: ["no_such_call", "mkdir", "call_of_tomorrow"] })))).toBe("EOPNOTSUPP");
});

test.for([
	["SCMP_ACT_KILL", 128 + SIGSYS, ""],
	["SCMP_ACT_KILL_THREAD", 128 + SIGSYS, ""],
	["SCMP_ACT_KILL_PROCESS", 128 + SIGSYS, ""],
	["SCMP_ACT_TRAP", 128 + SIGSYS, ""],
	["SCMP_ACT_ERRNO", 1, "EPERM\n"],
	["SCMP_ACT_LOG", 0, "OK\n"],
	["SCMP_ACT_ALLOW", 0, "OK\n"],
	["SCMP_ACT_TRACE", 1, "ENOSYS\n"],
] as const)("SC-18 the action of a rule: %s", ([action, status, stdout], { container }) => {
	const patch = withSeccomp(allowBut({ names: ["uname"], action }));
	expect(container.run({ args: ["/probe", "syscall", "uname"], patch })).toMatchObject({ status, stdout });
});

test("SC-18 the action of a rule: an unknown one, or none, is an error", ({ refuse }) => {
	refuse(withSeccomp(allowBut({ names: ["uname"], action: "SCMP_ACT_MAGIC" })));
	refuse(withSeccomp(allowBut({ names: ["uname"] })));
});

test("SC-19 errnoRet is the errno of a rule, EPERM when unset", ({ attempt }) => {
	expect(attempt(allowBut(failing({ errnoRet: 28 })))).toBe("ENOSPC");
	expect(attempt(allowBut(failing({ errnoRet: undefined })))).toBe("EPERM");
});

test("SC-20 errnoRet of an action that takes none is an error", ({ refuse }) => {
	refuse(withSeccomp(allowBut(failing({ action: "SCMP_ACT_KILL" }))));
});

test.for(["index", "value", "op"])("SC-21 an argument without %s is an error", (member, { refuse }) => {
	const arg = { index: 0, value: 8, op: "SCMP_CMP_EQ" };
	refuse(withSeccomp(allowBut(failing({ args: [{ ...arg, [member]: undefined }] }))));
});

const large = 0xffff_ffff;

/** Of personality(8) and personality(0xffffffff), which ones the rule means. */
test.for([
	["SCMP_CMP_EQ", 8, undefined, true, false],
	["SCMP_CMP_NE", 8, undefined, false, true],
	["SCMP_CMP_LT", 9, undefined, true, false],
	["SCMP_CMP_LE", 8, undefined, true, false],
	["SCMP_CMP_GT", 8, undefined, false, true],
	["SCMP_CMP_GE", large, undefined, false, true],
	["SCMP_CMP_MASKED_EQ", 0xff00, 0xff00, false, true],
] as const)("SC-22 arguments are compared: %s", ([op, value, valueTwo, first, second], { attempt }) => {
	const profile = allowBut(failing({ names: ["personality"], args: [{ index: 0, op, value, valueTwo }] }));
	expect(attempt(profile, "personality-linux32")).toBe(first ? "EOPNOTSUPP" : "OK");
	expect(attempt(profile, "personality")).toBe(second ? "EOPNOTSUPP" : "OK");
});

test.for([true, false])(
	"SC-23 the filter is in force for the program, and the runtime gets past it: noNewPrivileges %s",
	(noNewPrivileges, { container }) => {
		const names = [
			"getcwd",
			"openat2",
			"mount",
			"chdir",
			"fchdir",
			"prctl",
			"setresuid",
			"capset",
			"close_range",
			"setgroups",
		];
		const { status, stdout, stderr } = container.run({
			args: ["/probe", "syscall", "getcwd"],
			patch: (config) => {
				withSeccomp(allowBut(failing({ names })))(config);
				config.process.noNewPrivileges = noNewPrivileges;
			},
		});
		expect({ status, stdout }, stderr).toEqual({ status: 1, stdout: "EOPNOTSUPP\n" });
	},
);

describe("an agent", () => {
	const asking = (listenerPath: string, more: object = {}) => ({
		...allowBut({ names: ["mkdir"], action: "SCMP_ACT_NOTIFY" }),
		listenerPath,
		...more,
	});
	/** A container whose one call an agent has decided. */
	const decided = test.extend(
		"decided",
		({ runtime, makeBundle, newId, folder, x64: _ }) =>
			async (more: object = {}) => {
				const agent = await listenAsAgent(folder, 1);
				const id = newId();
				const bundle = makeBundle({
					args: ["/probe", "syscall", "mkdir"],
					patch: (config) => {
						withSeccomp(asking(agent.path, more))(config);
						config.annotations = { key: "value" };
					},
				});
				const { stdout, stderr } = runtime("run", "--bundle", bundle, id);
				if (stdout === "") agent.signal("SIGKILL");
				await agent.ended();
				expect(stdout, stderr).toBe("EOPNOTSUPP\n");
				const [told] = agent.told();
				if (told === undefined) throw new Error("the agent was told nothing");
				return { id, bundle, agent, told };
			},
	);

	decided("SC-06 listens on a stream socket", async ({ decided: run }) => {
		expect((await run()).agent.calls()).toHaveLength(1);
	});

	decided("SC-07 is told one state per connection", async ({ decided: run }) => {
		const { agent } = await run();
		expect(agent.told()).toHaveLength(1);
	});

	decided("SC-08 SC-09 sees the connection closed after that, with nothing more on it", async ({ decided: run }) => {
		const { agent } = await run();
		expect(agent.rests()).toEqual([0]);
	});

	test("SC-10 that cannot be reached is an error", ({ container, folder }) => {
		const patch = withSeccomp(asking(join(folder, "nobody")));
		const { status, stdout } = container.run({ args: ["/bin/echo", "ran"], patch });
		expect(status).not.toBe(0);
		expect(stdout).toBe("");
	});

	decided("SC-12 SC-25 SC-26 SC-28 gets the descriptor with the state, as seccompFd", async ({ decided: run }) => {
		const { told } = await run();
		expect(told.fds).toBe(1);
		expect(told.state.fds).toEqual(["seccompFd"]);
	});

	decided("SC-13 SC-30 gets listenerMetadata as metadata", async ({ decided: run }) => {
		const { told } = await run({ listenerMetadata: "meta: data" });
		expect(told.state.metadata).toBe("meta: data");
	});

	decided("SC-24 SC-27 gets the state as JSON, with its version", async ({ decided: run }) => {
		const { told } = await run();
		expect(told.state.ociVersion).toMatch(/^1\.\d+\.\d+/);
	});

	decided("SC-29 gets the pid of the process", async ({ decided: run }) => {
		const { told } = await run();
		expect(told.state.pid).toBeGreaterThan(1);
		expect(told.state.pid).toBe(told.state.state.pid);
	});

	decided("SC-31 gets the container's state", async ({ decided: run }) => {
		const { id, bundle, told } = await run();
		const status = expect.stringMatching(/^creat(ing|ed)$/);
		expect(told.state.state).toMatchObject({ id, bundle, status, annotations: { key: "value" } });
	});
});
