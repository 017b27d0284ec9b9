/**
 * Settings of linux.resources, each a small case that users have: what they become in control files is compared with runc's
 * (test/e2e/cgroup-settings.test.ts), and docs/cgroups.md shows what the code makes of them.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { BlockIoResources, CpuResources, LinuxResources, MemoryResources } from "../../src/spec/types.js";

export interface Setting {
	/** A claim's subject: "memory.limit". */
	readonly name: string;
	readonly resources: LinuxResources;
	/** Then given to `update`. */
	readonly update?: LinuxResources;
}

const MiB = 1 << 20;

/** A block device of this machine; where there is none, a number that the kernel refuses from any runtime. */
function anyDisk(): { readonly major: number; readonly minor: number } {
	const blocks = existsSync("/sys/block") ? readdirSync("/sys/block") : [];
	const disk = blocks.find((name) => /^(?:vd|sd|nvme|ubd|loop)/.test(name));
	const [major = 254, minor = 0] = disk
		? readFileSync(join("/sys/block", disk, "dev"), "utf8")
				.split(":")
				.map(Number)
		: [];
	return { major, minor };
}

const closed = { allow: false, access: "rwm" } as const;
const kmsg = { type: "c", major: 1, minor: 11 } as const;

/** The same for a device of remote direct memory access. */
function anyRdma(): string {
	const devices = existsSync("/sys/class/infiniband") ? readdirSync("/sys/class/infiniband") : [];
	return devices[0] ?? "mlx5_1";
}

