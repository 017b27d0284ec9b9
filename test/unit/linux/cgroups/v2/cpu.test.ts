import { describe, expect, it } from "vitest";
import { cpuWeight, cpuWrites } from "../../../../../src/linux/cgroups/v2/cpu.js";
import type { CpuResources } from "../../../../../src/spec/types.js";

const lines = (cpu: CpuResources, current = "") =>
	cpuWrites(cpu).map(({ file, value }) => `${file}=${typeof value === "string" ? value : value(current)}`);

describe("cpuWeight", () => {
	it.each([
		[1, 1],
		[2, 1],
		[3, 2],
		[102, 17],
		[256, 35],
		[512, 59],
		[1024, 100],
		[2048, 174],
		[10240, 639],
		[262143, 10000],
		[262144, 10000],
		[2n ** 63n, 10000],
	])("of %s shares is %s", (shares, weight) => {
		expect(cpuWeight(shares)).toBe(weight);
	});
});

describe("cpu on v2", () => {
	it("writes every member to its file", () => {
		expect(lines({ shares: 1024, quota: 50000, period: 100000, burst: 10000, idle: 0, cpus: "0" })).toEqual([
			"cpu.weight=100",
			"cpu.max=50000 100000",
			"cpu.max.burst=10000",
			"cpu.idle=0",
		]);
	});

	it("keeps the period when a quota comes alone, and the quota when a period does", () => {
		expect(lines({ quota: 50000 })).toEqual(["cpu.max=50000"]);
		expect(lines({ quota: -1 })).toEqual(["cpu.max=max"]);
		expect(lines({ quota: -1, period: 5000 })).toEqual(["cpu.max=max 5000"]);
		expect(lines({ period: 20000 }, "30000 100000")).toEqual(["cpu.max=30000 20000"]);
	});

	it("takes zeros as unset, but for burst and idle, whose 0 is the default that old kernels have anyway", () => {
		expect(lines({ shares: 0, quota: 0, period: 0, realtimePeriod: 0, realtimeRuntime: 0 })).toEqual([]);
		expect(cpuWrites({ burst: 0, idle: 0 }).map((write) => write.otherwise)).toEqual(["nothing", "nothing"]);
	});

	it("gives an idle cgroup no weight", () => {
		expect(lines({ shares: 1024, idle: 1 })).toEqual(["cpu.idle=1"]);
	});

	it("refuses real-time limits", () => {
		expect(() => cpuWrites({ realtimeRuntime: 1 })).toThrow(
			"linux.resources.cpu.realtimeRuntime cannot be set on cgroup v2",
		);
		expect(() => cpuWrites({ realtimePeriod: 1 })).toThrow(
			"linux.resources.cpu.realtimePeriod cannot be set on cgroup v2",
		);
	});
});
