/** `features`: the features document of the specification (features.md), from the tables by which the code works. */
import { propertyPrefix } from "../../linux/cgroups/systemd/annotations.js";
import { mountOptionNames } from "../../linux/mount-options.js";
import { knownArchitectures } from "../../linux/seccomp/filter.js";
import { actions, flags, operators } from "../../linux/seccomp/names.js";
import { initAnnotations } from "../../runtime/built-in-init/plan.js";
import { configAnnotation } from "../../runtime/lifecycle/criu-options.js";
import { hasCriu } from "../../runtime/process/criu.js";
import { features } from "../../spec/features.js";
import type { SeccompAction, SeccompFlag, SeccompOperator } from "../../spec/types.js";
import { formatJson, printText } from "../output.js";
import type { Verb } from "../verb.js";
import { versionAnnotations } from "../version.js";

/** By which engines know, in runc's words. */
const checkpointAnnotation = "org.opencontainers.runc.checkpoint.enabled";

export const verb: Verb = {
	usage: "",
	description: `Shows as JSON what this runtime can do on any host: versions of the
specification, hooks, mount options, namespaces, capabilities, cgroups and
seccomp.`,
	flags: [],
	operands: { least: 0, most: 0 },
	run(host) {
		const document = features({
			mountOptions: mountOptionNames(),
			seccomp: {
				actions: Object.keys(actions).sort() as SeccompAction[],
				operators: Object.keys(operators).sort() as SeccompOperator[],
				archs: [...knownArchitectures()].sort(),
				knownFlags: Object.keys(flags).sort() as SeccompFlag[],
				supportedFlags: Object.keys(flags).sort() as SeccompFlag[],
			},
			unsafeAnnotations: [propertyPrefix, configAnnotation, ...initAnnotations],
			annotations: { ...versionAnnotations(), ...(hasCriu(host) ? { [checkpointAnnotation]: "true" } : {}) },
		});
		printText(formatJson(document, "    "));
		return 0;
	},
};
