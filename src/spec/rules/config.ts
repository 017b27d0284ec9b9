/** Every rule of config.json as a whole, in the order in which they are told; `process` and `linux.resources` have their own. */
import type { Config } from "../types.js";
import * as document from "./document.js";
import { hookPathsAreAbsolute } from "./hooks.js";
import * as linux from "./linux.js";
import * as namespaces from "./namespaces.js";
import type { Rule } from "./rule.js";
import * as seccomp from "./seccomp.js";
import { sysctlsAreTheContainers } from "./sysctl.js";

export const configRules: readonly Rule<Config>[] = [
	document.versionIsSupported,
	document.rootIsNamed,
	document.destinationsAreAbsolute,
	document.bindMountsHaveSources,
	document.mountsHaveTypes,
	document.mountMappingsComeInPairs,
	document.idmapHasMapping,
	document.annotationsHaveNames,
	hookPathsAreAbsolute,
	namespaces.namespacesAreUnique,
	namespaces.namespacePathsAreAbsolute,
	namespaces.namesNeedUtsNamespace,
	namespaces.hiddenPathsNeedMountNamespace,
	namespaces.mappingsNeedUserNamespace,
	namespaces.userNamespaceNeedsMappings,
	namespaces.mappingsFitTheKernel,
	namespaces.timeOffsetsNeedNewTimeNamespace,
	namespaces.clocksAreKnown,
	sysctlsAreTheContainers,
	linux.devicesAreNumbered,
	linux.netDevicesNeedNetworkNamespace,
	linux.netDevicesAreInterfaceNames,
	linux.netDevicesHaveNamesOfTheirOwn,
	linux.hiddenPathsAreAbsolute,
	linux.resctrlLinesAreLines,
	linux.closIdIsOneName,
	linux.memoryPolicyIsConsistent,
	linux.personalityHasNoFlags,
	seccomp.errnosHaveAnAction,
	seccomp.metadataHasAListener,
	seccomp.notifyLeavesTheRuntimeAlone,
	seccomp.notifyHasAListener,
];
