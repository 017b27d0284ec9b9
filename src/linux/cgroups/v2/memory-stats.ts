/** Memory in use on cgroup v2 (Documentation/admin-guide/cgroup-v2.rst, "Memory"). */
import type { Uint64 } from "../../../spec/types.js";
import { count, flatKeyed, NO_LIMIT, type ReadControl } from "../flat-file.js";
import type { MemoryEntry, MemoryStats } from "../stats-types.js";

/** Not counted by v2 on its own. */
const none: MemoryEntry = { limit: 0, usage: 0, max: 0, failcnt: 0 };

/** The peaks are known since Linux 5.19 and, of swap, 6.5. */
export function memoryStats(read: ReadControl): MemoryStats {
	const raw = flatKeyed(read("memory.stat"));
	const usage = entry(read, "memory");
	return { cache: raw.file ?? 0, usage, swap: together(usage, read), kernel: none, kernelTCP: none, raw };
}

function entry(read: ReadControl, prefix: string): MemoryEntry {
	return {
		limit: count(read(`${prefix}.max`)),
		usage: count(read(`${prefix}.current`)),
		max: count(read(`${prefix}.peak`)),
		failcnt: 0,
	};
}

/** v2 counts swap apart from memory, the document both together as v1 does. Without swap accounting: nothing. */
function together(memory: MemoryEntry, read: ReadControl): MemoryEntry {
	if (read("memory.swap.current") === null) return none;
	const { limit, usage, max } = entry(read, "memory.swap");
	const unlimited = limit === NO_LIMIT || memory.limit === NO_LIMIT;
	return {
		limit: unlimited ? NO_LIMIT : sum(limit, memory.limit),
		usage: sum(usage, memory.usage),
		// the two peaks may have been at different times
		max,
		failcnt: 0,
	};
}

function sum(one: Uint64, other: Uint64): Uint64 {
	return count(String(BigInt(one) + BigInt(other)));
}
