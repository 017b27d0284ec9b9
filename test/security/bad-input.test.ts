/**
 * The binary itself with input that is mutated or made up, in namespaces to throw away: it does what it is told or says in
 * words what is wrong, it never hangs, and whatever it made is gone after `delete --force`. In every tenth case the debug
 * build takes its place, whose sanitizers look on. `npm run fuzz` tries a hundred times as many.
 */
import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { beforeAll, describe, expect } from "vitest";
import { globalFlags } from "../../src/cli/global-flags.js";
import { verbs } from "../../src/cli/program.js";
import type { Flag } from "../../src/cli/verb.js";
import type { Shape } from "../../src/spec/check.js";
import { shape as configShape } from "../../src/spec/generated/config-shape.js";
import { shape as processShape } from "../../src/spec/generated/process-shape.js";
import { shape as resourcesShape } from "../../src/spec/generated/resources-shape.js";
import { exactJson } from "../../src/spec/json.js";
import { fuzz, patience } from "../fuzz/fuzz.js";
import { graft, pick, type Random, strings, valueFor } from "../fuzz/generate.js";
import { mutateText, mutateValue } from "../fuzz/mutate.js";
import { type Box, makeBox } from "../support/box.js";
import { makeBuild, throughBuild } from "../support/builds.js";
import { test as base } from "../support/e2e.js";
import { containersIn, findLeaks } from "../support/leaks.js";
import { repository } from "../support/paths.js";
import type { RunOptions, RunResult } from "../support/runtime.js";
import { needs } from "../support/skip.js";

const test = base.extend("box", async ({ runtime, folder, skip }, { onCleanup }): Promise<Box> => {
	needs(skip, "nsenter");
	const box = await makeBox(runtime, folder);
	onCleanup(async () => {
		await box.end();
		for (const cgroup of [...cgroupsOf(folder)].reverse()) rmdirSync(cgroup);
	});
	return box;
});

const cgroupsOf = (folder: string) => findLeaks(folder).cgroups;

/** The sanitizers of a debug build keep what is not freed at the end of a command to themselves. */
const env = { ASAN_OPTIONS: "detect_leaks=0", UBSAN_OPTIONS: "halt_on_error=1:print_stacktrace=1" };

beforeAll(() => makeBuild("debug"), 240_000);

const optionsFor = (round: number): RunOptions =>
	round % 10 === 9 ? { env, through: throughBuild("debug") } : { env };

/** What a bug looks like, whatever the status. */
const bug = /internal error|InternalError|^engine:|Sanitizer|could not |runtime error:/m;

/** An end in words: 0 without an error, or an error that a user can be told. */
function expectWords({
	status,
	signal,
	stdout,
	stderr,
}: Pick<RunResult, "status" | "signal" | "stdout" | "stderr">): void {
	expect({ signal, stderr }).toEqual({ signal: null, stderr: expect.not.stringMatching(bug) });
	// explain and doctor tell of failures on stdout: it is what they are asked for
	if (status !== 0 && (status ?? 0) < 128) expect(stdout + stderr).toMatch(/\S/);
}

type Members = Record<string, unknown>;
const isObject = (value: unknown): value is Members =>
	typeof value === "object" && value !== null && !Array.isArray(value);

/** Whoever writes a configuration is root on the host: what could reach it from the box is pinned. */
function pin(config: unknown, rootfs: string, cgroup: string): void {
	if (!isObject(config)) return;
	if (isObject(config.root) && typeof config.root.path === "string") config.root.path = rootfs;
	for (const hooks of Object.values(isObject(config.hooks) ? config.hooks : {})) {
		for (const hook of Array.isArray(hooks) ? hooks : []) {
			if (isObject(hook) && typeof hook.path === "string") hook.path = "/bin/true";
		}
	}
	config.linux ??= { namespaces: [] };
	if (!isObject(config.linux)) return;
	config.linux.cgroupsPath = cgroup;
	config.linux.namespaces ??= [];
	const { namespaces } = config.linux;
	// without one of its own, the mounts would stay in the box
	if (Array.isArray(namespaces) && !namespaces.some((one) => isObject(one) && one.type === "mount")) {
		namespaces.push({ type: "mount" });
	}
}

/** The examples, as far as the box has what they need. */
const examples = readdirSync(join(repository, "bundles"))
	.map((name) => JSON.parse(readFileSync(join(repository, "bundles", name, "config.json"), "utf8")) as Example)
	.map(
		(config): Example => ({
			...config,
			process: { ...config.process, terminal: false, args: ["/bin/true"] },
			linux: { ...config.linux, namespaces: config.linux.namespaces.filter(({ path }) => path === undefined) },
		}),
	);

interface Example extends Members {
	readonly process: Members;
	readonly linux: Members & { readonly namespaces: readonly { readonly path?: string }[] };
}

/** A configuration without fault in the box, that of the first example with these words. */
function prepare(box: Box, folder: string, args: readonly string[]): void {
	const [example] = structuredClone(examples);
	const config = { ...example, process: { ...example?.process, args } };
	pin(config, join(box.bundle, "rootfs"), `/${basename(folder)}/c`);
	writeFileSync(box.fromOutside(join(box.bundle, "config.json")), exactJson(config));
}

function madeOrMutated(shape: Shape, examples: readonly unknown[], random: Random): unknown {
	const kind = random();
	if (kind < 0.1) return valueFor(shape, random);
	if (kind < 0.3) return mutateValue(pick(random, examples), random);
	const once = graft(shape, pick(random, examples), random);
	return kind < 0.6 ? once : graft(shape, once, random);
}

