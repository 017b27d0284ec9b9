/** `stop`: the graceful end of containers, and what came of it. */
import { stopContainers } from "../../runtime/lifecycle/stop.js";
import { forcedStatus, type StopValues, stopFlags, tellStops } from "../stop-report.js";
import type { Verb } from "../verb.js";

export const verb: Verb<StopValues> = {
	usage: "[command options] <container-id> [container-id...]",
	description: `Asks the first process of each container to end, waits until it has, and
kills what has not ended in time. The signal is the one of --signal, else of
the annotation org.opencontainers.image.stopSignal, else TERM. When it is
known that the signal will be lost, that is told before the waiting begins.
One line tells for each container what happened and how long it took.

The exit status is 0 when all have ended by themselves or had stopped before,
${forcedStatus} when KILL was needed, and 1 when something failed.`,
	flags: stopFlags,
	operands: { least: 1, most: Number.POSITIVE_INFINITY },
	run(host, ids, values) {
		return tellStops(values, ids.length > 1, (options, watcher) => stopContainers(host, ids, options, watcher));
	},
};
