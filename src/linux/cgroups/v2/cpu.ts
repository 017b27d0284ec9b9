/** `resources.cpu` but for cpuset on cgroup v2 (Documentation/admin-guide/cgroup-v2.rst, "CPU"). */
import type { CpuResources, Uint64 } from "../../../spec/types.js";
import { isSet } from "../numbers.js";
import type { Write } from "../writes.js";
import { refuseOnV2 } from "./refuse.js";

/** Microseconds, 0 unset. @throws config-unsupported for real-time limits. */
export function cpuWrites(cpu: CpuResources): readonly Write[] {
	if (isSet(cpu.realtimeRuntime)) refuseOnV2("cpu.realtimeRuntime", "leave it out: v2 has no real-time limits");
	if (isSet(cpu.realtimePeriod)) refuseOnV2("cpu.realtimePeriod", "leave it out: v2 has no real-time limits");
	return [
		// an idle cgroup has no weight: the kernel refuses one
		...(isSet(cpu.shares) && cpu.idle !== 1 ? [{ file: "cpu.weight", value: `${cpuWeight(cpu.shares)}` }] : []),
		...bandwidth(cpu),
		...orDefault("cpu.max.burst", cpu.burst),
		...orDefault("cpu.idle", cpu.idle),
	];
}

/**
 * cpu.shares (2 to 262144, 1024 by default) as cpu.weight (1 to 10000, 100 by default): in the logarithms, the
 * quadratic function through the three pairs of minimum, default and maximum. A line through two of them, as
 * was used for years, makes 1024 a weight of 39.
 */
export function cpuWeight(shares: Uint64): number {
	if (shares <= 2) return 1;
	if (shares >= 262144) return 10000;
	const log = Math.log2(Number(shares));
	return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
}

/** cpu.max holds both; writing a quota alone keeps the period, and a period alone needs the quota that is there. */
function bandwidth({ quota, period }: CpuResources): readonly Write[] {
	const file = "cpu.max";
	if (!isSet(quota)) {
		return isSet(period) ? [{ file, value: (current) => `${current.split(" ")[0]} ${period}` }] : [];
	}
	const time = quota < 0 ? "max" : `${quota}`;
	return [{ file, value: isSet(period) ? `${time} ${period}` : time }];
}

/** 0 is the default, so a kernel without the file (before 5.14) has it already. */
function orDefault(file: string, value: CpuResources["idle"]): readonly Write[] {
	if (value === undefined) return [];
	return [{ file, value: `${value}`, ...(value === 0 && { otherwise: "nothing" as const }) }];
}
