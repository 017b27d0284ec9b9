/** Block I/O done, on cgroup v1 (Documentation/admin-guide/cgroup-v1/blkio-controller.rst). */
import { count, type ReadControl } from "../flat-file.js";
import type { BlkioEntry, BlkioStats } from "../stats-types.js";

/** The document's table and the kernel's. BFQ and CFQ have most only when built for debugging. */
const tables = [
	["ioServiceBytesRecursive", "io_service_bytes"],
	["ioServicedRecursive", "io_serviced"],
	["ioQueueRecursive", "io_queued"],
	["ioServiceTimeRecursive", "io_service_time"],
	["ioWaitTimeRecursive", "io_wait_time"],
	["ioMergedRecursive", "io_merged"],
	["ioTimeRecursive", "time"],
	["sectorsRecursive", "sectors"],
] as const;

/** Who counts, the most informative first: BFQ, CFQ (before Linux 5.0), the throttle with children, and without. */
const counters = [
	["blkio.bfq.", "_recursive"],
	["blkio.", "_recursive"],
	["blkio.throttle.", "_recursive"],
	["blkio.throttle.", ""],
] as const;

/** From the first of them that has counted anything. */
export function blkioStats(read: ReadControl): BlkioStats {
	for (const [prefix, suffix] of counters) {
		const filled = tables.flatMap(([name, file]) => {
			const entries = parseTable(read(`${prefix}${file}${suffix}`));
			return entries.length > 0 ? [[name, entries] as const] : [];
		});
		if (filled.length > 0) return Object.fromEntries(filled);
	}
	return {};
}

/** Lines `8:0 Read 4096` or `8:0 4096`; the sum of all devices, `Total 4096`, is left out. */
function parseTable(text: string | null): readonly BlkioEntry[] {
	return (text ?? "").split("\n").flatMap((line) => {
		const [device = "", ...rest] = line.split(" ");
		const [major, minor] = device.split(":").map(Number);
		const value = rest.at(-1);
		if (major === undefined || minor === undefined || value === undefined) return [];
		return [{ major, minor, op: rest.length > 1 ? (rest[0] ?? "") : "", value: count(value) }];
	});
}
