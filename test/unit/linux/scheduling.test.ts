import { describe, expect, it } from "vitest";
import {
	allowEveryCpu,
	applyCpuAffinity,
	applyIoPriority,
	applyMemoryPolicy,
	applyPersonality,
	applyScheduler,
	ioPriorityValue,
	memoryPolicyArguments,
	parseNumberList,
	schedulerAttributes,
} from "../../../src/linux/scheduling.js";
import type { MemoryPolicyMode, SchedulerFlag, SchedulerPolicy } from "../../../src/spec/types.js";
import { IOPRIO_WHO_PGRP } from "../../../src/sys/constants.js";
import { TsrunError } from "../../../src/sys/errors.js";
import { door } from "../../support/door.js";

function hintOf(step: () => void): string | undefined {
	try {
		step();
	} catch (error) {
		if (error instanceof TsrunError) return error.details.hint;
	}
	throw new Error("no TsrunError was thrown");
}

describe("the scheduler", () => {
	// the numbers of uapi/linux/sched.h
	const policies: [SchedulerPolicy, number][] = [
		["SCHED_OTHER", 0],
		["SCHED_FIFO", 1],
		["SCHED_RR", 2],
		["SCHED_BATCH", 3],
		["SCHED_ISO", 4],
		["SCHED_IDLE", 5],
		["SCHED_DEADLINE", 6],
	];
	it.each(policies)("policy %s is number %i, with zeros for what is absent", (policy, number) => {
		expect(schedulerAttributes({ policy })).toEqual({
			policy: number,
			flags: 0,
			nice: 0,
			priority: 0,
			runtime: 0,
			deadline: 0,
			period: 0,
		});
	});

	const flags: [SchedulerFlag, number][] = [
		["SCHED_FLAG_RESET_ON_FORK", 0x01],
		["SCHED_FLAG_RECLAIM", 0x02],
		["SCHED_FLAG_DL_OVERRUN", 0x04],
		["SCHED_FLAG_KEEP_POLICY", 0x08],
		["SCHED_FLAG_KEEP_PARAMS", 0x10],
		["SCHED_FLAG_UTIL_CLAMP_MIN", 0x20],
		["SCHED_FLAG_UTIL_CLAMP_MAX", 0x40],
	];
	it.each(flags)("flag %s is %i", (flag, number) => {
		expect(schedulerAttributes({ policy: "SCHED_OTHER", flags: [flag] }).flags).toBe(number);
	});

	it("is set for the calling process with times to the last nanosecond", () => {
		applyScheduler({
			policy: "SCHED_DEADLINE",
			flags: ["SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM"],
			runtime: 10_000_000,
			deadline: 18446744073709551615n,
			period: 1_000_000_000,
			nice: -5,
			priority: 7,
		});
		expect(door.args("sched_setattr")).toEqual([
			[
				0,
				{
					policy: 6,
					flags: 3,
					nice: -5,
					priority: 7,
					runtime: 10_000_000,
					deadline: 18446744073709551615n,
					period: 1_000_000_000,
				},
			],
		]);
	});

	it("that is refused says what it takes", () => {
		door.fail("sched_setattr", "EPERM");
		expect(() => applyScheduler({ policy: "SCHED_FIFO" })).toThrow("set scheduler SCHED_FIFO: operation not permitted");
		expect(hintOf(() => applyScheduler({ policy: "SCHED_FIFO" }))).toMatch("needs CAP_SYS_NICE");
		expect(hintOf(() => applyScheduler({ policy: "SCHED_DEADLINE" }))).toMatch("cannot be used together with cpu.cpus");
	});

	it("that no kernel has says so", () => {
		door.fail("sched_setattr", "EINVAL");
		expect(hintOf(() => applyScheduler({ policy: "SCHED_ISO" }))).toMatch("never implemented");
		expect(hintOf(() => applyScheduler({ policy: "SCHED_RR" }))).toBeUndefined();
	});
});

