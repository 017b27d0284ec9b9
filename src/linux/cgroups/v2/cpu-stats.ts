/** CPU time on cgroup v2: cpu.stat, which counts in microseconds (Documentation/admin-guide/cgroup-v2.rst, "CPU"). */
import type { Uint64 } from "../../../spec/types.js";
import { flatKeyed, type ReadControl } from "../flat-file.js";
import type { CpuStats } from "../stats-types.js";

export function cpuStats(read: ReadControl): CpuStats {
	const stat = flatKeyed(read("cpu.stat"));
	return {
		usage: { total: nano(stat.usage_usec), kernel: nano(stat.system_usec), user: nano(stat.user_usec) },
		throttling: {
			periods: stat.nr_periods ?? 0,
			throttledPeriods: stat.nr_throttled ?? 0,
			throttledTime: nano(stat.throttled_usec),
		},
	};
}

/** 2^53 nanoseconds are a hundred days of one CPU. */
function nano(microseconds: Uint64 = 0): Uint64 {
	const exact = BigInt(microseconds) * 1000n;
	return exact <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(exact) : exact;
}
