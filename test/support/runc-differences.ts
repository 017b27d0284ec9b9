/** Where a setting of linux.resources ends otherwise than with runc 1.1, and why: for the comparison and for docs/cgroups.md. */

export interface Difference {
	readonly why: string;
	/** Those whose values differ, as `controllers:file`. */
	readonly files?: readonly string[];
	/** One of us makes no container with it. */
	readonly refused?: "by runc" | "by us";
}

export type Layout = "v1" | "v2";

const onlyV1 = (what: string): Difference => ({
	why: `${what} cannot be had on v2, and the specification wants an error then; runc leaves it out without a word`,
	refused: "by us",
});

const weight: Difference = {
	why: "shares become a weight by the curve that makes 1024 shares the default weight 100, as younger releases of runc do; 1.1 makes them 39",
	files: [":cpu.weight", ":cpu.weight.nice"],
};

const younger = "runc 1.1 does not know the member yet";

const idle: Readonly<Record<Layout, Difference>> = {
	v1: { why: `${younger}; the kernel shows shares of 3 for an idle cgroup`, files: ["cpu:cpu.idle", "cpu:cpu.shares"] },
	v2: {
		why: `${younger}; the kernel shows a weight of 0 for an idle cgroup`,
		files: [":cpu.idle", ":cpu.weight", ":cpu.weight.nice"],
	},
};

const pidsZero = "0 is a limit since version 1.3 of the specification, for runc 1.1 it is unset";

/** By the names of test/support/resource-settings.ts. */
export const runcDifferences: Readonly<Record<string, Partial<Record<Layout, Difference>>>> = {
	"memory: swappiness 0": { v2: onlyV1("swappiness") },
	"memory: swappiness 100": { v2: onlyV1("swappiness") },
	"memory: the OOM killer switched off": { v2: onlyV1("the OOM killer switched off") },
	"memory: kernelTCP": {
		v1: { why: "runc leaves it out", files: ["memory:memory.kmem.tcp.limit_in_bytes"] },
		v2: onlyV1("a limit of TCP buffers of their own"),
	},
	"cpu: half the usual shares": { v2: weight },
	"cpu: the usual shares": { v2: weight },
	"cpu: CPUs, nodes and a weight": { v2: weight },
	"cpu: quota and burst": {
		v1: { why: younger, files: ["cpu:cpu.cfs_burst_us"] },
		v2: { why: younger, files: [":cpu.max.burst"] },
	},
	"cpu: idle": idle,
	"cpu: idle beside shares": idle,
	"cpu: a real-time share": { v2: onlyV1("a real-time share") },
	"pids: limit 0": { v1: { why: pidsZero, files: ["pids:pids.max"] }, v2: { why: pidsZero, files: [":pids.max"] } },
	"blockIO: a weight for a device": {
		v2: { why: "where no I/O scheduler knows weights, runc leaves those of devices out", refused: "by us" },
	},
	"hugepageLimits: of a size": {
		v1: {
			why: "runc looks for the controller in v1 alone, and a hybrid machine may have it in v2",
			refused: "by runc",
		},
		v2: { why: "reservations are limited as well, as younger releases of runc do", files: [":hugetlb.2MB.rsvd.max"] },
	},
	"network: a class": { v2: onlyV1("a class") },
	"network: a priority": { v2: onlyV1("a priority") },
	"unified: a number of cgroups": {
		v1: { why: "a hybrid machine has a unified half, whose files can be set", refused: "by runc" },
	},
	"update: shares": { v2: weight },
	"update: zeros, which change nothing": { v2: weight },
};
