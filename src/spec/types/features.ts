/** The features document (features.md, features-linux.md). An absent member says nothing, an empty one says none. */
import type { MemoryPolicyFlag, MemoryPolicyMode, NamespaceType } from "./linux.js";
import type { SeccompAction, SeccompArch, SeccompFlag, SeccompOperator } from "./seccomp.js";

export interface Features {
	/** The least `ociVersion` of a configuration that is accepted. */
	ociVersionMin: string;
	/** The greatest `ociVersion` that is accepted, and the version this document complies with. */
	ociVersionMax: string;
	/** Kinds of hooks. */
	hooks?: string[];
	/** Mount options, without those that go to a filesystem as data. */
	mountOptions?: string[];
	/** What only Linux has. */
	linux?: LinuxFeatures;
	/** Metadata of the runtime itself. */
	annotations?: Record<string, string>;
	/** Annotations of a configuration that change what the runtime does; a final "." makes a prefix. */
	potentiallyUnsafeConfigAnnotations?: string[];
}

export interface LinuxFeatures {
	/** Types of namespaces. */
	namespaces?: NamespaceType[];
	/** Capability names, whether or not this kernel has them. */
	capabilities?: string[];
	/** Versions of cgroups and ways to manage them. */
	cgroup?: CgroupFeatures;
	/** What of seccomp profiles is understood. */
	seccomp?: SeccompFeatures;
	/** AppArmor profiles. */
	apparmor?: Feature;
	/** SELinux labels. */
	selinux?: Feature;
	/** NUMA memory policies. */
	memoryPolicy?: MemoryPolicyFeatures;
	/** Intel Resource Director Technology. */
	intelRdt?: IntelRdtFeatures;
	/** What mounts can do beyond their options. */
	mountExtensions?: MountExtensions;
	/** Moving network devices. */
	netDevices?: Feature;
}

export interface Feature {
	/** Whether it is implemented. */
	enabled?: boolean;
}

export interface CgroupFeatures {
	/** cgroup v1. */
	v1?: boolean;
	/** cgroup v2. */
	v2?: boolean;
	/** Through the system's systemd. */
	systemd?: boolean;
	/** Through a user's systemd. */
	systemdUser?: boolean;
	/** The RDMA controller. */
	rdma?: boolean;
}

export interface SeccompFeatures extends Feature {
	/** Names of actions. */
	actions?: SeccompAction[];
	/** Names of comparisons. */
	operators?: SeccompOperator[];
	/** Names of architectures. */
	archs?: SeccompArch[];
	/** Flags that are recognised. */
	knownFlags?: SeccompFlag[];
	/** Those of them that this build can set. */
	supportedFlags?: SeccompFlag[];
}

export interface MemoryPolicyFeatures {
	/** Names of policies. */
	modes?: MemoryPolicyMode[];
	/** Names of flags. */
	flags?: MemoryPolicyFlag[];
}

export interface IntelRdtFeatures extends Feature {
	/** `linux.intelRdt.schemata`. */
	schemata?: boolean;
	/** `linux.intelRdt.enableMonitoring`. */
	monitoring?: boolean;
}

export interface MountExtensions {
	/** `uidMappings` and `gidMappings` of mounts. */
	idmap?: Feature;
}
