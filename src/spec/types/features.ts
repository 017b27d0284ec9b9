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
	linux?: LinuxFeatures;
	/** Metadata of the runtime itself. */
	annotations?: Record<string, string>;
	/** Annotations of a configuration that change what the runtime does; a final "." makes a prefix. */
	potentiallyUnsafeConfigAnnotations?: string[];
}

export interface LinuxFeatures {
	namespaces?: NamespaceType[];
	/** Capability names, whether or not this kernel has them. */
	capabilities?: string[];
	cgroup?: CgroupFeatures;
	seccomp?: SeccompFeatures;
	apparmor?: Feature;
	selinux?: Feature;
	memoryPolicy?: MemoryPolicyFeatures;
	intelRdt?: IntelRdtFeatures;
	mountExtensions?: MountExtensions;
	/** Moving network devices. */
	netDevices?: Feature;
}

export interface Feature {
	enabled?: boolean;
}

export interface CgroupFeatures {
	v1?: boolean;
	v2?: boolean;
	/** Through the system's systemd. */
	systemd?: boolean;
	/** Through a user's systemd. */
	systemdUser?: boolean;
	rdma?: boolean;
}

export interface SeccompFeatures extends Feature {
	actions?: SeccompAction[];
	operators?: SeccompOperator[];
	archs?: SeccompArch[];
	/** Flags that are recognised. */
	knownFlags?: SeccompFlag[];
	/** Those of them that this build can set. */
	supportedFlags?: SeccompFlag[];
}

export interface MemoryPolicyFeatures {
	modes?: MemoryPolicyMode[];
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
