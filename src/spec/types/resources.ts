/** `linux.resources` of config.json (config-linux.md#control-groups), which is also the input of `update -r`. */
import type { Int64, Uint16, Uint32, Uint64 } from "./scalars.js";

export interface LinuxResources {
	/** Which devices may be used; later entries win. */
	devices?: DeviceRule[];
	/** Memory and swap. */
	memory?: MemoryResources;
	/** CPU time and CPU sets. */
	cpu?: CpuResources;
	/** Bandwidth of block devices. */
	blockIO?: BlockIoResources;
	/** Huge page limits, one per page size. */
	hugepageLimits?: HugepageLimit[];
	/** Marks on outgoing packets. */
	network?: NetworkResources;
	/** Number of tasks. */
	pids?: PidsResources;
	/** Limits by the name of the RDMA device. */
	rdma?: Record<string, RdmaLimit>;
	/** cgroup v2: file name to what is written there. */
	unified?: Record<string, string>;
}

export interface DeviceRule {
	/** True allows, false denies. */
	allow: boolean;
	/** All devices when "a" or absent. */
	type?: DeviceRuleType;
	/** Every major number when absent. */
	major?: Int64;
	/** Every minor number when absent. */
	minor?: Int64;
	/** Made of r (read), w (write) and m (mknod). */
	access?: string;
}

export type DeviceRuleType = "a" | "c" | "b";

/** Bytes; -1 is unlimited. */
export interface MemoryResources {
	/** Hard limit. */
	limit?: Int64;
	/** Soft limit. */
	reservation?: Int64;
	/** Limit of memory plus swap. */
	swap?: Int64;
	/** Limit of kernel memory; the kernel ignores it since 5.16. */
	kernel?: Int64;
	/** Limit of TCP buffers, cgroup v1. */
	kernelTCP?: Int64;
	/** Readiness to swap, 0 to 100. */
	swappiness?: Uint64;
	/** Lets processes wait for memory instead of killing one, cgroup v1. */
	disableOOMKiller?: boolean;
	/** Counts child cgroups in, cgroup v1. */
	useHierarchy?: boolean;
	/** Refuses a new limit that is below the present usage. */
	checkBeforeUpdate?: boolean;
}

/** Times in microseconds. */
export interface CpuResources {
	/** Weight relative to other cgroups, 2 to 262144, 1024 by default. */
	shares?: Uint64;
	/** CPU time in each period; negative is unlimited. */
	quota?: Int64;
	/** Unused time that may be saved up on top of the quota. */
	burst?: Uint64;
	/** Length of a period, 100000 by default. */
	period?: Uint64;
	/** Real-time CPU time in each real-time period. */
	realtimeRuntime?: Int64;
	/** Length of a real-time period. */
	realtimePeriod?: Uint64;
	/** CPU list, "0-3,7". */
	cpus?: string;
	/** Memory node list, "0-3,7". */
	mems?: string;
	/** 1 makes the cgroup idle (SCHED_IDLE), 0 is normal. */
	idle?: Int64;
}

export interface BlockIoResources {
	/** Weight relative to other cgroups, 10 to 1000. */
	weight?: Uint16;
	/** Weight against the cgroup's own children, CFQ only. */
	leafWeight?: Uint16;
	/** Weights per device. */
	weightDevice?: BlockIoWeight[];
	/** Bytes per second read. */
	throttleReadBpsDevice?: BlockIoThrottle[];
	/** Bytes per second written. */
	throttleWriteBpsDevice?: BlockIoThrottle[];
	/** Reads per second. */
	throttleReadIOPSDevice?: BlockIoThrottle[];
	/** Writes per second. */
	throttleWriteIOPSDevice?: BlockIoThrottle[];
}

export interface BlockIoWeight {
	/** Major number of the device. */
	major: Int64;
	/** Minor number of the device. */
	minor: Int64;
	/** Weight on that device. */
	weight?: Uint16;
	/** Weight against the cgroup's own children, CFQ only. */
	leafWeight?: Uint16;
}

export interface BlockIoThrottle {
	/** Major number of the device. */
	major: Int64;
	/** Minor number of the device. */
	minor: Int64;
	/** Bytes or operations per second. */
	rate: Uint64;
}

export interface HugepageLimit {
	/** Number, unit and B: "2MB", "1GB", "64KB" (base 1024). */
	pageSize: string;
	/** Bytes. */
	limit: Uint64;
}

/** cgroup v1. */
export interface NetworkResources {
	/** Class that the container's packets are tagged with (net_cls). */
	classID?: Uint32;
	/** Priority per interface (net_prio). */
	priorities?: InterfacePriority[];
}

export interface InterfacePriority {
	/** Interface. */
	name: string;
	/** Priority of its packets. */
	priority: Uint32;
}

export interface PidsResources {
	/** Number of tasks; -1 is unlimited. */
	limit?: Int64;
}

/** At least one of the two. */
export interface RdmaLimit {
	/** Handles of the device, at most. */
	hcaHandles?: Uint32;
	/** Objects of the device, at most. */
	hcaObjects?: Uint32;
}
