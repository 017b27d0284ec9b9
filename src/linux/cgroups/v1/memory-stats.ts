/** Memory in use on cgroup v1 (Documentation/admin-guide/cgroup-v1/memory.rst). */
import { count, flatKeyed, type ReadControl } from "../flat-file.js";
import type { MemoryEntry, MemoryStats } from "../stats-types.js";

export function memoryStats(read: ReadControl): MemoryStats {
	const raw = flatKeyed(read("memory.stat"));
	return {
		cache: raw.cache ?? 0,
		usage: entry(read, "memory"),
		swap: entry(read, "memory.memsw"),
		kernel: entry(read, "memory.kmem"),
		kernelTCP: entry(read, "memory.kmem.tcp"),
		raw,
	};
}

function entry(read: ReadControl, prefix: string): MemoryEntry {
	return {
		limit: count(read(`${prefix}.limit_in_bytes`)),
		usage: count(read(`${prefix}.usage_in_bytes`)),
		max: count(read(`${prefix}.max_usage_in_bytes`)),
		failcnt: count(read(`${prefix}.failcnt`)),
	};
}
