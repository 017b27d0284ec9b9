/**
 * What the runtime costs under an engine: `npm run bench -- --engines [--quick]`, which bundles this file for Node. Each
 * engine runs in a box of the tests', with every runtime behind a meter (meter.c); the runtimes take turns. Prints Markdown.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Box } from "../test/engines/support/box.js";
import { openContainerd } from "../test/engines/support/containerd.js";
import { openDocker } from "../test/engines/support/docker.js";
import { image } from "../test/engines/support/images.js";
import { openPodman } from "../test/engines/support/podman.js";
import setUp from "../test/engines/support/setup.js";
import { waitFor } from "../test/support/wait.js";

interface Tools {
	/** timer.c */
	readonly timer: string;
	/** Compiles meter.c for one runtime. */
	readonly meter: (target: string, program: string, log: string) => string;
}

interface Metered {
	readonly name: string;
	readonly program: string;
	readonly log: string;
}

/** What is done with one runtime, by an engine that is there. */
interface Contestant extends Metered {
	readonly run: readonly string[];
	readonly probe: readonly string[];
	/** Starts, and later removes, the container that is probed. */
	readonly before: readonly string[];
	readonly after: readonly string[];
}

interface OpenEngine {
	readonly box: Box;
	readonly env?: Readonly<Record<string, string>>;
	readonly close: () => Promise<void>;
	readonly contestants: readonly Contestant[];
}

interface Sample {
	/** Milliseconds of the engine's command, and of the runtime's calls together. */
	readonly command: number;
	readonly wall: number;
	readonly cpu: number;
}

interface Result {
	readonly engine: string;
	readonly operation: string;
	readonly runtime: string;
	/** Calls of the runtime for one operation. */
	readonly calls: number;
	readonly samples: readonly Sample[];
}

/** One after the other: they would only disturb each other. */
const engines: Readonly<Record<string, (metered: readonly Metered[]) => Promise<OpenEngine>>> = {
	docker: async (metered) => {
		const docker = await openDocker(programsOf(metered));
		const words = (...args: string[]) => ["docker", ...args];
		return {
			...docker,
			contestants: metered.map((one) => ({
				...one,
				run: words("run", "--rm", "--runtime", one.name, image, "true"),
				before: words("run", "--detach", "--runtime", one.name, "--name", one.name, image, "/probe", "sleep"),
				probe: words("exec", one.name, "true"),
				after: words("rm", "--force", one.name),
			})),
		};
	},
	containerd: async (metered) => {
		const containerd = await openContainerd();
		const { words } = containerd;
		return {
			...containerd,
			contestants: metered.map((one) => {
				const as = ["--runc-binary", one.program];
				return {
					...one,
					run: words("run", "--rm", ...as, image, `${one.name}-run`, "true"),
					before: words("run", "--detach", ...as, image, one.name, "/probe", "sleep"),
					probe: words("task", "exec", "--exec-id", "probe", one.name, "true"),
					after: [
						"sh",
						"-c",
						`${words("task", "delete", "--force", one.name).join(" ")} && ${words("container", "remove", one.name).join(" ")}`,
					],
				};
			}),
		};
	},
	podman: async (metered) => {
		const podman = await openPodman(0, programsOf(metered));
		const words = (one: Metered, ...args: string[]) => ["podman", "--runtime", one.name, ...args];
		return {
			...podman,
			contestants: metered.map((one) => ({
				...one,
				run: words(one, "run", "--rm", image, "true"),
				before: words(one, "run", "--detach", "--name", one.name, image, "/probe", "sleep"),
				probe: words(one, "exec", one.name, "true"),
				after: words(one, "rm", "--force", "--time", "0", one.name),
			})),
		};
	},
};

const programsOf = (metered: readonly Metered[]) =>
	Object.fromEntries(metered.map(({ name, program }) => [name, program]));

/** "metered-crun": the engines know crun and runc by their own names. */
function meter(tools: Tools, folder: string, runtimes: readonly { name: string; file: string }[]): readonly Metered[] {
	return runtimes.map(({ name, file }) => {
		const program = join(folder, `metered-${name}`);
		const log = `${program}.log`;
		writeFileSync(log, "");
		return { name: `metered-${name}`, program: tools.meter(program, file, log), log };
	});
}

