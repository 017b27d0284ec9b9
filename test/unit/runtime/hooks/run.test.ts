import { describe, expect, it } from "vitest";
import { type HookSurroundings, runHooks, runHooksTolerantly } from "../../../../src/runtime/hooks/run.js";
import type { Confinement } from "../../../../src/runtime/process/child.js";
import type { Hook, State } from "../../../../src/spec/types.js";
import { SIGKILL } from "../../../../src/sys/constants.js";
import { TsrunError } from "../../../../src/sys/errors.js";
import { door } from "../../../support/door.js";
import { ProcessEnded } from "../../../support/door-answers.js";

const state: State = {
	ociVersion: "1.3.0",
	id: "c",
	status: "creating",
	pid: 7,
	bundle: "/b",
	annotations: { a: "ü" },
};
const surroundings: HookSurroundings = { state, cwd: "/b" };
const unconfined: Confinement = {
	capabilities: null,
	ambient: 0n,
	noNewPrivileges: false,
	seccomp: null,
	seccompFlags: 0,
	agent: null,
	listenerMessage: "",
};
const hook = (more: Partial<Hook> = {}): Hook => ({ path: "/bin/hook", ...more });
const statusIs = (status: number) => door.answer("wait4", { pid: 1001, status });
const exit = (status: number) => status << 8;

function errorOf(...hooks: readonly Hook[]): TsrunError {
	try {
		runHooks("createRuntime", hooks, surroundings);
	} catch (error) {
		if (error instanceof TsrunError) return error;
		throw error;
	}
	throw new Error("nothing was thrown");
}

/** What the hook executes: the recording door goes on as the child. */
function executed(one: Hook, where = surroundings): Readonly<Record<string, unknown>> {
	door.answer("clone3", { pid: 0, pidfd: -1 });
	try {
		runHooks("createRuntime", [one], where);
	} catch (error) {
		if (!(error instanceof ProcessEnded)) throw error;
	}
	return door.args("final_exec")[0]?.[0] as unknown as Record<string, unknown>;
}

describe("a hook", () => {
	it("finds the state on its stdin, from the start", () => {
		door.answer("memfd_create", (name) => (name === "hook-stdin" ? 40 : 41));
		runHooks("createRuntime", [hook()], surroundings);
		expect(door.args("write")).toEqual([[40, JSON.stringify(state)]]);
		expect(door.args("lseek")[0]).toEqual([40, 0, 0]);
	});

	it("executes its path with its arguments and environment, and keeps three descriptors", () => {
		const one = hook({ args: ["name", "x"], env: ["A=1"] });
		expect(executed(one)).toMatchObject({ path: "/bin/hook", argv: ["name", "x"], envp: ["A=1"], firstClosedFd: 3 });
	});

	it("is called by its path, with an empty environment, when it says nothing else", () => {
		expect(executed(hook({ args: [] }))).toMatchObject({ argv: ["/bin/hook"], envp: [] });
	});

	it("leads a session of its own, in the directory it is told", () => {
		executed(hook());
		expect(door.args("chdir")).toEqual([["/b"]]);
		expect(door.names.indexOf("setsid")).toBeLessThan(door.names.indexOf("final_exec"));
	});

	it("is confined as the process that it precedes", () => {
		const confinement = { ...unconfined, noNewPrivileges: true, ambient: 5n };
		expect(executed(hook(), { ...surroundings, confinement })).toMatchObject({ noNewPrivileges: true, ambient: 5n });
	});

	it("leaves nothing open", () => {
		runHooks("createRuntime", [hook()], surroundings);
		const opened = [10, 11, 12, 13, 14];
		expect(
			door
				.args("close")
				.map(([fd]) => fd)
				.sort(),
		).toEqual(opened);
	});
});