export function resourceSettings(disk = anyDisk(), rdma = anyRdma()): readonly Setting[] {
	const settings: Setting[] = [];
	const add = (name: string, resources: LinuxResources, update?: LinuxResources) =>
		settings.push({ name, resources, ...(update && { update }) });
	const memory = (name: string, memory: MemoryResources) => add(`memory: ${name}`, { memory });
	const cpu = (name: string, cpu: CpuResources) => add(`cpu: ${name}`, { cpu });
	const blockIO = (name: string, blockIO: BlockIoResources) => add(`blockIO: ${name}`, { blockIO });
	const unified = (name: string, unified: NonNullable<LinuxResources["unified"]>) =>
		add(`unified: ${name}`, { unified });
	const devices = (name: string, ...devices: NonNullable<LinuxResources["devices"]>) =>
		add(`devices: ${name}`, { devices });

	memory("a limit", { limit: 64 * MiB });
	memory("a limit that is no multiple of a page", { limit: 64 * MiB + 100 });
	memory("no limit", { limit: -1 });
	memory("zeros, which are unset", { limit: 0, swap: 0, reservation: 0 });
	memory("limit and swap", { limit: 64 * MiB, swap: 96 * MiB });
	memory("no swap", { limit: 64 * MiB, swap: 64 * MiB });
	memory("any amount of swap beside a limit", { limit: 64 * MiB, swap: -1 });
	memory("no limit of memory and swap", { limit: -1, swap: -1 });
	memory("a reservation", { reservation: 32 * MiB });
	memory("a reservation without end", { reservation: -1 });
	memory("limit and reservation", { limit: 64 * MiB, reservation: 32 * MiB });
	memory("a limit larger than any machine", { limit: 2 ** 50 });
	memory("swappiness 0", { swappiness: 0 });
	memory("swappiness 100", { swappiness: 100 });
	memory("the OOM killer switched off", { disableOOMKiller: true });
	memory("kernel, which kernels ignore", { kernel: 32 * MiB });
	memory("kernelTCP", { kernelTCP: 16 * MiB });
	memory("useHierarchy", { useHierarchy: true });
	memory("a limit that is checked before", { limit: 64 * MiB, checkBeforeUpdate: true });

	cpu("the fewest shares", { shares: 2 });
	cpu("half the usual shares", { shares: 512 });
	cpu("the usual shares", { shares: 1024 });
	cpu("the most shares", { shares: 262144 });
	cpu("shares 0, which are unset", { shares: 0 });
	cpu("a quota", { quota: 20_000 });
	cpu("quota and period", { quota: 600_000, period: 500_000 });
	cpu("a period alone", { period: 50_000 });
	cpu("no quota", { quota: -1 });
	cpu("no quota beside a period", { quota: -1, period: 50_000 });
	cpu("quota and burst", { quota: 20_000, burst: 10_000 });
	cpu("idle", { idle: 1 });
	cpu("idle beside shares", { idle: 1, shares: 512 });
	cpu("idle 0", { idle: 0 });
	cpu("a real-time share", { realtimePeriod: 500_000, realtimeRuntime: 1000 });
	cpu("a CPU", { cpus: "0" });
	cpu("a memory node", { mems: "0" });
	cpu("CPUs, nodes and a weight", { cpus: "0", mems: "0", shares: 100 });

	add("pids: a limit", { pids: { limit: 20 } });
	add("pids: no limit", { pids: { limit: -1 } });
	add("pids: limit 0", { pids: { limit: 0 } });
	add("pids: a limit of millions", { pids: { limit: 4_000_000 } });

	blockIO("a weight", { weight: 500 });
	blockIO("the least weight", { weight: 10 });
	blockIO("a weight for a device", { weightDevice: [{ ...disk, weight: 300 }] });
	blockIO("bytes read per second", { throttleReadBpsDevice: [{ ...disk, rate: MiB }] });
	blockIO("bytes written per second", { throttleWriteBpsDevice: [{ ...disk, rate: 2 * MiB }] });
	blockIO("operations per second", {
		throttleReadIOPSDevice: [{ ...disk, rate: 300 }],
		throttleWriteIOPSDevice: [{ ...disk, rate: 400 }],
	});
	blockIO("a throttle for a device that is not there", {
		throttleReadBpsDevice: [{ major: 251, minor: 251, rate: MiB }],
	});

	add("hugepageLimits: of a size", { hugepageLimits: [{ pageSize: "2MB", limit: 4 * MiB }] });
	add("hugepageLimits: of a size that no machine has", { hugepageLimits: [{ pageSize: "3MB", limit: 3 * MiB }] });
	add("network: a class", { network: { classID: 0x100001 } });
	add("network: a priority", { network: { priorities: [{ name: "lo", priority: 5 }] } });
	add("rdma: handles and objects", { rdma: { [rdma]: { hcaHandles: 3, hcaObjects: 10_000 } } });

	devices("all closed", closed);
	devices("all open", { allow: true, access: "rwm" });
	devices("one readable", closed, { ...kmsg, allow: true, access: "r" });
	devices(
		"one given and taken back",
		closed,
		{ ...kmsg, allow: true, access: "rw" },
		{ ...kmsg, allow: false, access: "rw" },
	);
	devices("all of a major number", closed, { allow: true, type: "c", major: 10, access: "rw" });
	devices("one closed among all", { allow: true, access: "rwm" }, { ...kmsg, allow: false, access: "w" });

	unified("a number of cgroups", { "cgroup.max.descendants": "7" });
	unified("a soft limit of memory", { "memory.high": String(48 * MiB) });
	unified("a file that wins over a member", { "pids.max": "31" });
	unified("a file that no kernel has", { "memory.nonsense": "1" });

	add("update: a higher memory limit", { memory: { limit: 64 * MiB } }, { memory: { limit: 128 * MiB } });
	const both = { memory: { limit: 64 * MiB, swap: 96 * MiB } };
	add("update: memory and swap raised", both, { memory: { limit: 128 * MiB, swap: 192 * MiB } });
	add("update: memory and swap lowered", both, { memory: { limit: 32 * MiB, swap: 48 * MiB } });
	add("update: memory without limit", both, { memory: { limit: -1, swap: -1 } });
	add("update: no limit of memory, which takes that of swap away", both, { memory: { limit: -1 } });
	add("update: fewer pids", { pids: { limit: 20 } }, { pids: { limit: 10 } });
	add(
		"update: a quota alone, which keeps the period",
		{ cpu: { quota: 20_000, period: 50_000 } },
		{ cpu: { quota: 30_000 } },
	);
	add("update: a quota taken away", { cpu: { quota: 20_000, period: 50_000 } }, { cpu: { quota: -1 } });
	add("update: shares", { cpu: { shares: 512 } }, { cpu: { shares: 2048 } });
	add(
		"update: zeros, which change nothing",
		{ ...both, cpu: { shares: 512 } },
		{
			memory: { limit: 0, swap: 0, reservation: 0 },
			cpu: { shares: 0, quota: 0, period: 0, cpus: "" },
			blockIO: { weight: 0 },
		},
	);
	return settings;
}
