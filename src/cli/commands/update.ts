/** `update`: new limits for a living container, by flags or as JSON. */
import type { Host } from "../../runtime/host.js";
import { updateContainer } from "../../runtime/lifecycle/update.js";
import { checkIntelRdt, loadResources } from "../../spec/load-resources.js";
import type { IntelRdt, LinuxResources } from "../../spec/types.js";
import { attempt } from "../../sys/errors.js";
import { readFile, readToEnd } from "../../sys/files.js";
import { camelCase } from "../parse-flags.js";
import { invalidValue } from "../usage-error.js";
import type { Flag, Verb } from "../verb.js";

interface Values {
	readonly resources?: string;
	readonly l3CacheSchema?: string;
	readonly memBwSchema?: string;
	readonly [limit: string]: unknown;
}

/** Flag, the member of linux.resources that it sets, and what it is. */
const limits: readonly (readonly [flag: string, member: string, value: "num" | "size" | "list", help: string])[] = [
	["blkio-weight", "blockIO.weight", "num", "block I/O weight, 10 to 1000"],
	["cpu-period", "cpu.period", "num", "length of a CPU period, in microseconds"],
	["cpu-quota", "cpu.quota", "num", "CPU time in a period, in microseconds; -1 is unlimited"],
	["cpu-burst", "cpu.burst", "num", "CPU time that may be saved up on top of the quota, in microseconds"],
	["cpu-share", "cpu.shares", "num", "CPU weight relative to other containers"],
	["cpu-rt-period", "cpu.realtimePeriod", "num", "length of a real-time period, in microseconds"],
	["cpu-rt-runtime", "cpu.realtimeRuntime", "num", "real-time CPU time in a period, in microseconds"],
	["cpuset-cpus", "cpu.cpus", "list", "CPUs to run on, such as 0-3,7"],
	["cpuset-mems", "cpu.mems", "list", "memory nodes to use, such as 0,1"],
	["cpu-idle", "cpu.idle", "num", "1 runs the container only when the CPU is idle"],
	["memory", "memory.limit", "size", "memory limit; -1 is unlimited"],
	["memory-reservation", "memory.reservation", "size", "memory that is left alone as long as possible"],
	["memory-swap", "memory.swap", "size", "limit of memory and swap together; -1 is unlimited"],
	["kernel-memory-tcp", "memory.kernelTCP", "size", "limit of TCP buffers, cgroup v1"],
	["pids-limit", "pids.limit", "num", "number of processes and threads; -1 is unlimited"],
];

const flags: readonly Flag[] = [
	{ name: "resources", short: "r", value: "file", help: 'take all limits from this JSON file, "-" is stdin' },
	...limits.map(([name, , value, help]) => ({
		name,
		value,
		help,
		...(value === "list" ? {} : { parse: parseAmount }),
	})),
	// the kernel ignores it since 5.16, callers still give it
	{ name: "kernel-memory", value: "size", hidden: true, help: "ignored" },
	{ name: "l3-cache-schema", value: "schema", help: 'Intel RDT: share of the L3 caches, such as "L3:0=7f0;1=1f"' },
	{ name: "mem-bw-schema", value: "schema", help: 'Intel RDT: memory bandwidth, such as "MB:0=20;1=70"' },
];

export const verb: Verb<Values> = {
	usage: "[command options] <container-id>",
	description: `Changes limits of a container that is created, running or paused. Limits that
are not given stay as they are, as do those given as 0.`,
	flags,
	operands: { least: 1, most: 1 },
	unit: "changes",
	run(host, [id = ""], values) {
		const changes = values.resources ? readResources(values.resources) : fromFlags(values);
		updateContainer(host, id, changes, shares(host, values));
		return 0;
	},
};

/** "50M" is 50 × 2^20; an amount beyond 2^53 stays exact. */
export function parseAmount(text: string, flag: string): number | bigint {
	const [, digits, unit = ""] = /^(-?\d{1,19})([kmgtp]?)(?:i?b)?$/i.exec(text) ?? [];
	if (digits === undefined)
		throw invalidValue(text, flag, "a number is wanted, for sizes with k, m, g, t or p behind it");
	const amount = BigInt(digits) << BigInt(10 * " kmgtp".indexOf(unit.toLowerCase() || " "));
	return amount >= BigInt(Number.MIN_SAFE_INTEGER) && amount <= BigInt(Number.MAX_SAFE_INTEGER)
		? Number(amount)
		: amount;
}

function fromFlags(values: Values): LinuxResources {
	const resources: Record<string, Record<string, unknown>> = {};
	for (const [flag, member] of limits) {
		const value = values[camelCase(flag)];
		const [controller = "", name = ""] = member.split(".");
		if (value !== undefined) resources[controller] = { ...resources[controller], [name]: value };
	}
	return resources as LinuxResources;
}

/** null when neither is given. */
function shares({ log }: Host, { l3CacheSchema, memBwSchema }: Values): IntelRdt | null {
	if (!l3CacheSchema && !memBwSchema) return null;
	const rdt = { ...(l3CacheSchema ? { l3CacheSchema } : {}), ...(memBwSchema ? { memBwSchema } : {}) };
	for (const { path, message } of checkIntelRdt(rdt, "flags of update")) log.warning(`${path}: ${message}`);
	return rdt;
}

function readResources(path: string): LinuxResources {
	const text = attempt(
		"file-failed",
		`read resources ${JSON.stringify(path)}`,
		() => (path === "-" ? readToEnd(0) : readFile(path)),
		{ object: path },
	);
	return loadResources(text, path === "-" ? "stdin" : path).resources;
}
