/** What `explain` shows people: the steps under the headings of their stages, then where it would fail. */
import type { ExplainedFailure, Explanation } from "../runtime/explain/explain.js";
import { stageTitles } from "../runtime/explain/sentence.js";
import type { Step } from "../runtime/explain/steps.js";

/** So many calls of one step are shown; JSON has them all. */
const mostCalls = 6;
const columns = 96;

export function explainPage(found: Explanation, id: string): string {
	const { steps, failure, warnings } = found;
	const parts = [
		heading(found, id),
		...blocks(steps),
		...warnings.map((text) => `Warning: ${text}\n`),
		failure ? failed(failure, steps) : "Nothing of this was done.\n",
	];
	return parts.join("\n");
}

function heading({ bundle, asRoot, uid }: Explanation, id: string): string {
	const who = asRoot
		? `root${uid === 0 ? "" : ` (you are user ${uid}; --as-is shows it with your rights)`}`
		: `user ${uid}`;
	return `What "create ${id}" and then "start ${id}" would do with ${bundle}, as ${who}:\n`;
}

/** One for each run of steps of the same stage. */
function blocks(steps: readonly Step[]): readonly string[] {
	const runs: Step[][] = [];
	for (const step of steps) {
		const last = runs.at(-1);
		if (last?.[0]?.stage === step.stage && last[0].actor === step.actor) last.push(step);
		else runs.push([step]);
	}
	let number = 0;
	return runs.map((run) => {
		const [{ stage, actor }] = run as [Step];
		const lines = run.map(
			({ text, calls }) =>
				`${wrapped(text, `${String(++number).padStart(3)}. `, 5)}${wrapped(briefly(calls, stage === "exec" ? calls.length : mostCalls), "       ", 7)}`,
		);
		return `${stageTitles[stage]} [${actor}]\n${lines.join("")}`;
	});
}

function briefly(calls: readonly string[], most: number): string {
	const more = calls.length - most;
	return [...calls.slice(0, most), ...(more > 0 ? [`… and ${more} more`] : [])].join("; ");
}

function wrapped(text: string, first: string, indent: number): string {
	const lines: string[] = [];
	let line = first;
	for (const word of text.split(" ")) {
		if (line.length + word.length > columns && line.trim() !== "") {
			lines.push(line.trimEnd());
			line = " ".repeat(indent);
		}
		line += `${word} `;
	}
	return `${[...lines, line.trimEnd()].join("\n")}\n`;
}

function failed(failure: ExplainedFailure, steps: readonly Step[]): string {
	const { actor, message, stage, syscall, errno, object, jsonPath, cause, hint, id } = failure;
	const rows: readonly (readonly [string, string | undefined])[] = [
		["stage", stage],
		["call", syscall],
		["errno", errno],
		["object", object],
		["in config", jsonPath],
		["cause", cause],
		["cure", hint],
		["error id", `${id} (docs/errors.md)`],
	];
	const lines = rows.flatMap(([name, value]) => (value ? [wrapped(value, `     ${name.padEnd(10)}`, 15)] : []));
	return `It would fail here [${actor}], after ${steps.length} steps:\n${wrapped(message, "     ", 5)}\n${lines.join("")}`;
}
