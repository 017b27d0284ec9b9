/** What stands in the way of a graceful stop, in sentences; a pure function of what is known before the signal is sent. */
import { type ProcessSignals, signalsIn } from "../../linux/process-signals.js";
import { fateOf } from "../../linux/signal-fate.js";
import { signalName } from "../../linux/signals.js";
import { SIGCHLD, SIGKILL } from "../../sys/constants.js";
import type { ContainerRecord } from "../state/record.js";

interface Circumstances {
	readonly record: Pick<ContainerRecord, "id" | "ownPidNamespace" | "cgroup">;
	/** The container's first. */
	readonly process: ProcessSignals;
	readonly signal: number;
	/** Seconds until KILL; null: never. */
	readonly time: number | null;
	readonly paused: boolean;
}

export function stopConcerns({ record, process, signal, time, paused }: Circumstances): readonly string[] {
	const { ownPidNamespace, cgroup, id } = record;
	const others = cgroup === null ? "are not found, as it has no cgroup" : "are killed afterwards";
	return [
		...(ownPidNamespace ? [] : [`it has no PID namespace of its own: processes that outlive the first one ${others}`]),
		...(paused ? ["it is paused: it is resumed, because nothing that is paused can react"] : []),
		...(process.state === "T" ? [`its first process is stopped (state T): it gets a SIGCONT as well`] : []),
		...deafness(process, signal, ownPidNamespace).map(
			(reason) =>
				`${reason}. ${time === null ? "Nothing else will follow" : `KILL follows in ${time} s`}${advice(process, id)}`,
		),
	];
}

/** Why the signal will not end it; at most one sentence. */
function deafness(process: ProcessSignals, signal: number, ownPidNamespace: boolean): readonly string[] {
	const [who, name] = [`its first process (${process.name})`, signalName(signal)];
	switch (fateOf(process, signal, "host", process.pids.length)) {
		case "dropped":
			return [
				`${who} has no handler for ${name}, and is the init of ${ownPidNamespace ? "its" : "a"} PID namespace: the kernel drops the signal`,
			];
		case "ignored":
			return [`${who} ignores ${name}`];
		case "nothing":
		case "stops":
		case "continues":
			return [`${name} ends nobody`];
		default:
			// a handler, a blocked signal that somebody waits for, and an end are as good as can be foretold
			return [];
	}
}

function advice({ caught }: ProcessSignals, id: string): string {
	const handled = signalsIn(caught).filter((signal) => signal !== SIGCHLD && signal !== SIGKILL);
	if (handled.length === 0) return "";
	return `; what it does catch: ${handled.map(signalName).join(", ")} (signals ${id} tells more)`;
}
