/** The lines of `events` as runc prints them: most of what is zero or empty is left out, some members always stand. */
import type { BlkioStats, CgroupStats, HugetlbStats, MemoryEntry } from "../linux/cgroups/stats-types.js";
import { exactJson } from "../spec/json.js";

export function oomEvent(id: string): string {
	return `${exactJson({ type: "oom", id })}\n`;
}

/** Intel RDT and the container's interfaces are not looked at. */
export function statsEvent(id: string, { cpu, cpuset, memory, pids, blkio, hugetlb }: CgroupStats): string {
	const { kernel, user, ...counted } = cpu.usage;
	const data = {
		cpu: {
			usage: { ...nonZero(counted), kernel, user },
			throttling: nonZero(cpu.throttling),
			...nonZero({ psi: cpu.psi }),
		},
		cpuset: Object.fromEntries(Object.entries(cpuset).filter(([, value]) => !isEmptyList(value))),
		memory: {
			...nonZero({ cache: memory.cache }),
			usage: memoryEntry(memory.usage),
			swap: memoryEntry(memory.swap),
			kernel: memoryEntry(memory.kernel),
			kernelTCP: memoryEntry(memory.kernelTCP),
			...(Object.keys(memory.raw).length > 0 && { raw: sorted(memory.raw) }),
			...nonZero({ psi: memory.psi }),
		},
		pids: nonZero(pids),
		blkio: blkioTables(blkio),
		hugetlb: Object.fromEntries(Object.entries(hugetlb).map(([size, entry]) => [size, hugetlbEntry(entry)])),
		intel_rdt: {},
		network_interfaces: null,
	};
	return `${exactJson({ type: "stats", id, data })}\n`;
}

function memoryEntry({ limit, usage, max, failcnt }: MemoryEntry) {
	return { limit, ...nonZero({ usage, max }), failcnt };
}

function hugetlbEntry({ usage, max, failcnt }: HugetlbStats) {
	return { ...nonZero({ usage, max }), failcnt };
}

function blkioTables({ psi, ...tables }: BlkioStats) {
	const told = Object.entries(tables).map(([name, entries]) => [name, entries.map((entry) => nonZero({ ...entry }))]);
	return { ...Object.fromEntries(told), ...nonZero({ psi }) };
}

function nonZero(members: object): object {
	const isTold = (value: unknown) => value !== undefined && value !== 0 && value !== "" && !isEmptyList(value);
	return Object.fromEntries(Object.entries(members).filter(([, value]) => isTold(value)));
}

function isEmptyList(value: unknown): boolean {
	return Array.isArray(value) && value.length === 0;
}

/** As Go prints its maps. */
function sorted<T>(members: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
	return Object.fromEntries(Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1)));
}
