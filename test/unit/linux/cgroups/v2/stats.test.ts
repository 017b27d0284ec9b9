import { describe, expect, it } from "vitest";
import { NO_LIMIT } from "../../../../../src/linux/cgroups/flat-file.js";
import { cpuStats } from "../../../../../src/linux/cgroups/v2/cpu-stats.js";
import { hugetlbStats } from "../../../../../src/linux/cgroups/v2/hugetlb-stats.js";
import { ioStats } from "../../../../../src/linux/cgroups/v2/io-stats.js";
import { memoryStats } from "../../../../../src/linux/cgroups/v2/memory-stats.js";
import { nothing, readFrom } from "../read-from.js";

describe("CPU time on v2", () => {
	it("is told in nanoseconds, exactly", () => {
		const text =
			"usage_usec 9007199254740993\nuser_usec 3\nsystem_usec 4\nnr_periods 9\nnr_throttled 2\nthrottled_usec 5\n";
		expect(cpuStats(readFrom({ "cpu.stat": text }))).toEqual({
			usage: { total: 9007199254740993000n, kernel: 4000, user: 3000 },
			throttling: { periods: 9, throttledPeriods: 2, throttledTime: 5000 },
		});
	});

	it("has no throttling without the controller", () => {
		expect(cpuStats(readFrom({ "cpu.stat": "usage_usec 1\n" })).throttling).toEqual({
			periods: 0,
			throttledPeriods: 0,
			throttledTime: 0,
		});
	});
});

describe("memory on v2", () => {
	const memory = { "memory.current": "40\n", "memory.max": "100\n", "memory.stat": "anon 30\nfile 10\n" };

	it("counts swap together with memory, as v1 does", () => {
		const swap = { "memory.swap.current": "5\n", "memory.swap.max": "50\n", "memory.peak": "60\n" };
		expect(memoryStats(readFrom({ ...memory, ...swap }))).toMatchObject({
			cache: 10,
			usage: { limit: 100, usage: 40, max: 60, failcnt: 0 },
			swap: { limit: 150, usage: 45 },
			raw: { anon: 30, file: 10 },
		});
	});

	it("has no limit of both where one has none", () => {
		const swap = { "memory.swap.current": "0\n", "memory.swap.max": "max\n" };
		expect(memoryStats(readFrom({ ...memory, ...swap })).swap.limit).toBe(NO_LIMIT);
		const unlimited = { ...memory, "memory.max": "max\n", "memory.swap.current": "0\n", "memory.swap.max": "9\n" };
		expect(memoryStats(readFrom(unlimited)).swap.limit).toBe(NO_LIMIT);
	});

	it("knows nothing of swap that the kernel does not count", () => {
		expect(memoryStats(readFrom(memory)).swap).toEqual({ limit: 0, usage: 0, max: 0, failcnt: 0 });
	});
});

it("block I/O on v2 is in the tables of v1", () => {
	const text = "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n253:0 \n";
	expect(ioStats(readFrom({ "io.stat": text }))).toEqual({
		ioServiceBytesRecursive: [
			{ major: 8, minor: 0, op: "Read", value: 1 },
			{ major: 8, minor: 0, op: "Write", value: 2 },
		],
		ioServicedRecursive: [
			{ major: 8, minor: 0, op: "Read", value: 3 },
			{ major: 8, minor: 0, op: "Write", value: 4 },
		],
	});
	expect(ioStats(nothing)).toEqual({});
});

it("huge pages on v2 are told by size, with refusals", () => {
	const files = { "hugetlb.2MB.current": "2097152\n", "hugetlb.2MB.events": "max 3\n" };
	expect(hugetlbStats(readFrom(files), "2MB")).toEqual({ usage: 2097152, max: 0, failcnt: 3 });
	expect(hugetlbStats(readFrom(files), "1GB")).toBeNull();
});
