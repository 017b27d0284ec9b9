/** cpuset.* of cgroup v1 (Documentation/admin-guide/cgroup-v1/cpusets.rst). */
import { parseNumberList } from "../../scheduling.js";
import { count, type ReadControl } from "../flat-file.js";
import type { CpusetStats } from "../stats-types.js";

/** Of a container without that hierarchy: zeros. */
export function cpusetStats(read: ReadControl): CpusetStats {
	const of = (name: string) => count(read(`cpuset.${name}`));
	return {
		cpus: parseNumberList(read("cpuset.cpus") ?? ""),
		cpu_exclusive: of("cpu_exclusive"),
		mems: parseNumberList(read("cpuset.mems") ?? ""),
		mem_hardwall: of("mem_hardwall"),
		mem_exclusive: of("mem_exclusive"),
		memory_migrate: of("memory_migrate"),
		memory_spread_page: of("memory_spread_page"),
		memory_spread_slab: of("memory_spread_slab"),
		memory_pressure: of("memory_pressure"),
		sched_load_balance: of("sched_load_balance"),
		sched_relax_domain_level: Number(of("sched_relax_domain_level")),
	};
}
