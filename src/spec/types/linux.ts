/** `linux` of config.json (config-linux.md). */
import type { IdMapping } from "./config.js";
import type { LinuxResources } from "./resources.js";
import type { Int64, Uint32 } from "./scalars.js";
import type { Seccomp } from "./seccomp.js";

export interface Linux {
	/** New or joined namespaces, each type at most once; a type that is not listed is the runtime's. */
	namespaces?: Namespace[];
	/** What becomes uid_map of a new user namespace. */
	uidMappings?: IdMapping[];
	/** What becomes gid_map of a new user namespace. */
	gidMappings?: IdMapping[];
	/** Offsets of the clocks of a new time namespace. */
	timeOffsets?: TimeOffsets;
	/** Device nodes besides the default ones. */
	devices?: Device[];
	/** Interfaces moved from the host's network namespace, by their name there. */
	netDevices?: Record<string, NetDevice>;
	/** Where the cgroup lies: absolute, relative, or "slice:prefix:name" under systemd. */
	cgroupsPath?: string;
	/** What the cgroup limits and allows. */
	resources?: LinuxResources;
	/** Intel Resource Director Technology: the container's resctrl group. */
	intelRdt?: IntelRdt;
	/** NUMA memory policy of the process. */
	memoryPolicy?: MemoryPolicy;
	/** Kernel parameters, written under /proc/sys in the container. */
	sysctl?: Record<string, string>;
	/** The system call filter. */
	seccomp?: Seccomp;
	/** Propagation of the root mount. */
	rootfsPropagation?: RootfsPropagation;
	/** Paths in the container that cannot be read; absolute. */
	maskedPaths?: string[];
	/** Paths in the container that cannot be written; absolute. */
	readonlyPaths?: string[];
	/** SELinux context of the mounts. */
	mountLabel?: string;
	/** Execution domain, personality(2). */
	personality?: Personality;
}

export interface Namespace {
	/** What is isolated. */
	type: NamespaceType;
	/** The namespace to join, absolute, as the runtime sees it; a new one is made when absent. */
	path?: string;
}

export type NamespaceType = "pid" | "network" | "mount" | "ipc" | "uts" | "user" | "cgroup" | "time";

/** time_namespaces(7). */
export interface TimeOffsets {
	/** CLOCK_MONOTONIC and its relatives. */
	monotonic?: TimeOffset;
	/** CLOCK_BOOTTIME and its relatives. */
	boottime?: TimeOffset;
}

export interface TimeOffset {
	/** Seconds. */
	secs?: Int64;
	/** Nanoseconds, added to the seconds. */
	nanosecs?: Uint32;
}

export interface Device {
	/** Character device (c, u), block device (b) or FIFO (p). */
	type: DeviceType;
	/** Path inside the container. */
	path: string;
	/** Required unless the type is p. */
	major?: Int64;
	/** Required unless the type is p. */
	minor?: Int64;
	/** Permission bits, applied whatever the umask. */
	fileMode?: Uint32;
	/** Owner in the container's user namespace. Default 0. */
	uid?: Uint32;
	/** Group in the container's user namespace. Default 0. */
	gid?: Uint32;
}

export type DeviceType = "c" | "b" | "u" | "p";

export interface NetDevice {
	/** The interface's new name; the host's name is kept when absent. */
	name?: string;
}

export interface IntelRdt {
	/** Class of service: the directory's name in resctrl; "/" is the root. The container's id when absent. */
	closID?: string;
	/** Lines of the group's schemata file, written after the two older members. */
	schemata?: string[];
	/** "L3:0=7f0;1=1f". */
	l3CacheSchema?: string;
	/** "MB:0=20;1=70". */
	memBwSchema?: string;
	/** Makes a monitoring group of the container's own. */
	enableMonitoring?: boolean;
}

/** set_mempolicy(2). */
export interface MemoryPolicy {
	/** Where memory comes from. */
	mode: MemoryPolicyMode;
	/** Node list such as "0-3,7". */
	nodes?: string;
	/** How the nodes are counted. */
	flags?: MemoryPolicyFlag[];
}

export type MemoryPolicyMode =
	| "MPOL_DEFAULT"
	| "MPOL_BIND"
	| "MPOL_INTERLEAVE"
	| "MPOL_WEIGHTED_INTERLEAVE"
	| "MPOL_PREFERRED"
	| "MPOL_PREFERRED_MANY"
	| "MPOL_LOCAL";

export type MemoryPolicyFlag = "MPOL_F_NUMA_BALANCING" | "MPOL_F_RELATIVE_NODES" | "MPOL_F_STATIC_NODES";

/** The specification has the first four; engines also write the recursive forms, which mean the same for the root. */
export type RootfsPropagation =
	| "shared"
	| "slave"
	| "private"
	| "unbindable"
	| "rshared"
	| "rslave"
	| "rprivate"
	| "runbindable";

export interface Personality {
	/** LINUX32 makes uname(2) tell a 32-bit machine. */
	domain: PersonalityDomain;
	/** None is defined so far. */
	flags?: string[];
}

export type PersonalityDomain = "LINUX" | "LINUX32";
