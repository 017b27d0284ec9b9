/** From recorded calls to steps: a sentence each, with the calls beside it. */
import type { Actor, Event } from "./recorder.js";
import type { Names, Sentence, Stage } from "./sentence.js";
import { filesTable } from "./sentences-files.js";
import { mountsTable } from "./sentences-mounts.js";
import { processesTable } from "./sentences-processes.js";

export interface Step {
	readonly actor: Actor;
	readonly stage: Stage;
	readonly text: string;
	/** As strace would show them, descriptors by their paths. */
	readonly calls: readonly string[];
}

interface Draft {
	readonly actor: Actor;
	readonly sentence: Sentence;
	readonly items: string[];
	readonly calls: string[];
}

export function stepsOf(events: readonly Event[], names: Names): readonly Step[] {
	const drafts: Draft[] = [];
	for (const event of withPlaces(events)) {
		const sentence = tell(event, names);
		if (sentence === null) continue;
		const last = drafts.at(-1);
		const goesOn =
			sentence.group !== undefined && last?.actor === event.actor && last.sentence.group === sentence.group;
		const draft = goesOn && last ? last : { actor: event.actor, sentence, items: [], calls: [] };
		draft.items.push(sentence.item ?? "");
		draft.calls.push(...sentence.calls);
		if (draft !== last) drafts.push(draft);
	}
	return drafts.map(({ actor, sentence: { stage, text }, items, calls }) => ({
		actor,
		stage,
		text: typeof text === "string" ? text : text(items),
		calls:
			actor === "runtime" || names.hostRoot === ""
				? calls
				: calls.map((call) => call.replaceAll(`"${names.hostRoot}/`, '"/')),
	}));
}

/** A directory or file that is made for a mount to cover goes into the mount's own step. */
function withPlaces(events: readonly Event[]): readonly Event[] {
	const kept: Event[] = [];
	for (const event of events) {
		const last = kept.at(-1);
		const isPlace = (last?.name === "mkdirat" || last?.name === "openat") && last.about === event.about;
		if (event.tree === undefined || !isPlace || last === undefined) {
			kept.push(event);
			continue;
		}
		const made =
			last.name === "mkdirat"
				? `mkdirat(${JSON.stringify(event.about)})`
				: `openat(${JSON.stringify(event.about)}, O_CREAT)`;
		kept.splice(-1, 1, { ...event, tree: { ...event.tree, calls: [made, ...event.tree.calls] } });
	}
	return kept;
}

/** null for what only serves another step. A call that no table knows is shown by its name alone. */
function tell(event: Event, names: Names): Sentence | null {
	for (const table of [filesTable, mountsTable, processesTable]) {
		const sentence = table(event, names);
		if (sentence !== undefined) return sentence;
	}
	return { stage: "process", text: `Call ${event.name}.`, calls: [`${event.name}()`] };
}
