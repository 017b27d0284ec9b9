/** What `signals` shows: a block for each process, or for several that are alike. */
import { type ProcessSignals, signalsIn } from "../linux/process-signals.js";
import { type Fate, fateOf, type Origin } from "../linux/signal-fate.js";
import { signalName } from "../linux/signals.js";
import type { ContainerSignals, Member, Role } from "../runtime/signals.js";
import { SIGRTMIN, SIGTERM } from "../sys/constants.js";
import { columns, explanations, fateWords } from "./fate-words.js";

export function signalsAsJson(
	{ id, ownPidNamespace, depth, members }: ContainerSignals,
	signals: readonly number[],
): unknown {
	return {
		id,
		pidNamespace: ownPidNamespace ? "own" : "shared",
		processes: members.map(({ process, role, parent }) => ({
			pid: process.pid,
			pidInside: insidePid(process, depth),
			name: process.name,
			role,
			...(parent ? { parent: parent.pid } : {}),
			state: process.state,
			threads: process.threads,
			pending: names(process.pending),
			blocked: names(process.blocked),
			ignored: names(process.ignored),
			caught: names(process.caught),
			awaited: names(process.awaited),
			signals: hasEnded(process)
				? []
				: signals.map((signal) => ({
						signal: signalName(signal),
						number: signal,
						fromHost: fateOf(process, signal, "host", depth),
						fromInside: fateOf(process, signal, "inside", depth),
					})),
		})),
	};
}

function names(set: bigint): readonly string[] {
	return signalsIn(set).map(signalName);
}

export function signalsPage(found: ContainerSignals, signals: readonly number[]): string {
	const { id, members, complete, status, ownPidNamespace } = found;
	const where = ownPidNamespace ? "a PID namespace of its own" : "a PID namespace that others are in as well";
	const head = [
		`Container ${id}: ${count(members.length, "process", "processes")} in ${where}.`,
		...(status === "created"
			? ["It has not been started: what is there is the runtime, which waits for start and then becomes the program."]
			: []),
		...(status === "paused" ? ["It is paused: what is sent arrives when it is resumed."] : []),
		...(complete ? [] : ["It has no cgroup, so only its first process is known."]),
	];
	const alike = groupBy(members, (member) => likeness(member, found.depth));
	const blocks = alike.map((group) => block(group, found, signals));
	const fates = members.flatMap(({ process }) =>
		hasEnded(process) ? [] : signals.flatMap((signal) => bothFates(process, signal, found.depth)),
	);
	const notes = explanations.filter(([fate]) => fates.includes(fate));
	const foot = notes.map(([_fate, word, text]) => `${word}: ${text.replaceAll("\n", "\n  ")}`).join("\n");
	return `${[head.join("\n"), ...blocks, ...(foot === "" ? [] : [foot])].join("\n\n")}\n`;
}

/** Workers of one kind take one block together. */
function likeness({ process, role, parent }: Member, depth: number): string {
	const { name, state, pending, blocked, ignored, caught, awaited } = process;
	const init = fateOf(process, SIGTERM, "host", depth);
	return [
		name,
		role,
		parent?.pid,
		hasEnded(process) ? state : "",
		pending,
		blocked,
		ignored,
		caught,
		awaited,
		init,
	].join("\t");
}

function block(group: readonly Member[], found: ContainerSignals, signals: readonly number[]): string {
	const [{ process, role, parent }] = group as readonly [Member];
	const { depth, ownPidNamespace } = found;
	const inside = group.map((member) => insidePid(member.process, depth) ?? "?").join(", ");
	const here = group.map((member) => member.process.pid).join(", ");
	const pids = ownPidNamespace ? `PID ${inside} inside, ${here} here` : `PID ${here}`;
	const title = `${pids}: ${process.name}, ${describeRole(role, parent, found)}`;
	if (hasEnded(process))
		return `${title}\n  a zombie: it has ended, and its parent has not asked how (wait(2)); no signal does anything`;
	const sets = (["pending", "blocked", "ignored", "caught", "awaited"] as const)
		.filter((name) => name !== "awaited" || process.awaited !== 0n)
		.map((name) => `  ${name.padEnd(8)} ${shortNames(signalsIn(process[name]))}\n`);
	return `${title}\n${sets.join("")}\n${fateTable(process, signals, depth)}`;
}

function describeRole(role: Role, parent: ProcessSignals | null, { depth, ownPidNamespace }: ContainerSignals): string {
	const parentPid = parent && (insidePid(parent, depth) ?? parent.pid);
	switch (role) {
		case "init":
			return ownPidNamespace ? "the init of the namespace" : "the container's first process";
		case "adopted":
			return `an orphan that ${parentPid} has adopted`;
		case "joined":
			return ownPidNamespace
				? "put in from outside (exec): its parent is not in the namespace"
				: "its parent is not in the container: put in by exec, or an orphan";
		case "child":
			return `a child of ${parentPid}`;
	}
}

/** One line for the signals that share their fates; one column when it does not matter who sends. */
function fateTable(process: ProcessSignals, signals: readonly number[], depth: number): string {
	const alike = groupBy(signals, (signal) => bothFates(process, signal, depth).join());
	const lines = alike.map((group) => {
		const [host, inside] = bothFates(process, group[0] as number, depth);
		return [shortNames(group), fateWords(host), fateWords(inside)];
	});
	const same = lines.every(([, host, inside]) => host === inside);
	const titles = same ? ["SIGNAL", "WHOEVER SENDS IT"] : ["SIGNAL", "SENT FROM THE HOST", "SENT FROM INSIDE"];
	const rows = [titles, ...lines.map((line) => line.slice(0, titles.length))];
	return columns(rows);
}

function bothFates(process: ProcessSignals, signal: number, depth: number): readonly [Fate, Fate] {
	const from = (origin: Origin) => fateOf(process, signal, origin, depth);
	return [from("host"), from("inside")];
}

function insidePid({ pids }: ProcessSignals, depth: number): number | undefined {
	return pids[depth - 1];
}

function hasEnded({ state }: ProcessSignals): boolean {
	return state === "Z" || state === "X";
}

/** Without "SIG"; of the real-time ones, a row is told by its ends. */
function shortNames(signals: readonly number[]): string {
	const inRow = (signal: number | undefined) => signal !== undefined && signal > SIGRTMIN && signals.includes(signal);
	const words = signals.map((signal, index) => {
		const isWithin = inRow(signal) && signals.includes(signal - 1) && inRow(signals[index + 1]);
		return isWithin ? "…" : signalName(signal).replace(/^SIG/, "");
	});
	return words.filter((word, index) => word !== "…" || words[index - 1] !== "…").join(" ") || "none";
}

function count(number: number, one: string, many: string): string {
	return `${number} ${number === 1 ? one : many}`;
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): readonly (readonly T[])[] {
	const groups = new Map<string, T[]>();
	for (const item of items) {
		const name = key(item);
		const group = groups.get(name);
		if (group) group.push(item);
		else groups.set(name, [item]);
	}
	return [...groups.values()];
}
