/** `why`: what became of a container, from its state directory while that is there, else from the history. */
import { processStat } from "../linux/proc.js";
import { TsrunError } from "../sys/errors.js";
import { foundEnd } from "./history/end-of-life.js";
import { type Life, lifeOf } from "./history/life.js";
import { recall } from "./history/recall.js";
import { type Verdict, verdictOf } from "./history/verdict.js";
import type { Host } from "./host.js";
import { readJournal } from "./state/journal.js";
import { findStateDirectory } from "./state/store.js";
import { describe } from "./status.js";

export interface Explained {
	readonly life: Life;
	readonly verdict: Verdict;
}

/** The life that is, or the last one, and those before it. @throws TsrunError container-missing */
export function explainEnd(
	host: Host,
	id: string,
): { readonly last: Explained; readonly earlier: readonly Explained[] } {
	const present = presentLife(host, id);
	const past = recall(host, id);
	const [last, ...earlier] = [...past, ...(present ? [present] : [])].reverse();
	if (last !== undefined) return { last: explained(last), earlier: earlier.map(explained) };
	throw new TsrunError("container-missing", "container does not exist, and no deleted one of that id is remembered", {
		object: id,
		hint: `why shows those that are remembered under ${host.root}; another root is named with --root`,
	});
}

/** Of all that are remembered, the last ones first. */
export function recentEnds(host: Host): readonly Explained[] {
	return [...recall(host)].reverse().map(explained);
}

function explained(life: Life): Explained {
	return { life, verdict: verdictOf(life) };
}

/** null when there is none, also when it is deleted while we look. */
function presentLife(host: Host, id: string): Life | null {
	const directory = findStateDirectory(host, id);
	const container = directory && describe(directory);
	if (directory === null || container === null) return null;
	const { record, status } = container;
	const life = { ...lifeOf(id, record, readJournal(directory.fd)), status };
	return record !== null && status === "stopped" ? foundEnd(life, record, directory, processStat(record.pid)) : life;
}
