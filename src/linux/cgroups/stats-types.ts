/**
 * What a cgroup has used, whichever version tells it: the members that `runc events` prints, by the same names and in the
 * same units, so that the document is this without its zeros. Times are nanoseconds, sizes bytes.
 */
import type { Uint64 } from "../../spec/types.js";

export interface CgroupStats {
	readonly cpu: CpuStats;
	readonly cpuset: CpusetStats;
	readonly memory: MemoryStats;
	readonly pids: PidsStats;
	readonly blkio: BlkioStats;
	/** By page size: "2MB". */
	readonly hugetlb: Readonly<Record<string, HugetlbStats>>;
}

export interface CpuStats {
	readonly usage: {
		readonly total: Uint64;
		/** v1 alone counts by CPU. */
		readonly percpu?: readonly Uint64[];
		readonly percpu_kernel?: readonly Uint64[];
		readonly percpu_user?: readonly Uint64[];
		readonly kernel: Uint64;
		readonly user: Uint64;
	};
	readonly throttling: { readonly periods: Uint64; readonly throttledPeriods: Uint64; readonly throttledTime: Uint64 };
	readonly psi?: Pressure;
}

/** v1 alone; v2 has cpus and mems unset and the rest 0, as runc has it. */
export interface CpusetStats {
	readonly cpus: readonly number[];
	readonly cpu_exclusive: Uint64;
	readonly mems: readonly number[];
	readonly mem_hardwall: Uint64;
	readonly mem_exclusive: Uint64;
	readonly memory_migrate: Uint64;
	readonly memory_spread_page: Uint64;
	readonly memory_spread_slab: Uint64;
	readonly memory_pressure: Uint64;
	readonly sched_load_balance: Uint64;
	readonly sched_relax_domain_level: number;
}

export interface MemoryEntry {
	readonly limit: Uint64;
	readonly usage: Uint64;
	readonly max: Uint64;
	readonly failcnt: Uint64;
}

export interface MemoryStats {
	/** Page cache. */
	readonly cache: Uint64;
	readonly usage: MemoryEntry;
	/** Memory and swap together, in both versions. */
	readonly swap: MemoryEntry;
	readonly kernel: MemoryEntry;
	readonly kernelTCP: MemoryEntry;
	/** memory.stat. */
	readonly raw: Readonly<Record<string, Uint64>>;
	readonly psi?: Pressure;
}

/** `limit` 0: none. */
export interface PidsStats {
	readonly current: Uint64;
	readonly limit: Uint64;
}

export interface BlkioEntry {
	readonly major: number;
	readonly minor: number;
	/** "Read", "Write", "Total" …, "" in tables that do not tell them apart. */
	readonly op: string;
	readonly value: Uint64;
}

/** Absent tables are empty. */
export interface BlkioStats {
	readonly ioServiceBytesRecursive?: readonly BlkioEntry[];
	readonly ioServicedRecursive?: readonly BlkioEntry[];
	readonly ioQueueRecursive?: readonly BlkioEntry[];
	readonly ioServiceTimeRecursive?: readonly BlkioEntry[];
	readonly ioWaitTimeRecursive?: readonly BlkioEntry[];
	readonly ioMergedRecursive?: readonly BlkioEntry[];
	readonly ioTimeRecursive?: readonly BlkioEntry[];
	readonly sectorsRecursive?: readonly BlkioEntry[];
	readonly psi?: Pressure;
}

export interface HugetlbStats {
	readonly usage: Uint64;
	readonly max: Uint64;
	readonly failcnt: Uint64;
}

/** Pressure stall information (Documentation/accounting/psi.rst): percent of the last seconds, and all in microseconds. */
export interface Pressure {
	readonly some: PressureLine;
	readonly full: PressureLine;
}

export interface PressureLine {
	readonly avg10: number;
	readonly avg60: number;
	readonly avg300: number;
	readonly total: Uint64;
}
