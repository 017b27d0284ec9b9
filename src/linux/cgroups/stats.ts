/** What a cgroup has used: each controller's files read in the hierarchy that has it. */
import { hasCode } from "../../sys/errors.js";
import { directoryOf, versionOf } from "./apply.js";
import { readControl } from "./control-files.js";
import type { CgroupRecord } from "./driver.js";
import type { ReadControl } from "./flat-file.js";
import { listPageSizes } from "./hugepage-size.js";
import { pidsStats } from "./pids-stats.js";
import { readPressure } from "./pressure.js";
import type { CgroupStats, HugetlbStats } from "./stats-types.js";
import { blkioStats } from "./v1/blkio-stats.js";
import { cpuStats as cpuStatsV1 } from "./v1/cpu-stats.js";
import { cpusetStats } from "./v1/cpuset-stats.js";
import { hugetlbStats as hugetlbStatsV1 } from "./v1/hugetlb-stats.js";
import { memoryStats as memoryStatsV1 } from "./v1/memory-stats.js";
import { cpuStats as cpuStatsV2 } from "./v2/cpu-stats.js";
import { hugetlbStats as hugetlbStatsV2 } from "./v2/hugetlb-stats.js";
import { ioStats } from "./v2/io-stats.js";
import { memoryStats as memoryStatsV2 } from "./v2/memory-stats.js";

/** Zeros for what is not counted, and for a cgroup that is gone. */
export function readStats(record: CgroupRecord): CgroupStats {
	const reader = (controller: string) => readerOf(directoryOf(record, controller));
	const isV1 = (controller: string) => versionOf(record, controller) === 1;
	const cpu = reader("cpu");
	return {
		cpu: { ...(isV1("cpu") ? cpuStatsV1(cpu, reader("cpuacct")) : cpuStatsV2(cpu)), ...pressure(record, "cpu") },
		cpuset: cpusetStats(isV1("cpuset") ? reader("cpuset") : () => null),
		memory: {
			...(isV1("memory") ? memoryStatsV1 : memoryStatsV2)(reader("memory")),
			...pressure(record, "memory"),
		},
		pids: pidsStats(reader("pids")),
		blkio: { ...(isV1("blkio") ? blkioStats : ioStats)(reader("blkio")), ...pressure(record, "io") },
		hugetlb: hugetlb(reader("hugetlb"), isV1("hugetlb") ? hugetlbStatsV1 : hugetlbStatsV2),
	};
}

/** The unified hierarchy tells it also where the controller is in v1. */
function pressure(record: CgroupRecord, resource: "cpu" | "memory" | "io") {
	const psi = readPressure(readerOf(record.paths[""]), resource);
	return psi && { psi };
}

function hugetlb(
	read: ReadControl,
	statsOf: (read: ReadControl, pageSize: string) => HugetlbStats | null,
): CgroupStats["hugetlb"] {
	const sizes = listPageSizes().flatMap((size) => {
		const stats = statsOf(read, size);
		return stats === null ? [] : [[size, stats] as const];
	});
	return Object.fromEntries(sizes);
}

function readerOf(directory: string | undefined): ReadControl {
	return (file) => (directory === undefined ? null : readIfTold(directory, file));
}

function readIfTold(directory: string, file: string): string | null {
	try {
		return readControl(directory, file);
	} catch (error) {
		// no such file, the cgroup is gone, or pressure is switched off (cgroup.pressure, psi=0)
		if (hasCode(error, "ENOENT", "ENODEV", "EOPNOTSUPP")) return null;
		throw error;
	}
}
