/** CPU time on cgroup v1: cpuacct.* and cpu.stat (Documentation/admin-guide/cgroup-v1/cpuacct.rst). */
import { count, flatKeyed, type ReadControl } from "../flat-file.js";
import type { CpuStats } from "../stats-types.js";

/** cpuacct.stat counts in USER_HZ, 100 a second on every architecture that we have. */
const tick = 10_000_000;

export function cpuStats(cpu: ReadControl, cpuacct: ReadControl): CpuStats {
	const modes = flatKeyed(cpuacct("cpuacct.stat"));
	const stat = flatKeyed(cpu("cpu.stat"));
	const [, ...table] = (cpuacct("cpuacct.usage_all") ?? "").trim().split("\n");
	const column = (index: number) => table.map((line) => count(line.split(" ")[index]));
	return {
		usage: {
			total: count(cpuacct("cpuacct.usage")),
			percpu: words(cpuacct("cpuacct.usage_percpu")).map(count),
			percpu_kernel: column(2),
			percpu_user: column(1),
			kernel: Number(modes.system ?? 0) * tick,
			user: Number(modes.user ?? 0) * tick,
		},
		throttling: {
			periods: stat.nr_periods ?? 0,
			throttledPeriods: stat.nr_throttled ?? 0,
			throttledTime: stat.throttled_time ?? 0,
		},
	};
}

function words(text: string | null): string[] {
	return (text ?? "").split(/\s+/).filter((word) => word !== "");
}
