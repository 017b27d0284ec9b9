/** `pod add`: a container in the namespaces of a pod. */
import { addToPod } from "../../../runtime/pods/add-to-pod.js";
import { type CreateValues, createFlags, createOptions, processFlags } from "../../process-flags.js";
import type { Verb } from "../../verb.js";

export const verb: Verb<CreateValues> = {
	usage: "[command options] <pod> <container-id>",
	description: `Makes the container that a bundle describes and starts its program, like
run --detach, but in the namespaces of the pod, whatever the bundle says of
these. All other commands know it by its id.`,
	flags: [
		createFlags.bundle,
		processFlags.consoleSocket,
		processFlags.pidfdSocket,
		processFlags.pidFile,
		createFlags.init,
		createFlags.noPivot,
		createFlags.noNewKeyring,
		processFlags.preserveFds,
	],
	operands: { least: 2, most: 2 },
	unit: "makes",
	failurePrefix: (program) => `${program} pod add failed`,
	run(host, [pod = "", id = ""], values) {
		addToPod(host, pod, id, createOptions(values));
		return 0;
	},
};
