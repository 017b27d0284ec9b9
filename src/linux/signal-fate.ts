/**
 * What will become of a signal, foretold from what /proc tells about its receiver: the kernel's rules of sending
 * (prepare_signal and sig_task_ignored of kernel/signal.c) as a function of the sets. signal(7), pid_namespaces(7).
 */
import { SIGCHLD, SIGCONT, SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH } from "../sys/constants.js";
import { hasSignal, type ProcessSignals, type SignalSets } from "./process-signals.js";

export type Fate =
	/** Its handler runs. What that does, only the program knows: node's puts the default back and sends it again. */
	| "handler"
	/** It has asked for none of these. */
	| "ignored"
	/** The kernel throws it away: the receiver is the init of a pid namespace, and has no handler. */
	| "dropped"
	/** It waits for it, in sigwait(3), as some inits do. */
	| "awaited"
	/** Kept until it is unblocked, or taken by sigwait(3) or signalfd(2), as other inits do. */
	| "held"
	| "ends"
	| "stops"
	| "continues"
	/** Its default is to do nothing. */
	| "nothing";

/** host: from an ancestor pid namespace, as tsrun's is. inside: from the container's own. */
export type Origin = "host" | "inside";

const unstoppable = [SIGKILL, SIGSTOP];
const stopping = [SIGTSTP, SIGTTIN, SIGTTOU];
const harmless = [SIGCHLD, SIGURG, SIGWINCH];

/** The init of a pid namespace below ours. */
function isNamespaceInit({ pids }: Pick<ProcessSignals, "pids">): boolean {
	return pids.length > 1 && pids[pids.length - 1] === 1;
}

/**
 * @param depth how many pid namespaces the container's processes are seen in from here: those that are in more are in one
 *   of their own, whose init is for the container's other processes like one seen from the host
 */
export function fateOf(
	process: SignalSets & Pick<ProcessSignals, "pids">,
	signal: number,
	from: Origin,
	depth: number,
): Fate {
	const isInit = isNamespaceInit(process);
	if (unstoppable.includes(signal)) {
		if (isInit && from === "inside" && process.pids.length <= depth) return "dropped";
		return signal === SIGKILL ? "ends" : "stops";
	}
	if (hasSignal(process.awaited, signal)) return "awaited";
	if (hasSignal(process.blocked, signal)) return signal === SIGCONT ? "continues" : "held";
	if (hasSignal(process.ignored, signal)) return signal === SIGCONT ? "continues" : "ignored";
	if (hasSignal(process.caught, signal)) return "handler";
	if (signal === SIGCONT) return "continues";
	if (harmless.includes(signal)) return "nothing";
	if (isInit) return "dropped";
	return stopping.includes(signal) ? "stops" : "ends";
}

/** A handler may do anything, and so may whoever waits for a signal. */
export function isOpen(fate: Fate): boolean {
	return fate === "handler" || fate === "awaited" || fate === "held";
}
