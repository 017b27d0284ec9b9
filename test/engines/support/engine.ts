/**
 * The frame of every engine's tests: the engine is started once, in a box, and each scenario of its table runs with tsrun
 * and with runc, which proves the scenario. After each, everything that it made has to be gone.
 */
import { afterAll, beforeAll, describe, test } from "vitest";
import { containersIn, findLeaks, mountsOf } from "../../support/leaks.js";
import { isMet, type NeedName, needs } from "../../support/skip.js";
import { waitFor } from "../../support/wait.js";
import type { Box } from "./box.js";
import { type RuntimeName, runtimes } from "./runtimes.js";

/** How often to do what shall stay right in numbers; runc only proves that it can be done. */
export function manyFor(runtime: RuntimeName, count: number): number {
	return runtime === "tsrun" ? count : count / 5;
}

export interface Engine {
	readonly box: Box;
	/** Removes every container that is there. */
	readonly clear: () => Promise<void>;
	/** Folders in which the runtimes keep their containers' records. */
	readonly states: readonly string[];
	/** What it leaves itself, whichever the runtime: lines as of `traces`. */
	readonly forgets: readonly RegExp[];
	/** What it has told so far. */
	readonly log: () => string;
	readonly close: () => Promise<void>;
}

export interface Scene<E extends Engine> {
	readonly engine: E;
	readonly runtime: RuntimeName;
	/** A name that no other container of the test has. */
	readonly newName: () => string;
}

/** What is promised of a container, by title. */
export type Scenarios<E extends Engine> = Readonly<Record<string, (scene: Scene<E>) => Promise<void>>>;

export interface EngineTests<E extends Engine> {
	readonly name: string;
	readonly needs: readonly NeedName[];
	/** Starts it, and runs a first container: what that leaves is the engine's own. */
	readonly open: () => Promise<E>;
	readonly scenarios: Scenarios<E>;
}

/** Those of a table that an engine can do: each title has to be in it. */
export function without<E extends Engine>(titles: readonly string[], scenarios: Scenarios<E>): Scenarios<E> {
	const unknown = titles.filter((title) => !(title in scenarios));
	if (unknown.length > 0) throw new Error(`no scenario is called "${unknown.join('", "')}"`);
	return Object.fromEntries(Object.entries(scenarios).filter(([title]) => !titles.includes(title)));
}

/** Milliseconds for one scenario, on a busy machine. */
const patience = 120_000;

export function testEngine<E extends Engine>({ name, needs: needed, open, scenarios }: EngineTests<E>): void {
	describe(name, () => {
		let engine: E | undefined;
		let usual = new Set<string>();

		beforeAll(async () => {
			// without what it needs there is none, and each test says so
			if (!needed.every(isMet)) return;
			engine = await open();
			usual = new Set(traces(engine));
		}, patience);

		afterAll(() => engine?.close(), patience);

		describe.each(Object.keys(runtimes) as RuntimeName[])("with %s", (runtime) => {
			for (const [title, scenario] of Object.entries(scenarios)) {
				test(title, { timeout: patience }, async ({ skip, onTestFailed }) => {
					needs(skip, ...needed);
					if (engine === undefined) throw new Error(`${name} has not started`);
					const { log } = engine;
					const before = log().length;
					onTestFailed(() => console.error(`${name} said meanwhile:\n${complaints(log().slice(before))}`));
					await play(scenario, { engine, runtime, newName: namesFor(runtime) }, usual);
				});
			}
		});
	});
}

/** What is worth a look, of a daemon's log. */
function complaints(text: string): string {
	return text
		.split("\n")
		.filter((line) => !line.includes("level=info"))
		.slice(-20)
		.join("\n");
}

function namesFor(runtime: RuntimeName): () => string {
	let given = 0;
	return () => `${runtime}-${++given}`;
}

async function play<E extends Engine>(
	scenario: (scene: Scene<E>) => Promise<void>,
	scene: Scene<E>,
	usual: Set<string>,
): Promise<void> {
	try {
		await scenario(scene);
	} finally {
		await scene.engine.clear();
	}
	const { engine } = scene;
	const counts = (trace: string) => !usual.has(trace) && !engine.forgets.some((pattern) => pattern.test(trace));
	const look = () => traces(engine).filter(counts);
	await waitFor(() => look().length === 0, { what: "the engine's containers to be gone" }).catch(() => {});
	const left = look();
	// told once, and not by the scenarios that follow
	for (const trace of left) usual.add(trace);
	if (left.length > 0) throw new Error(`the scenario left behind:\n${left.join("\n")}`);
}

/** One line for each process, mount, cgroup and container in the engine's box. */
function traces({ box, states }: Engine): readonly string[] {
	const { processes, cgroups } = findLeaks(box.folder);
	return [
		...processes.map(({ command }) => `process ${command}`),
		...cgroups.map((cgroup) => `cgroup ${cgroup}`),
		...mountsOf(box.pid).map(({ point, type }) => `mount of ${type} ${point}`),
		...states.flatMap((state) => containersIn(box.path(state)).map((id) => `state ${state}/${id}`)),
	];
}
