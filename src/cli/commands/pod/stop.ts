/** `pod stop`: the orderly end of a pod. */
import { stopPod } from "../../../runtime/pods/stop-pod.js";
import { forcedStatus, type StopValues, stopFlags, tellStops } from "../../stop-report.js";
import type { Verb } from "../../verb.js";

export const verb: Verb<StopValues> = {
	usage: "[command options] <pod>",
	description: `Stops the containers of a pod as the command stop does, one after the other,
the last one that was added first, and the pod's own at the end. The time and
the signal are for each of them.

The exit status is 0 when all have ended by themselves or had stopped before,
${forcedStatus} when KILL was needed, and 1 when something failed.`,
	flags: stopFlags,
	operands: { least: 1, most: 1 },
	run(host, [name = ""], values) {
		return tellStops(values, true, (options, watcher) => stopPod(host, name, options, watcher));
	},
};
