/** `resources.cpu` but for cpuset on cgroup v1 (Documentation/scheduler/sched-bwc.rst, sched-rt-group.rst). */
import type { CpuResources } from "../../../spec/types.js";
import { TsrunError } from "../../../sys/errors.js";
import { isSet } from "../numbers.js";
import type { Write } from "../writes.js";

/**
 * Microseconds, 0 unset. Quota and period hold each other, and so do the real-time pair and quota and burst: what
 * the kernel refuses at first settles in the second round.
 * @throws config-invalid for shares out of the kernel's range, which it would change without a word.
 */
export function cpuWrites(cpu: CpuResources): readonly Write[] {
	return [
		...shares(cpu),
		...time("cpu.rt_period_us", cpu.realtimePeriod),
		...time("cpu.rt_runtime_us", cpu.realtimeRuntime),
		...time("cpu.cfs_period_us", cpu.period),
		...time("cpu.cfs_quota_us", cpu.quota),
		...orDefault("cpu.cfs_burst_us", cpu.burst),
		...orDefault("cpu.idle", cpu.idle),
	];
}

/** An idle cgroup has no weight: the kernel refuses one. */
function shares({ shares: value, idle }: CpuResources): readonly Write[] {
	if (!isSet(value) || idle === 1) return [];
	if (value < 2) throw outOfRange("minimum", 2);
	if (value > 262144) throw outOfRange("maximum", 262144);
	return [{ file: "cpu.shares", value: `${value}` }];
}

function outOfRange(end: "minimum" | "maximum", bound: number): TsrunError {
	return new TsrunError("config-invalid", `the ${end} allowed cpu-shares is ${bound}`, {
		jsonPath: "$.linux.resources.cpu.shares",
	});
}

function time(file: string, value: CpuResources["quota"]): readonly Write[] {
	return isSet(value) ? [{ file, value: `${value}` }] : [];
}

/** 0 is the default, so a kernel without the file (before 5.14) has it already. */
function orDefault(file: string, value: CpuResources["idle"]): readonly Write[] {
	if (value === undefined) return [];
	return [{ file, value: `${value}`, ...(value === 0 && { otherwise: "nothing" as const }) }];
}
