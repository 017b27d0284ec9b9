/**
 * The features document (features.md): what this runtime understands, on any host. Its lists are those by which the
 * code works, so it cannot claim what is not there: some come from the types, the rest from the layers that own them.
 */

import { capabilityNames } from "./capability-names.js";
import { MemoryPolicyFlag, MemoryPolicyMode, NamespaceType } from "./generated/config-shape.js";
import { hookKinds } from "./rules/hooks.js";
import type * as types from "./types.js";

/** What the layers above know. */
export interface FeatureTables {
	/** Mount options that are understood, without those that go to a filesystem as data. */
	readonly mountOptions: readonly string[];
	readonly seccomp: Required<Omit<types.SeccompFeatures, "enabled">>;
	/** Annotations of a configuration that change what the runtime does; a final "." makes a prefix. */
	readonly unsafeAnnotations: readonly string[];
	/** About this build: "org.opencontainers.runc.version" and the like. */
	readonly annotations: Readonly<Record<string, string>>;
}

export function features({ mountOptions, seccomp, unsafeAnnotations, annotations }: FeatureTables): types.Features {
	return {
		ociVersionMin: "1.0.0",
		ociVersionMax: "1.3.0",
		hooks: [...hookKinds],
		mountOptions: [...mountOptions].sort(),
		linux: {
			namespaces: [...NamespaceType.values].sort(),
			capabilities: [...capabilityNames],
			cgroup: { v1: true, v2: true, systemd: true, systemdUser: true, rdma: true },
			seccomp: { enabled: true, ...seccomp },
			apparmor: { enabled: true },
			selinux: { enabled: true },
			memoryPolicy: { modes: [...MemoryPolicyMode.values], flags: [...MemoryPolicyFlag.values] },
			intelRdt: { enabled: true, schemata: true, monitoring: true },
			mountExtensions: { idmap: { enabled: true } },
			netDevices: { enabled: true },
		},
		annotations: { ...annotations },
		potentiallyUnsafeConfigAnnotations: [...unsafeAnnotations],
	};
}
