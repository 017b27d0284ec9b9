/** Settings of `linux.resources` that are properties of a unit as well, on cgroup v2. Each is tried beside runc. */
import { existsSync, readFileSync } from "node:fs";
import type { LinuxResources } from "../../src/spec/types.js";

interface UnitSetting {
	readonly resources: LinuxResources;
	/** File and value. */
	readonly files: Readonly<Record<string, string>>;
	/** Properties of the unit, as systemctl(1) shows them. */
	readonly unit: Readonly<Record<string, string>>;
	/** Properties of the unit that runc 1.1 leaves out, so that systemd knows nothing of those limits. */
	readonly unsetByRunc?: readonly string[];
	/** Where the control files are others with runc 1.1, and why. */
	readonly notRunc?: string;
}

const MiB = 1 << 20;

/** A disk that the kernel can throttle. */
const disk = ["ubda", "vda", "sda"].map((name) => `/sys/block/${name}/dev`).find((file) => existsSync(file));
const device = disk === undefined ? "" : readFileSync(disk, "utf8").trim();
const [major = 0, minor = 0] = device.split(":").map(Number);

export const unitSettings: Readonly<Record<string, UnitSetting>> = {
	"memory.limit": {
		resources: { memory: { limit: 64 * MiB } },
		files: { "memory.max": `${64 * MiB}`, "memory.swap.max": "max", "memory.low": "0" },
		unit: { MemoryMax: `${64 * MiB}` },
	},
	"memory.limit and swap": {
		resources: { memory: { limit: 64 * MiB, swap: 96 * MiB } },
		files: { "memory.max": `${64 * MiB}`, "memory.swap.max": `${32 * MiB}` },
		unit: { MemoryMax: `${64 * MiB}`, MemorySwapMax: `${32 * MiB}` },
	},
	"no swap at all": {
		resources: { memory: { limit: 64 * MiB, swap: 64 * MiB } },
		files: { "memory.swap.max": "0" },
		unit: { MemorySwapMax: "0" },
		unsetByRunc: ["MemorySwapMax"],
	},
	"memory.limit beside unlimited swap": {
		resources: { memory: { limit: 64 * MiB, swap: -1 } },
		files: { "memory.max": `${64 * MiB}`, "memory.swap.max": "max" },
		unit: { MemoryMax: `${64 * MiB}`, MemorySwapMax: "infinity" },
	},
	"memory unlimited": {
		resources: { memory: { limit: -1 } },
		files: { "memory.max": "max", "memory.swap.max": "max" },
		unit: { MemoryMax: "infinity" },
	},
	"memory.reservation": {
		resources: { memory: { reservation: 16 * MiB } },
		files: { "memory.low": `${16 * MiB}`, "memory.max": "max" },
		unit: { MemoryLow: `${16 * MiB}` },
	},
	"cpu.shares, the default": {
		resources: { cpu: { shares: 1024 } },
		files: { "cpu.weight": "100" },
		unit: { CPUWeight: "100" },
		notRunc: "its release uses the line of old, which makes 1024 a weight of 39",
	},
	"cpu.shares, few": {
		resources: { cpu: { shares: 512 } },
		files: { "cpu.weight": "59" },
		unit: { CPUWeight: "59" },
		notRunc: "as above",
	},
	"cpu.shares, the least and the most": {
		resources: { cpu: { shares: 262_144 } },
		files: { "cpu.weight": "10000" },
		unit: { CPUWeight: "10000" },
	},
	"cpu.quota and period": {
		resources: { cpu: { quota: 25_000, period: 50_000 } },
		files: { "cpu.max": "25000 50000" },
		unit: { CPUQuotaPerSecUSec: "500ms", CPUQuotaPeriodUSec: "50ms" },
	},
	"cpu.quota that is no whole per cent": {
		resources: { cpu: { quota: 25_001, period: 100_000 } },
		files: { "cpu.max": "25001 100000" },
		unit: { CPUQuotaPerSecUSec: "260ms" },
	},
	"cpu.quota alone": {
		resources: { cpu: { quota: 20_000 } },
		files: { "cpu.max": "20000 100000" },
		unit: { CPUQuotaPerSecUSec: "200ms" },
	},
	"cpu.period alone": {
		resources: { cpu: { period: 50_000 } },
		files: { "cpu.max": "max 50000" },
		unit: { CPUQuotaPeriodUSec: "50ms", CPUQuotaPerSecUSec: "infinity" },
	},
	"cpu.quota unlimited": {
		resources: { cpu: { quota: -1, period: 50_000 } },
		files: { "cpu.max": "max 50000" },
		unit: { CPUQuotaPerSecUSec: "infinity" },
	},
	"cpu.idle": {
		resources: { cpu: { idle: 1 } },
		files: { "cpu.idle": "1" },
		unit: { CPUWeight: "idle" },
		notRunc: "younger than it",
	},
	"pids.limit": { resources: { pids: { limit: 33 } }, files: { "pids.max": "33" }, unit: { TasksMax: "33" } },
	"pids unlimited": {
		resources: { pids: { limit: -1 } },
		files: { "pids.max": "max" },
		unit: { TasksMax: "infinity" },
	},
	"pids.limit 0": {
		resources: { pids: { limit: 0 } },
		files: { "pids.max": "1" },
		unit: { TasksMax: "1" },
		notRunc: "unset for it; a limit since version 1.3 of the specification",
	},
	"unified memory": {
		resources: {
			unified: {
				"memory.high": `${40 * MiB}`,
				"memory.low": `${4 * MiB}`,
				"memory.min": `${2 * MiB}`,
				"memory.max": `${48 * MiB}`,
				"memory.swap.max": `${8 * MiB}`,
				"memory.oom.group": "1",
			},
		},
		files: {
			"memory.high": `${40 * MiB}`,
			"memory.low": `${4 * MiB}`,
			"memory.min": `${2 * MiB}`,
			"memory.max": `${48 * MiB}`,
			"memory.swap.max": `${8 * MiB}`,
			"memory.oom.group": "1",
		},
		unit: {
			MemoryHigh: `${40 * MiB}`,
			MemoryLow: `${4 * MiB}`,
			MemoryMin: `${2 * MiB}`,
			MemoryMax: `${48 * MiB}`,
			MemorySwapMax: `${8 * MiB}`,
		},
	},
	"unified cpu and pids": {
		resources: { unified: { "cpu.max": "33000 110000", "cpu.weight": "77", "pids.max": "44" } },
		files: { "cpu.max": "33000 110000", "cpu.weight": "77", "pids.max": "44" },
		unit: { CPUQuotaPerSecUSec: "300ms", CPUQuotaPeriodUSec: "110ms", CPUWeight: "77", TasksMax: "44" },
	},
	"unified after the rest": {
		resources: { memory: { limit: 64 * MiB }, pids: { limit: 33 }, unified: { "memory.max": "max", "pids.max": "44" } },
		files: { "memory.max": "max", "pids.max": "44" },
		unit: { MemoryMax: "infinity", TasksMax: "44" },
	},
	...(device !== "" && {
		"blockIO throttles": {
			resources: {
				blockIO: {
					throttleReadBpsDevice: [{ major, minor, rate: MiB }],
					throttleWriteBpsDevice: [{ major, minor, rate: 2 * MiB }],
					throttleReadIOPSDevice: [{ major, minor, rate: 300 }],
					throttleWriteIOPSDevice: [{ major, minor, rate: 400 }],
				},
			},
			files: { "io.max": `${device} rbps=${MiB} wbps=${2 * MiB} riops=300 wiops=400` },
			unit: {
				IOReadBandwidthMax: `/dev/block/${device} ${MiB}`,
				IOWriteBandwidthMax: `/dev/block/${device} ${2 * MiB}`,
				IOReadIOPSMax: `/dev/block/${device} 300`,
				IOWriteIOPSMax: `/dev/block/${device} 400`,
			},
			unsetByRunc: ["IOReadBandwidthMax", "IOWriteBandwidthMax", "IOReadIOPSMax", "IOWriteIOPSMax"],
		},
	}),
};