/** What the runtime has been called for since the log was emptied. */
function callsIn(log: string): readonly { readonly wall: number; readonly cpu: number }[] {
	const lines = readFileSync(log, "utf8").split("\n").filter(Boolean);
	return lines.map((line) => {
		const [wall = 0, cpu = 0] = line.split(" ").map(Number);
		return { wall: wall / 1e6, cpu: cpu / 1e6 };
	});
}

/** Engines clean up when their command has ended already: an operation is over when all its calls are. */
async function settled(log: string, calls: number): Promise<ReturnType<typeof callsIn>> {
	const all = () => {
		const found = callsIn(log);
		return found.length >= calls && found;
	};
	return waitFor(all, { what: `${calls} calls of the runtime in ${log}`, deadline: 60_000 });
}

/** How many calls an operation makes: they are all there when nothing has come for a second. */
async function countCalls(engine: OpenEngine, tools: Tools, log: string, command: readonly string[]): Promise<number> {
	writeFileSync(log, "");
	await timed(engine, tools, command);
	let seen = 0;
	let since = Date.now();
	await waitFor(
		() => {
			const calls = callsIn(log).length;
			if (calls !== seen) since = Date.now();
			seen = calls;
			return seen > 0 && Date.now() - since > 1000;
		},
		{ what: "the runtime's calls to end", deadline: 60_000 },
	);
	return seen;
}

async function timed({ box, env }: OpenEngine, { timer }: Tools, command: readonly string[]): Promise<number> {
	const { status, stdout, stderr } = await box.run([timer, "1", "--", ...command], env ? { env } : {});
	if (status !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
	return Number(stdout.split(" ")[0]) / 1e6;
}

async function measure(
	name: string,
	engine: OpenEngine,
	tools: Tools,
	operation: "run" | "probe",
	rounds: number,
): Promise<readonly Result[]> {
	const results = [];
	for (const one of engine.contestants) {
		const calls = await countCalls(engine, tools, one.log, one[operation]);
		results.push({ one, calls, samples: [] as Sample[] });
	}
	for (let round = 0; round < rounds; round++) {
		for (const { one, calls, samples } of results) {
			writeFileSync(one.log, "");
			const command = await timed(engine, tools, one[operation]);
			const found = await settled(one.log, calls);
			const sum = (pick: "wall" | "cpu") => found.reduce((total, call) => total + call[pick], 0);
			samples.push({ command, wall: sum("wall"), cpu: sum("cpu") });
		}
	}
	return results.map(({ one, calls, samples }) => ({
		engine: name,
		operation: operation === "run" ? "run" : `exec true, ${rounds} times`,
		runtime: one.name.replace("metered-", ""),
		calls,
		samples,
	}));
}

async function benchEngine(name: string, engine: OpenEngine, tools: Tools, rounds: number): Promise<readonly Result[]> {
	const ran = await measure(name, engine, tools, "run", rounds);
	for (const { before } of engine.contestants) await timed(engine, tools, before);
	const probed = await measure(name, engine, tools, "probe", 5 * rounds);
	for (const { after } of engine.contestants) await timed(engine, tools, after);
	return [...ran, ...probed];
}

/** The table, with minimum and median of each figure. */
export async function benchEngines(
	folder: string,
	runtimes: readonly { readonly name: string; readonly file: string }[],
	tools: Tools,
	rounds: number,
	table: (head: readonly string[], rows: readonly (readonly string[])[]) => string,
): Promise<string> {
	setUp();
	mkdirSync(folder, { recursive: true });
	try {
		const metered = meter(tools, folder, runtimes);
		const results: Result[] = [];
		for (const [name, open] of Object.entries(engines)) {
			const engine = await open(metered);
			try {
				results.push(...(await benchEngine(name, engine, tools, rounds)));
			} finally {
				await engine.close();
			}
			process.stderr.write(`${name}\n`);
		}
		const head = [
			"engine",
			"operation",
			"runtime",
			"min",
			"median",
			"calls",
			"wall min",
			"wall median",
			"CPU min",
			"CPU median",
		];
		return table(head, results.map(rowOf));
	} finally {
		rmSync(folder, { recursive: true });
	}
}

function rowOf({ engine, operation, runtime, calls, samples }: Result): readonly string[] {
	const figures = (pick: keyof Sample) => {
		const sorted = samples.map((sample) => sample[pick]).sort((a, b) => a - b);
		return [sorted[0] ?? 0, sorted[Math.floor(sorted.length / 2)] ?? 0].map((figure) => figure.toFixed(1));
	};
	return [engine, operation, runtime, ...figures("command"), String(calls), ...figures("wall"), ...figures("cpu")];
}