describe("the I/O priority", () => {
	it("has the class in the upper bits", () => {
		expect(ioPriorityValue({ class: "IOPRIO_CLASS_RT", priority: 0 })).toBe(0x2000);
		expect(ioPriorityValue({ class: "IOPRIO_CLASS_BE", priority: 4 })).toBe(0x4004);
		expect(ioPriorityValue({ class: "IOPRIO_CLASS_IDLE", priority: 7 })).toBe(0x6007);
	});

	it("is set for the whole process group", () => {
		applyIoPriority({ class: "IOPRIO_CLASS_BE", priority: 4 });
		expect(door.args("ioprio_set")).toEqual([[IOPRIO_WHO_PGRP, 0, 0x4004]]);
	});

	it("that is refused is named", () => {
		door.fail("ioprio_set", "EPERM");
		expect(() => applyIoPriority({ class: "IOPRIO_CLASS_RT", priority: 1 })).toThrow(
			"set I/O priority IOPRIO_CLASS_RT 1: operation not permitted",
		);
	});
});

describe("the personality", () => {
	it("is LINUX or LINUX32", () => {
		applyPersonality({ domain: "LINUX" });
		applyPersonality({ domain: "LINUX32" });
		expect(door.args("personality")).toEqual([[0], [8]]);
	});
});

describe("the memory policy", () => {
	const modes: [MemoryPolicyMode, number][] = [
		["MPOL_DEFAULT", 0],
		["MPOL_PREFERRED", 1],
		["MPOL_BIND", 2],
		["MPOL_INTERLEAVE", 3],
		["MPOL_LOCAL", 4],
		["MPOL_PREFERRED_MANY", 5],
		["MPOL_WEIGHTED_INTERLEAVE", 6],
	];
	it.each(modes)("mode %s is number %i", (mode, number) => {
		expect(memoryPolicyArguments({ mode })).toEqual({ mode: number, nodes: [] });
	});

	it("carries its flags in the mode, next to the nodes", () => {
		const flags = ["MPOL_F_STATIC_NODES", "MPOL_F_NUMA_BALANCING"] as const;
		applyMemoryPolicy({ mode: "MPOL_BIND", nodes: "0-1,3", flags: [...flags] });
		applyMemoryPolicy({ mode: "MPOL_INTERLEAVE", nodes: "0", flags: ["MPOL_F_RELATIVE_NODES"] });
		expect(door.args("set_mempolicy")).toEqual([
			[2 | (1 << 15) | (1 << 13), [0, 1, 3]],
			[3 | (1 << 14), [0]],
		]);
	});

	it("that is refused names mode and nodes", () => {
		door.fail("set_mempolicy", "EINVAL");
		expect(() => applyMemoryPolicy({ mode: "MPOL_BIND", nodes: "77" })).toThrow(
			'invalid memory policy MPOL_BIND with nodes "77": invalid argument',
		);
	});
});

describe("lists of numbers", () => {
	it.each([
		["0-3,7", [0, 1, 2, 3, 7]],
		["5", [5]],
		["3,1,1-2", [1, 2, 3]],
		[" 0 , 2-3 ,", [0, 2, 3]],
		["10,9", [9, 10]],
		["", []],
	])("%j is %j", (text, numbers) => {
		expect(parseNumberList(text)).toEqual(numbers);
	});

	it("end where no machine has a CPU any more", () => {
		expect(() => parseNumberList("0-4000000000")).toThrow('"0-4000000000": no machine has a CPU or node 4000000000');
	});

	it("become the CPU affinity of the calling process", () => {
		applyCpuAffinity("0-1");
		expect(door.args("sched_setaffinity")).toEqual([[0, [0, 1]]]);
	});

	it("of CPUs that do not exist are named", () => {
		door.fail("sched_setaffinity", "EINVAL");
		expect(() => applyCpuAffinity("99")).toThrow('set CPU affinity "99": invalid argument');
	});
});

describe("allowEveryCpu", () => {
	it("leaves the choice to the cpuset", () => {
		allowEveryCpu();
		expect(door.args("sched_setaffinity")).toEqual([[0, null]]);
	});

	it("is content when nothing can be set", () => {
		door.fail("sched_setaffinity", "EINVAL");
		expect(allowEveryCpu).not.toThrow();
	});
});
