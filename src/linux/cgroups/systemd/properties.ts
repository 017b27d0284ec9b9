/**
 * `linux.resources` as properties of a unit, so that systemd keeps what it writes again on a daemon-reload. One row for each
 * resource that has an equivalent (systemd.resource-control(5)); the control files are written as well, since not every one
 * has. Pure.
 */
import type { BlockIoThrottle, BlockIoWeight, Int64, LinuxResources } from "../../../spec/types.js";
import type { Property } from "../../systemd/manager.js";
import type { Value } from "../../systemd/wire.js";
import { isSet } from "../numbers.js";
import { cpuWeight } from "../v2/cpu.js";
import { ioWeight } from "../v2/io.js";
import { swapMax } from "../v2/memory.js";

export interface PropertyRow {
	/** "memory.limit", or "unified memory.max" */
	readonly resource: string;
	/** The property by cgroup version. */
	readonly property: { readonly 1?: string; readonly 2?: string };
	/** Its D-Bus type. */
	readonly signature: string;
	/** The release of systemd that brought it, where that is later than 230. */
	readonly since?: number;
	/** How the value comes about where it is another; for the documentation. */
	readonly formula?: string;
	/** undefined when the resource is not set. */
	readonly value: (resources: LinuxResources, version: 1 | 2) => Value | undefined;
}

/** systemd's "infinity". */
const infinity = 0xffff_ffff_ffff_ffffn;

export const propertyRows: readonly PropertyRow[] = [
	{
		resource: "memory.limit",
		property: { 1: "MemoryLimit", 2: "MemoryMax" },
		signature: "t",
		value: ({ memory }) => amount(memory?.limit),
	},
	{
		resource: "memory.reservation",
		property: { 2: "MemoryLow" },
		signature: "t",
		value: ({ memory }) => amount(memory?.reservation),
	},
	{
		resource: "memory.swap",
		property: { 2: "MemorySwapMax" },
		signature: "t",
		formula: "swap - limit",
		value: ({ memory }) => limitOf(memory ? swapMax(memory) : null),
	},
	{
		resource: "cpu.shares",
		property: { 1: "CPUShares", 2: "CPUWeight" },
		signature: "t",
		formula: "v2: the weight of cpu.weight",
		value: ({ cpu }, version) => {
			if (!isSet(cpu?.shares) || (version === 2 && cpu.idle === 1)) return undefined;
			return version === 1 ? cpu.shares : cpuWeight(cpu.shares);
		},
	},
	{
		resource: "cpu.idle",
		property: { 2: "CPUWeight" },
		signature: "t",
		since: 252,
		formula: "1 is the weight 0",
		value: ({ cpu }) => (cpu?.idle === 1 ? 0 : undefined),
	},
	{
		resource: "cpu.period",
		property: { 1: "CPUQuotaPeriodUSec", 2: "CPUQuotaPeriodUSec" },
		signature: "t",
		since: 242,
		value: ({ cpu }) => (isSet(cpu?.period) ? cpu.period : undefined),
	},
	{
		resource: "cpu.quota",
		property: { 1: "CPUQuotaPerSecUSec", 2: "CPUQuotaPerSecUSec" },
		signature: "t",
		formula: "1000000 * quota / period, up to the next 10000 (one per cent)",
		value: ({ cpu }) => (isSet(cpu?.quota) || isSet(cpu?.period) ? quotaPerSecond(cpu?.quota, cpu?.period) : undefined),
	},
	{
		resource: "cpu.cpus",
		property: { 1: "AllowedCPUs", 2: "AllowedCPUs" },
		signature: "ay",
		since: 244,
		formula: "a bit for each number",
		value: ({ cpu }) => (cpu?.cpus ? bits(cpu.cpus) : undefined),
	},
	{
		resource: "cpu.mems",
		property: { 1: "AllowedMemoryNodes", 2: "AllowedMemoryNodes" },
		signature: "ay",
		since: 244,
		formula: "a bit for each number",
		value: ({ cpu }) => (cpu?.mems ? bits(cpu.mems) : undefined),
	},
	{
		resource: "pids.limit",
		property: { 1: "TasksMax", 2: "TasksMax" },
		signature: "t",
		value: ({ pids }) => (pids?.limit === 0 ? 1 : amount(pids?.limit)),
	},
	{
		resource: "blockIO.weight",
		property: { 1: "BlockIOWeight", 2: "IOWeight" },
		signature: "t",
		formula: "v2: the weight of io.weight",
		value: ({ blockIO }, version) => (isSet(blockIO?.weight) ? weightIn(version)(blockIO.weight) : undefined),
	},
	{
		resource: "blockIO.weightDevice",
		property: { 1: "BlockIODeviceWeight", 2: "IODeviceWeight" },
		signature: "a(st)",
		formula: "v2: the weight of io.weight",
		value: ({ blockIO }, version) => deviceWeights(blockIO?.weightDevice, weightIn(version)),
	},
	{
		resource: "blockIO.throttleReadBpsDevice",
		property: { 1: "BlockIOReadBandwidth", 2: "IOReadBandwidthMax" },
		signature: "a(st)",
		value: ({ blockIO }) => rates(blockIO?.throttleReadBpsDevice),
	},
	{
		resource: "blockIO.throttleWriteBpsDevice",
		property: { 1: "BlockIOWriteBandwidth", 2: "IOWriteBandwidthMax" },
		signature: "a(st)",
		value: ({ blockIO }) => rates(blockIO?.throttleWriteBpsDevice),
	},
	{
		resource: "blockIO.throttleReadIOPSDevice",
		property: { 2: "IOReadIOPSMax" },
		signature: "a(st)",
		value: ({ blockIO }) => rates(blockIO?.throttleReadIOPSDevice),
	},
	{
		resource: "blockIO.throttleWriteIOPSDevice",
		property: { 2: "IOWriteIOPSMax" },
		signature: "a(st)",
		value: ({ blockIO }) => rates(blockIO?.throttleWriteIOPSDevice),
	},
	unified("cpu.weight", "CPUWeight", limitOf),
	{ ...unified("cpu.idle", "CPUWeight", (text) => (text === "1" ? 0 : undefined)), since: 252, formula: "1 is 0" },
	{
		...unified("cpu.max", "CPUQuotaPeriodUSec", (text) => limitOf(text.split(" ")[1] ?? null)),
		since: 242,
		formula: "the second number",
	},
	{
		...unified("cpu.max", "CPUQuotaPerSecUSec", (text) => {
			const [quota, period] = text.split(" ").map(limitOf);
			if (quota === undefined) return undefined;
			return quota === infinity ? infinity : quotaPerSecond(quota, period);
		}),
		formula: "as for cpu.quota",
	},
	{ ...unified("cpuset.cpus", "AllowedCPUs", bits), signature: "ay", since: 244, formula: "a bit for each number" },
	{
		...unified("cpuset.mems", "AllowedMemoryNodes", bits),
		signature: "ay",
		since: 244,
		formula: "a bit for each number",
	},
	unified("io.weight", "IOWeight", (text) => limitOf(/^(?:default )?(\d+)$/.exec(text)?.[1] ?? null)),
	unified("memory.high", "MemoryHigh", limitOf),
	unified("memory.low", "MemoryLow", limitOf),
	{ ...unified("memory.min", "MemoryMin", limitOf), since: 240 },
	unified("memory.max", "MemoryMax", limitOf),
	unified("memory.swap.max", "MemorySwapMax", limitOf),
	{ ...unified("memory.zswap.max", "MemoryZSwapMax", limitOf), since: 253 },
	unified("pids.max", "TasksMax", limitOf),
];

