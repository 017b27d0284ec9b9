import { describe, expect, it } from "vitest";
import { cpuWrites } from "../../../../../src/linux/cgroups/v1/cpu.js";
import type { CpuResources } from "../../../../../src/spec/types.js";

const lines = (cpu: CpuResources) => cpuWrites(cpu).map(({ file, value }) => `${file}=${value}`);

describe("cpu on v1", () => {
	it("writes every member to its file", () => {
		const real = { realtimeRuntime: 950000, realtimePeriod: 1000000 };
		expect(lines({ shares: 1024, quota: 50000, period: 100000, burst: 10000, idle: 0, cpus: "0", ...real })).toEqual([
			"cpu.shares=1024",
			"cpu.rt_period_us=1000000",
			"cpu.rt_runtime_us=950000",
			"cpu.cfs_period_us=100000",
			"cpu.cfs_quota_us=50000",
			"cpu.cfs_burst_us=10000",
			"cpu.idle=0",
		]);
	});

	it("takes zeros as unset, but for burst and idle, whose 0 is the default that old kernels have anyway", () => {
		expect(lines({ shares: 0, quota: 0, period: 0, realtimePeriod: 0, realtimeRuntime: 0 })).toEqual([]);
		expect(cpuWrites({ burst: 0, idle: 0 }).map((write) => write.otherwise)).toEqual(["nothing", "nothing"]);
		expect(cpuWrites({ burst: 1, idle: 1 }).map((write) => write.otherwise)).toEqual([undefined, undefined]);
	});

	it("lifts a quota with -1", () => {
		expect(lines({ quota: -1 })).toEqual(["cpu.cfs_quota_us=-1"]);
	});

	it("refuses shares that the kernel would change without a word", () => {
		expect(() => cpuWrites({ shares: 1 })).toThrow("the minimum allowed cpu-shares is 2");
		expect(() => cpuWrites({ shares: 262145 })).toThrow("the maximum allowed cpu-shares is 262144");
		expect(lines({ shares: 2 })).toEqual(["cpu.shares=2"]);
	});

	it("gives an idle cgroup no weight", () => {
		expect(lines({ shares: 1024, idle: 1 })).toEqual(["cpu.idle=1"]);
	});
});
