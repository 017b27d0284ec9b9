/** `stats`: what a container uses, from two looks at the counters of its cgroup. */
import { oomKills } from "../linux/cgroups/oom.js";
import { readStats } from "../linux/cgroups/stats.js";
import type { BlkioStats, CgroupStats, Pressure } from "../linux/cgroups/stats-types.js";
import type { Uint64 } from "../spec/types.js";
import { CLOCK_MONOTONIC } from "../sys/constants.js";
import { sys } from "../sys/index.js";
import type { Host } from "./host.js";
import { ownCgroup } from "./own-cgroup.js";
import { completeContainer, type Status } from "./status.js";

/** One look. */
export interface Sample {
	readonly id: string;
	readonly status: Status;
	/** Nanoseconds of a clock that only goes on. */
	readonly at: number;
	readonly stats: CgroupStats;
	readonly oomKills: number;
}

/** Sizes in bytes, rates in bytes per second, percentages of one CPU, of the limit, of time; null: there is none. */
export interface Usage {
	readonly id: string;
	readonly status: Status;
	readonly cpu: {
		readonly percent: number;
		/** All of it, in nanoseconds. */
		readonly time: number;
		/** The part of the interval that threads were kept waiting by the quota; of several at once their sum. */
		readonly throttledPercent: number;
		readonly throttledPeriods: number;
		readonly periods: number;
	};
	readonly memory: {
		readonly usage: number;
		/** Without file pages that were not used lately, which the kernel gives up first. */
		readonly workingSet: number;
		readonly limit: number | null;
		readonly percent: number | null;
		readonly oomKills: number;
	};
	readonly pids: { readonly current: number; readonly limit: number | null };
	readonly io: {
		readonly readBytes: number;
		readonly writeBytes: number;
		readonly readRate: number;
		readonly writeRate: number;
	};
	/** The share of the last ten seconds in which some thread had to wait. null: the kernel does not tell. */
	readonly pressure: { readonly cpu: number | null; readonly memory: number | null; readonly io: number | null };
}

/** null when it has stopped. @throws container-missing; config-unsupported for one without a cgroup. */
export function takeSample(host: Host, id: string): Sample | null {
	const { record, status } = completeContainer(host, id);
	if (status === "stopped") return null;
	const cgroup = ownCgroup(record, "nothing is known of its use").record;
	const stats = readStats(cgroup);
	return { id, status, at: Number(sys.clock_gettime(CLOCK_MONOTONIC)), stats, oomKills: oomKills(cgroup) };
}

/** Of the time between two samples of one container. */
export function usageBetween(before: Sample, after: Sample): Usage {
	const { id, status, stats, oomKills: kills } = after;
	const elapsed = Math.max(1, after.at - before.at);
	const since = (counter: (stats: CgroupStats) => Uint64) => {
		return Math.max(0, Number(counter(stats)) - Number(counter(before.stats)));
	};
	const percentOfTime = (counter: (stats: CgroupStats) => Uint64) => round((100 * since(counter)) / elapsed);
	const rate = (op: string) => Math.round((1e9 * since(({ blkio }) => bytesOf(blkio, op))) / elapsed);
	const { cpu, memory, pids, blkio } = stats;
	return {
		id,
		status,
		cpu: {
			percent: percentOfTime((one) => one.cpu.usage.total),
			time: Number(cpu.usage.total),
			throttledPercent: percentOfTime((one) => one.cpu.throttling.throttledTime),
			throttledPeriods: Number(cpu.throttling.throttledPeriods),
			periods: Number(cpu.throttling.periods),
		},
		memory: { ...memoryUsage(memory), oomKills: kills },
		pids: { current: Number(pids.current), limit: Number(pids.limit) || null },
		io: {
			readBytes: bytesOf(blkio, "Read"),
			writeBytes: bytesOf(blkio, "Write"),
			readRate: rate("Read"),
			writeRate: rate("Write"),
		},
		pressure: { cpu: someOf(cpu.psi), memory: someOf(memory.psi), io: someOf(blkio.psi) },
	};
}

/** Larger limits are none: v1 has its largest page-aligned number there, v2 what stands for "max". */
const largestLimit = 2 ** 60;

function memoryUsage({ usage: { usage, limit }, raw }: CgroupStats["memory"]) {
	const inUse = Number(usage);
	const workingSet = Math.max(0, inUse - Number(raw.total_inactive_file ?? raw.inactive_file ?? 0));
	const bound = limit > 0 && limit < largestLimit ? Number(limit) : null;
	return { usage: inUse, workingSet, limit: bound, percent: bound && round((100 * workingSet) / bound) };
}

function bytesOf({ ioServiceBytesRecursive = [] }: BlkioStats, op: string): number {
	return ioServiceBytesRecursive.reduce((sum, entry) => sum + (entry.op === op ? Number(entry.value) : 0), 0);
}

function someOf(psi: Pressure | undefined): number | null {
	return psi?.some.avg10 ?? null;
}

/** To a hundredth. */
function round(value: number): number {
	return Math.round(100 * value) / 100;
}
