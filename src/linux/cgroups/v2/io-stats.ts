/** Block I/O done, on cgroup v2: io.stat (Documentation/admin-guide/cgroup-v2.rst, "IO"), in the tables of v1. */
import { count, nestedKeyed, type ReadControl } from "../flat-file.js";
import type { BlkioEntry, BlkioStats } from "../stats-types.js";

/** Discards have no place there. */
const bytes = [
	["rbytes", "Read"],
	["wbytes", "Write"],
] as const;
const operations = [
	["rios", "Read"],
	["wios", "Write"],
] as const;

export function ioStats(read: ReadControl): BlkioStats {
	const devices = nestedKeyed(read("io.stat"));
	const table = (keys: typeof bytes | typeof operations): readonly BlkioEntry[] =>
		devices.flatMap(([device, values]) => {
			const [major = 0, minor = 0] = device.split(":").map(Number);
			return keys.flatMap(([key, op]) => {
				const value = values.get(key);
				return value === undefined ? [] : [{ major, minor, op, value: count(value) }];
			});
		});
	const ioServiceBytesRecursive = table(bytes);
	if (ioServiceBytesRecursive.length === 0) return {};
	return { ioServiceBytesRecursive, ioServicedRecursive: table(operations) };
}
