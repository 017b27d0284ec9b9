import { describe, expect, it } from "vitest";
import type { ProcessSignals } from "../../../../src/linux/process-signals.js";
import { stopConcerns } from "../../../../src/runtime/lifecycle/stop-concerns.js";
import { aProcess } from "../../../support/process-signals.js";

const record = { id: "web", ownPidNamespace: true, cgroup: { version: 2, paths: {}, unifiedMountPoint: "" } } as const;

function concerns(
	process: Partial<ProcessSignals>,
	signal = 15,
	more: Partial<Parameters<typeof stopConcerns>[0]> = {},
): readonly string[] {
	return stopConcerns({ record, process: aProcess(process), signal, time: 10, paused: false, ...more });
}

describe("there is nothing to be concerned about when the first process", () => {
	it.each<[string, Partial<ProcessSignals>]>([
		["has a handler", { caught: 0x4000n }],
		["blocks the signal, as inits do that wait for it", { blocked: 0x4000n }],
		["is no init, and would end by it", { pids: [500] }],
	])("%s", (_what, process) => expect(concerns(process)).toEqual([]));
});

describe("a signal that will be lost", () => {
	it("because an init has no handler is told with what it handles", () => {
		expect(concerns({})).toEqual([
			"its first process (sh) has no handler for SIGTERM, and is the init of its PID namespace: the kernel drops the signal. KILL follows in 10 s; what it does catch: SIGINT, SIGUSR1 (signals web tells more)",
		]);
	});

	it("because it is ignored is told, and that nothing follows when there is no limit", () => {
		expect(concerns({ ignored: 0x4000n, caught: 0n }, 15, { time: null })).toEqual([
			"its first process (sh) ignores SIGTERM. Nothing else will follow",
		]);
	});

	it.each([17, 18, 19])("because signal %i ends nobody is told", (signal) => {
		expect(concerns({ caught: 0n }, signal)).toEqual([expect.stringMatching(/^SIG(CHLD|CONT|STOP) ends nobody\./)]);
	});
});

describe("the container's circumstances", () => {
	it.each([
		[{ paused: true }, /^it is paused/],
		[
			{ record: { ...record, ownPidNamespace: false } },
			/^it has no PID namespace of its own: .* are killed afterwards$/,
		],
		[{ record: { ...record, ownPidNamespace: false, cgroup: null } }, /are not found, as it has no cgroup$/],
	])("%o are told", (more, expected) => {
		expect(concerns({ caught: 0x4000n }, 15, more)).toEqual([expect.stringMatching(expected)]);
	});

	it("a process that is stopped is told", () => {
		expect(concerns({ state: "T", caught: 0x4000n })).toEqual([expect.stringMatching("it gets a SIGCONT as well")]);
	});
});