const asText = (value: unknown, random: Random) => {
	const text = value === undefined ? "" : exactJson(value);
	return random() < 0.03 ? mutateText(text, random) : text;
};

/** Waits, without giving way to anything else, for what is on its way out. */
function soon(left: () => readonly string[]): readonly string[] {
	const end = performance.now() + 5000;
	while (left().length > 0 && performance.now() < end) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
	return left();
}

describe("any configuration", () => {
	test("becomes a container or an error, and nothing is left", { timeout: patience }, ({ box, runtime, folder }) => {
		const cgroup = `/${basename(folder)}/c`;
		const corePattern = readFileSync("/proc/sys/kernel/core_pattern", "utf8");
		const hierarchies = readdirSync("/sys/fs/cgroup")
			.map((name) => join("/sys/fs/cgroup", name, cgroup))
			.concat(join("/sys/fs/cgroup", cgroup));
		const left = () => [
			...box.processes(),
			...box.mounts(),
			...hierarchies.filter(existsSync),
			...containersIn(box.fromOutside(runtime.root)),
		];
		let created = 0;
		const make = (random: Random) => {
			const config = structuredClone(madeOrMutated(configShape, examples, random));
			pin(config, join(box.bundle, "rootfs"), cgroup);
			return asText(config, random);
		};
		fuzz("config.json for the binary", 120, make, (text, round) => {
			const options = optionsFor(round);
			writeFileSync(box.fromOutside(join(box.bundle, "config.json")), text);
			const create = box.call(options, "create", "c");
			expectWords(create);
			if (create.status === 0) {
				created++;
				expectWords(box.call(options, "start", "c"));
				const deleted = box.call(options, "delete", "--force", "c");
				expect({ status: deleted.status, stderr: deleted.stderr }).toEqual({ status: 0, stderr: "" });
			}
			expect(soon(left)).toEqual([]);
		});
		expect(readFileSync("/proc/sys/kernel/core_pattern", "utf8")).toBe(corePattern);
		// cases that are all refused would prove little
		expect(created).toBeGreaterThan(20);
	});
});

describe("a running container", () => {
	const withContainer = (box: Box, folder: string) => {
		prepare(box, folder, ["/bin/sleep", "2147483647"]);
		return () => {
			const state = box.call({}, "state", "c");
			if (state.status === 0 && JSON.parse(state.stdout).status === "running") return;
			box.call({}, "delete", "--force", "c");
			expect(box.call({}, "run", "--detach", "c")).toMatchObject({ status: 0, stderr: "" });
		};
	};

	test("is entered by any process, or not", { timeout: patience }, ({ box, folder }) => {
		const ready = withContainer(box, folder);
		const processes = examples.map(({ process }) => process);
		const file = join(box.bundle, "process.json");
		let entered = 0;
		const make = (random: Random) => asText(madeOrMutated(processShape, processes, random), random);
		fuzz("process.json for the binary", 80, make, (text, round) => {
			ready();
			writeFileSync(box.fromOutside(file), text);
			const exec = box.call(optionsFor(round), "exec", "--process", file, "c");
			expectWords(exec);
			if (exec.status === 0) entered++;
		});
		expect(entered).toBeGreaterThan(10);
		expect(box.call({}, "delete", "--force", "c")).toMatchObject({ status: 0, stderr: "" });
	});

	test("is updated with any resources, or not", { timeout: patience }, ({ box, folder }) => {
		const ready = withContainer(box, folder);
		const example = {
			memory: { limit: 64 << 20, swap: -1 },
			cpu: { shares: 512, quota: 50_000, period: 100_000, cpus: "0" },
			pids: { limit: 50 },
			devices: [{ allow: false, access: "rwm" }],
		};
		const file = join(box.bundle, "resources.json");
		let updated = 0;
		const make = (random: Random) => asText(madeOrMutated(resourcesShape, [example], random), random);
		fuzz("resources.json for the binary", 80, make, (text, round) => {
			ready();
			writeFileSync(box.fromOutside(file), text);
			const update = box.call(optionsFor(round), "update", "--resources", file, "c");
			expectWords(update);
			if (update.status === 0) updated++;
		});
		expect(updated).toBeGreaterThan(10);
		expect(box.call({}, "delete", "--force", "c")).toMatchObject({ status: 0, stderr: "" });
	});
});

/** Those that go on until they are stopped. */
const endless = ["events", "stats"];

test("any command line is understood or refused", { timeout: patience }, async ({ box, folder }) => {
	const names = Object.keys(verbs).filter((name) => !endless.includes(name));
	const flags = new Map<string, readonly Flag[]>();
	for (const name of names) flags.set(name, [...((await verbs[name]?.load())?.verb.flags ?? []), ...globalFlags]);
	prepare(box, folder, ["/bin/true"]);
	// what a command line cannot hold
	const words = strings.filter((text) => !text.includes("\0"));
	const word = (random: Random, known: readonly Flag[]) => {
		const flag = pick(random, known);
		const spelled = `--${flag.name}`;
		const kind = random();
		if (kind < 0.3) return spelled;
		if (kind < 0.6) return `${spelled}=${pick(random, words)}`;
		return kind < 0.95 ? pick(random, words) : mutateText(spelled, random).replaceAll("\0", "0");
	};
	const make = (random: Random) => {
		const name = pick(random, names);
		const known = flags.get(name) ?? globalFlags;
		return [name, ...Array.from({ length: Math.floor(random() * 5) }, () => word(random, known))];
	};
	fuzz("command line for the binary", 120, make, (line, round) => {
		expectWords(box.call(optionsFor(round), ...line));
	});
	await box.sweep();
});
