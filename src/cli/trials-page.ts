/** What `signals --try` shows: the experiment's outcome beside what was foretold. */
import { type Fate, isOpen } from "../linux/signal-fate.js";
import { signalName } from "../linux/signals.js";
import { describeWaitStatus } from "../linux/wait-status.js";
import { type Observation, observationTime, type Trial } from "../runtime/experiment/try-signal.js";
import { columns, fateWords } from "./fate-words.js";

export function trialsAsJson(id: string, signal: number, trials: readonly Trial[]): unknown {
	return {
		id,
		signal: signalName(signal),
		number: signal,
		trials: trials.map(({ from, foretold, observed, agrees, settled }) => ({
			from,
			foretold,
			observed: observed.what,
			...(observed.what === "ended" ? { status: observed.status } : {}),
			agrees,
			settled,
		})),
	};
}

export function trialsPage(id: string, signal: number, trials: readonly Trial[]): string {
	const lines = trials.map(({ from, foretold, observed, agrees }) => [
		trials.length === 1 ? "from the host or from inside" : from === "host" ? "from the host" : "from inside",
		fateWords(foretold),
		observationWords(observed),
		verdict(foretold, agrees),
	]);
	const unsettled = trials.some(({ settled }) => !settled)
		? "\nThe copy did not come to handle signals as the original does, so it may show less of it.\n"
		: "";
	const copies = trials.length === 1 ? "a copy" : "two copies";
	const table = columns([["SENT", "FORETOLD", "WHAT HAPPENED", ""], ...lines]);
	return `${signalName(signal)}, tried on ${copies} of container ${id}:\n\n${table}\n${unsettled}`;
}

function observationWords(observed: Observation): string {
	switch (observed.what) {
		case "ended":
			return `it ended ${describeWaitStatus(observed.status)}`;
		case "stopped":
			return "it stopped (state T)";
		case "lives":
			return `it runs on, ${observationTime / 1000} s later`;
	}
}

function verdict(foretold: Fate, agrees: boolean): string {
	if (isOpen(foretold)) return "only now known";
	return agrees ? "as foretold" : "NOT as foretold";
}