/** Of several rows for one property the last one that is set counts, as the last write to a file does. */
export function resourceProperties(resources: LinuxResources, version: 1 | 2, systemd: number): readonly Property[] {
	const found = new Map<string, Property>();
	for (const { property, signature, since = 0, value } of propertyRows) {
		const name = property[version];
		if (name === undefined || since > systemd) continue;
		const given = value(resources, version);
		if (given !== undefined) found.set(name, [name, { signature, value: given }]);
	}
	return [...found.values()];
}

/** A key of `resources.unified`, whose text the kernel would get. */
function unified(key: string, name: string, value: (text: string) => Value | undefined): PropertyRow {
	return {
		resource: `unified ${key}`,
		property: { 2: name },
		signature: "t",
		value: ({ unified: all }) => (all?.[key] === undefined ? undefined : value(all[key].trim())),
	};
}

/** Negative is unlimited, 0 unset. */
function amount(value: Int64 | undefined): bigint | undefined {
	if (!isSet(value)) return undefined;
	return value < 0 ? infinity : BigInt(value);
}

/** What a control file of v2 holds; undefined for what is no number, of which the kernel will speak. */
function limitOf(text: string | null): bigint | undefined {
	if (text === "max") return infinity;
	return text !== null && /^\d+$/.test(text) ? BigInt(text) : undefined;
}

/** systemd keeps whole per cents, so a part of one is rounded up: what is set below the unit must find room in it. */
function quotaPerSecond(quota: Int64 = 0, period: Int64 = 0): bigint {
	if (quota <= 0) return infinity;
	const perSecond = (BigInt(quota) * 1_000_000n) / BigInt(isSet(period) ? period : 100_000);
	return ((perSecond + 9_999n) / 10_000n) * 10_000n;
}

/** "0-2,8" as bytes, the lowest first: 0x07 0x01. undefined for what is no list, of which the kernel will speak. */
export function bits(list: string): readonly number[] | undefined {
	const bytes: number[] = [];
	for (const part of list.trim().split(",")) {
		const [, first, last = first] = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part) ?? [];
		if (first === undefined) return undefined;
		for (let bit = Number(first); bit <= Number(last); bit++) {
			while (bytes.length <= bit >> 3) bytes.push(0);
			bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (1 << (bit & 7));
		}
	}
	return bytes;
}

function weightIn(version: 1 | 2): (weight: number) => number {
	return version === 1 ? (weight) => weight : ioWeight;
}

interface BlockDevice {
	readonly major: Int64;
	readonly minor: Int64;
}

function blockPath({ major, minor }: BlockDevice): string {
	return `/dev/block/${major}:${minor}`;
}

function deviceWeights(devices: readonly BlockIoWeight[] = [], scale: (weight: number) => number): Value | undefined {
	const set = devices.flatMap((device) => (isSet(device.weight) ? [[blockPath(device), scale(device.weight)]] : []));
	return set.length > 0 ? set : undefined;
}

/** 0 is unlimited. */
function rates(devices: readonly BlockIoThrottle[] = []): Value | undefined {
	return devices.length > 0
		? devices.map((device) => [blockPath(device), isSet(device.rate) ? device.rate : infinity])
		: undefined;
}
