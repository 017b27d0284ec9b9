/** Reading the history of deleted containers: torn lines are left out, what several have told of one life becomes one. */
import { attempt } from "../../sys/errors.js";
import { readFile } from "../../sys/files.js";
import type { Host } from "../host.js";
import type { Life, LifeEvent } from "./life.js";
import { historyFiles } from "./store.js";

/** The lives that are remembered, of one id or of all, in the order of their ends. */
export function recall(host: Host, id?: string): readonly Life[] {
	const lives = new Map<string, Life>();
	for (const line of attempt("state-failed", `read the history in ${host.root}`, () => lines(host))) {
		const life = parseLife(line);
		if (life === null || (id !== undefined && life.id !== id)) continue;
		// run tells the end of a container that somebody else deletes; a delete that was cut short is told twice
		const key = life.pid === undefined ? `${lives.size}` : `${life.id} ${life.pid} ${life.startTime}`;
		const known = lives.get(key);
		lives.delete(key);
		lives.set(key, known ? { ...known, ...life, events: mergeEvents(known.events, life.events) } : life);
	}
	return [...lives.values()];
}

function lines(host: Host): readonly string[] {
	return historyFiles(host).flatMap((name) => readFile(`${host.root}/${name}`).split("\n"));
}

/** null for an empty line, or one that was torn. */
function parseLife(line: string): Life | null {
	try {
		const life = JSON.parse(line) as Partial<Life>;
		return typeof life.id === "string" && Array.isArray(life.events) ? (life as Life) : null;
	} catch {
		return null;
	}
}

function mergeEvents(one: readonly LifeEvent[], other: readonly LifeEvent[]): readonly LifeEvent[] {
	const known = new Set(one.map((event) => JSON.stringify(event)));
	const all = [...one, ...other.filter((event) => !known.has(JSON.stringify(event)))];
	return all.sort((a, b) => a.at - b.at);
}
