import { beforeEach, describe, expect, it, vi } from "vitest";
import { type Trial, trySignal } from "../../../../src/runtime/experiment/try-signal.js";
import { type ContainerSignals, containerSignals } from "../../../../src/runtime/signals.js";
import { aProcess } from "../../../support/process-signals.js";
import { call } from "../call.js";

vi.mock("../../../../src/runtime/signals.js", () => ({ containerSignals: vi.fn() }));
vi.mock("../../../../src/runtime/experiment/try-signal.js", () => ({ trySignal: vi.fn(), observationTime: 1000 }));

const init = aProcess({ pending: 0x4000n });
const worker = (pid: number) => aProcess({ pid, pids: [pid, pid - 499], name: "worker", caught: 0n, parent: 500 });
const found: ContainerSignals = {
	id: "web",
	status: "running",
	ownPidNamespace: true,
	depth: 2,
	stopSignal: 15,
	complete: true,
	members: [
		{ process: init, role: "init", parent: null },
		{ process: worker(501), role: "child", parent: init },
		{ process: worker(502), role: "child", parent: init },
		{ process: { ...worker(503), name: "old", state: "Z" }, role: "adopted", parent: init },
	],
};

beforeEach(() => {
	vi.resetAllMocks();
	vi.mocked(containerSignals).mockReturnValue(found);
});

describe("signals", () => {
	it("shows a block for each process, and one for several that are alike", async () => {
		expect(
			(await call("signals web TERM INT KILL")).stdout,
		).toBe(`Container web: 4 processes in a PID namespace of its own.

PID 1 inside, 500 here: sh, the init of the namespace
  pending  TERM
  blocked  none
  ignored  none
  caught   INT USR1 CHLD

  SIGNAL   SENT FROM THE HOST          SENT FROM INSIDE
  TERM     dropped                     dropped
  INT      its handler runs (likely)   its handler runs (likely)
  KILL     ends it                     dropped

PID 2, 3 inside, 501, 502 here: worker, a child of 1
  pending  none
  blocked  none
  ignored  none
  caught   none

  SIGNAL          WHOEVER SENDS IT
  TERM INT KILL   ends it

PID 4 inside, 503 here: old, an orphan that 1 has adopted
  a zombie: it has ended, and its parent has not asked how (wait(2)); no signal does anything

dropped: an init gets no signal that it has no handler for, and from inside not
  even KILL and STOP: the kernel throws it away (pid_namespaces(7)).
likely: only the program knows what its handler does. That of node, for one, puts
  the default back and sends the signal again, which then is dropped.
`);
	});

	it("speaks of the signals that people send, and of the container's own", async () => {
		vi.mocked(containerSignals).mockReturnValue({ ...found, stopSignal: 37, members: found.members.slice(1, 2) });
		expect((await call("signals web")).stdout).toMatch(/^ {2}HUP INT QUIT TERM USR1 USR2 KILL RTMIN\+3 {3}ends it$/m);
	});

	it("shows what is awaited, and a row of real-time signals by its ends", async () => {
		const awaited = (1n << 14n) | (((1n << 31n) - 1n) << 33n);
		const member = { process: aProcess({ awaited }), role: "init", parent: null } as const;
		vi.mocked(containerSignals).mockReturnValue({ ...found, members: [member] });
		const { stdout } = await call("signals web TERM");
		expect(stdout).toContain("  awaited  TERM RTMIN … RTMAX\n");
		expect(stdout).toMatch(/^ {2}TERM +it waits for it$/m);
	});

	it.each<[Partial<ContainerSignals>, string]>([
		[{ status: "paused" }, "It is paused: what is sent arrives when it is resumed."],
		[{ status: "created" }, "It has not been started"],
		[{ complete: false }, "It has no cgroup, so only its first process is known."],
		[{ ownPidNamespace: false }, "in a PID namespace that others are in as well."],
	])("tells in words that %o", async (change, words) => {
		vi.mocked(containerSignals).mockReturnValue({ ...found, ...change });
		expect((await call("signals web")).stdout).toContain(words);
	});

	it("is JSON for programs", async () => {
		const { processes } = JSON.parse((await call("signals --json web TERM KILL")).stdout);
		expect(processes[0]).toEqual({
			pid: 500,
			pidInside: 1,
			name: "sh",
			role: "init",
			state: "S",
			threads: 1,
			pending: ["SIGTERM"],
			blocked: [],
			ignored: [],
			caught: ["SIGINT", "SIGUSR1", "SIGCHLD"],
			awaited: [],
			signals: [
				{ signal: "SIGTERM", number: 15, fromHost: "dropped", fromInside: "dropped" },
				{ signal: "SIGKILL", number: 9, fromHost: "ends", fromInside: "dropped" },
			],
		});
		expect(processes[3]).toMatchObject({ state: "Z", role: "adopted", parent: 500, signals: [] });
	});

	it.each(["signals web 0", "signals --try 0 web", "signals web NOSUCH"])("%s is refused", async (line) => {
		expect(await call(line)).toMatchObject({ status: 1, stderr: expect.stringMatching(/signal/) });
	});
});

describe("signals --try", () => {
	const trials: readonly Trial[] = [
		{ from: "host", foretold: "ends", observed: { what: "ended", status: 9 }, agrees: true, settled: true },
		{ from: "inside", foretold: "dropped", observed: { what: "lives" }, agrees: true, settled: true },
	];

	it("sets what happened beside what was foretold", async () => {
		vi.mocked(trySignal).mockReturnValue(trials);
		expect((await call("signals --try KILL web")).stdout).toBe(`SIGKILL, tried on two copies of container web:

  SENT            FORETOLD   WHAT HAPPENED
  from the host   ends it    it ended by SIGKILL     as foretold
  from inside     dropped    it runs on, 1 s later   as foretold
`);
		expect(trySignal).toHaveBeenCalledWith(expect.anything(), "web", 9);
	});

	it("says what could not be foretold, what was foretold wrongly, and when the copy was not like the original", async () => {
		const [host, inside] = trials as readonly [Trial, Trial];
		vi.mocked(trySignal).mockReturnValue([
			{ ...host, foretold: "handler", observed: { what: "ended", status: 0 } },
			{ ...inside, observed: { what: "stopped" }, agrees: false, settled: false },
		]);
		expect((await call("signals --try TERM web")).stdout).toBe(`SIGTERM, tried on two copies of container web:

  SENT            FORETOLD                    WHAT HAPPENED
  from the host   its handler runs (likely)   it ended with exit status 0   only now known
  from inside     dropped                     it stopped (state T)          NOT as foretold

The copy did not come to handle signals as the original does, so it may show less of it.
`);
	});

	it("is JSON for programs", async () => {
		vi.mocked(trySignal).mockReturnValue(trials);
		expect(JSON.parse((await call("signals --try KILL --json web")).stdout)).toEqual({
			id: "web",
			signal: "SIGKILL",
			number: 9,
			trials: [
				{ from: "host", foretold: "ends", observed: "ended", status: 9, agrees: true, settled: true },
				{ from: "inside", foretold: "dropped", observed: "lives", agrees: true, settled: true },
			],
		});
	});

	it("takes no other signals", async () => {
		expect(await call("signals --try KILL web TERM")).toMatchObject({ status: 1 });
		expect(trySignal).not.toHaveBeenCalled();
	});
});