describe("a failing hook", () => {
	it("ends the list and is named with kind, place and status", () => {
		statusIs(exit(3));
		const error = errorOf(hook(), hook());
		expect(error.message).toBe("error running createRuntime hook #0: exit status 3");
		expect(error.details).toMatchObject({ stage: "hooks", object: "/bin/hook", jsonPath: "$.hooks.createRuntime[0]" });
		expect(door.args("clone3")).toHaveLength(1);
	});

	it("is told with what it said", () => {
		statusIs(exit(1));
		door.answer("read", " no\nnetwork \n");
		expect(errorOf(hook()).message).toBe('error running createRuntime hook #0: exit status 1, output: "no\\nnetwork"');
	});

	it("is told with the end of what it said when that is long", () => {
		statusIs(exit(1));
		door.answer("lseek", (_fd, offset, whence) => (whence === 2 ? 1_000_000 : offset));
		errorOf(hook());
		expect(door.args("lseek").at(-1)?.[1]).toBe(1_000_000 - 2048);
	});

	it("may have been killed", () => {
		statusIs(9);
		expect(errorOf(hook()).message).toContain("killed by signal 9");
	});

	it("may not have been executed at all", () => {
		statusIs(exit(1));
		door.answer("recvmsg", { data: "execve\tENOENT\tNo such file or directory\t/bin/hook\t", fds: [] });
		expect(errorOf(hook()).message).toBe(
			"error running createRuntime hook #0: exec /bin/hook: no such file or directory",
		);
	});
});

describe("a hook with a timeout", () => {
	const late = () => {
		statusIs(9);
		door.answer("poll", [0]);
		let now = 0n;
		door.answer("clock_gettime", () => {
			now += 1_500_000_000n;
			return now;
		});
	};

	it("is killed with its session when it takes longer", () => {
		late();
		expect(errorOf(hook({ timeout: 2 })).message).toBe("error running createRuntime hook #0: timed out after 2 s");
		expect(door.args("kill")).toEqual([[-1001, SIGKILL]]);
	});

	it("is killed alone when it leads none yet", () => {
		late();
		door.fail("kill", "ESRCH");
		expect(errorOf(hook({ timeout: 2 })).message).toContain("timed out");
		expect(door.args("pidfd_send_signal")).toEqual([[expect.any(Number), SIGKILL]]);
	});

	it("has milliseconds to the kernel", () => {
		runHooks("createRuntime", [hook({ timeout: 3 })], surroundings);
		expect(door.args("poll")[0]?.[1]).toBe(3000);
	});

	it("without one has all the time", () => {
		runHooks("createRuntime", [hook()], surroundings);
		expect(door.args("poll")[0]?.[1]).toBe(-1);
	});
});

describe("hooks that may fail", () => {
	it("all run, and each failure is a warning", () => {
		let ended = 0;
		door.answer("wait4", (pid) => ({ pid, status: exit(ended++ === 1 ? 0 : 7) }));
		const warnings: string[] = [];
		runHooksTolerantly("poststop", [hook(), hook(), hook()], surroundings, (text) => warnings.push(text));
		expect(warnings).toEqual([
			"error running poststop hook #0: exit status 7",
			"error running poststop hook #2: exit status 7",
		]);
	});

	it("may be none", () => {
		runHooksTolerantly("poststop", undefined, surroundings, () => {});
		expect(door.names).toEqual([]);
	});
});

describe("a hook under a filter that has an agent", () => {
	const confinement = { ...unconfined, agent: { path: "/agent", metadata: undefined }, listenerMessage: "m" };

	it("asks the runtime for the agent first, then hands the filter's descriptor on", () => {
		const answers = ['{"type":"agent-ready"}', "m", ""];
		door.answer("recvmsg", () => ({ data: answers.shift() ?? "", fds: answers.length === 1 ? [77] : [] }));
		runHooks("startContainer", [hook()], { ...surroundings, confinement, runtime: 5 });
		expect(door.args("sendmsg")).toEqual([
			[5, '{"type":"agent","path":"/agent"}', []],
			[5, '{"type":"listener"}', [77]],
		]);
		expect(door.args("close")).toContainEqual([77]);
	});

	it("that fails before the filter is loaded is told as any other", () => {
		statusIs(exit(1));
		const answers = ['{"type":"agent-ready"}', "seccomp\tEINVAL\tInvalid argument\t/bin/hook\t"];
		door.answer("recvmsg", () => ({ data: answers.shift() ?? "", fds: [] }));
		const run = () => runHooks("startContainer", [hook()], { ...surroundings, confinement, runtime: 5 });
		expect(run).toThrow("startContainer hook #0: seccomp before exec /bin/hook: invalid argument");
	});
});
