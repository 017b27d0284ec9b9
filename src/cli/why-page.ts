/** What `why` shows: a sentence, what is known besides, and what was done when. */
import { signalName } from "../linux/signals.js";
import { describeWaitStatus } from "../linux/wait-status.js";
import type { Life, LifeEvent } from "../runtime/history/life.js";
import { describeActor } from "../runtime/history/verdict.js";
import type { Explained } from "../runtime/why.js";
import { columns } from "./fate-words.js";
import { formatTable } from "./output.js";

export function whyPage({ life, verdict }: Explained, earlier: number): string {
	const sentence = `Container ${life.id} ${verdict.summary}.`;
	const chain = columns([...beginning(life), ...life.events.map((event) => [time(event.at), describeEvent(event)])]);
	const more = earlier === 0 ? [] : [`${earlier} earlier container(s) of this id are remembered: why --all ${life.id}`];
	return `${[[sentence, ...verdict.reasons].join("\n"), chain, ...more].join("\n\n")}\n`;
}

export function endsTable(ends: readonly Explained[]): string {
	const rows = ends.map(({ life, verdict }) => [life.id, time(lastMoment(life)), verdict.cause, verdict.summary]);
	return formatTable([["ID", "TIME", "CAUSE", "WHAT HAPPENED"], ...rows]);
}

export function whyAsJson({ life, verdict }: Explained): unknown {
	const events = life.events.map((event) => {
		const { at, ...rest } = event;
		// numbers of signals are for the kernel
		const signal = "signal" in event ? { signal: signalName(event.signal) } : {};
		return { time: new Date(at).toISOString(), ...rest, ...signal };
	});
	return { ...life, ...verdict, events };
}

function beginning({ created, pid, bundle, startedByRun }: Life): readonly (readonly string[])[] {
	if (created === undefined) return [];
	const verb = startedByRun ? "run" : "create";
	return [[time(Date.parse(created)), `${verb}: process ${pid} of bundle ${bundle}`]];
}

function describeEvent(event: LifeEvent): string {
	switch (event.did) {
		case "start-failed":
		case "create-failed":
			return `failed (${event.error}): ${event.message}`;
		case "kill":
			return `kill${event.all ? " --all" : ""}: ${signalName(event.signal)}, asked for by ${describeActor(event.who)}`;
		case "stop": {
			const limit = event.time === null ? "no limit" : `${event.time} s until KILL`;
			return `stop: ${signalName(event.signal)}, ${limit}, asked for by ${describeActor(event.who)}`;
		}
		case "stop-killed":
			return "stop: the time is over, SIGKILL";
		case "checkpoint":
			return event.left ? "checkpoint: it went on running" : "checkpoint";
		case "exec-killed":
			return `exec: ${event.program} was killed, as the init had ended`;
		case "ended":
			if (event.seen === "zombie") return `found ended ${describeWaitStatus(event.status ?? 0)}`;
			return event.status === null ? "ended" : `ended ${describeWaitStatus(event.status)}`;
		case "delete":
			return event.killed
				? `delete --force: killed and removed${event.who ? `, asked for by ${describeActor(event.who)}` : ""}`
				: "delete";
		default:
			return event.did;
	}
}

function lastMoment({ events, created }: Life): number {
	return events.at(-1)?.at ?? Date.parse(created ?? "");
}

/** UTC, to the millisecond. */
function time(milliseconds: number): string {
	return new Date(milliseconds).toISOString().replace("T", " ").replace("Z", "");
}
