/**
 * The caller has little: address space, descriptors, processes, room for files, from nothing upwards. Each verb then does
 * what it is told or says in words what it lacks; `delete --force` of a caller who has enough clears up after it.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect } from "vitest";
import { test as base } from "../support/e2e.js";
import { containersIn } from "../support/leaks.js";
import { runtimeProgram } from "../support/paths.js";
import { knowTracesOf, type Residue } from "../support/residue.js";
import type { RunOptions, RunResult, Runtime } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { stateOf } from "../support/status.js";

/** What is said of a limit, whoever says it. */
const lack = {
	memory: /cannot allocate memory|out of memory/i,
	descriptors: /too many open files|RLIMIT_NOFILE/i,
	processes: /resource temporarily unavailable/i,
	room: /file too large|no space left on device/i,
};

type Verb = "create" | "start" | "exec" | "update" | "delete";

/** What the caller lacks, for the verb's time alone. */
interface Want {
	readonly options?: RunOptions;
	readonly begin?: () => void;
	readonly end?: () => void;
	/** How it has to be told. */
	readonly told: RegExp;
}

interface Trial {
	/** Calls the verb of a container in the state that it wants, and clears up. What is wrong is in the result. */
	readonly call: (verb: Verb, want: Want) => Promise<readonly string[]>;
	/** How many calls did what they were told. */
	readonly done: () => number;
	readonly failed: () => number;
}

const test = base.extend("trial", ({ runtime, makeBundle, newId, folder, skip }) => (): Trial => {
	needs(skip, "tsrun");
	const [id, bundle] = [newId(), makeBundle()];
	runtime("create", "--bundle", bundle, id);
	const residue = knowTracesOf(id, runtime, folder);
	runtime("delete", "--force", id);
	const counts = { done: 0, failed: 0 };
	const words: Readonly<Record<Verb, readonly string[]>> = {
		create: ["create", "--bundle", bundle, id],
		start: ["start", id],
		exec: ["exec", id, "/bin/true"],
		update: ["update", "--pids-limit", "50", id],
		delete: ["delete", "--force", id],
	};
	const call = async (verb: Verb, { options = {}, begin, end, told }: Want): Promise<readonly string[]> => {
		if (verb !== "create") runtime("create", "--bundle", bundle, id);
		if (verb === "exec" || verb === "update") runtime("start", id);
		begin?.();
		const result = runtime.with(options, ...words[verb]);
		end?.();
		counts[result.status === 0 ? "done" : "failed"]++;
		const wrong = [...unclear(result, told), ...damaged(runtime, id, verb)];
		return [...wrong, ...(await clearUp(runtime, id, residue))];
	};
	return { call, done: () => counts.done, failed: () => counts.failed };
});

function unclear({ status, signal, stderr }: RunResult, told: RegExp): readonly string[] {
	const clear = signal === null && !/internal error|could not (?!be written)/.test(stderr);
	if (clear && (status === 0 || told.test(stderr))) return [];
	return [`status ${status}, signal ${signal}, ${stderr}`];
}

/** A container that runs is not hurt by a caller who could not do something with it. */
function damaged(runtime: Runtime, id: string, verb: Verb): readonly string[] {
	if (verb !== "exec" && verb !== "update") return [];
	const { status } = stateOf(runtime, id);
	return status === "running" ? [] : [`the container is ${status}`];
}

async function clearUp(runtime: Runtime, id: string, residue: Residue): Promise<readonly string[]> {
	const { status, stderr } = runtime("delete", "--force", id);
	const failed = status === 0 && stderr === "" ? [] : [`clearing up: status ${status}, ${stderr}`];
	return [...failed, ...(await residue.clear()).map((one) => `left: ${one}`)];
}

/** Calls the verb with each of the options; findings are told with their values. */
async function sweep<Value>(
	{ call }: Trial,
	verbs: readonly Verb[],
	values: readonly Value[],
	want: (value: Value) => Want,
): Promise<void> {
	const findings: string[] = [];
	for (const verb of verbs) {
		for (const value of values) {
			const found = await call(verb, want(value));
			findings.push(...found.map((one) => `${verb} with ${value}: ${one}`));
		}
	}
	expect(findings).toEqual([]);
}

const limited = (flag: string, told: RegExp): Want => ({ options: { through: ["prlimit", flag] }, told });

const all: readonly Verb[] = ["create", "start", "exec", "update", "delete"];
const numbers = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, each) => first + each);

describe("a verb works, or says that its caller lacks", { timeout: 120_000 }, () => {
	test("address space", async ({ trial }) => {
		const tried = trial();
		// with less, the kernel cannot load the program at all
		const least = statSync(runtimeProgram).size;
		const values = numbers(1, 8).map((step) => least + step * 96 * 1024);
		await sweep(tried, all, values, (bytes) => limited(`--as=${bytes}`, lack.memory));
		expect({ done: tried.done() > 5, failed: tried.failed() > 5 }).toEqual({ done: true, failed: true });
	});

	test("descriptors", async ({ trial }) => {
		const tried = trial();
		const want = (count: number) => limited(`--nofile=${count}:4096`, lack.descriptors);
		await sweep(tried, ["create", "exec"], numbers(3, 20), want);
		await sweep(tried, ["start", "update", "delete"], numbers(3, 9), want);
		expect({ done: tried.done() > 5, failed: tried.failed() > 5 }).toEqual({ done: true, failed: true });
	});

	test("room in each file", async ({ trial }) => {
		const tried = trial();
		// less, and the error has no room on stderr
		const values = [512, 1024, 2048, 8192];
		await sweep(tried, all, values, (bytes) => limited(`--fsize=${bytes}`, lack.room));
		expect({ done: tried.done() > 5, failed: tried.failed() > 0 }).toEqual({ done: true, failed: true });
	});

	test("processes", async ({ trial, folder, skip }) => {
		needs(skip, "cgroup v1");
		const cgroup = join("/sys/fs/cgroup/pids", `${basename(folder)}-few`);
		mkdirSync(cgroup);
		const script = `echo $$ > ${cgroup}/cgroup.procs; echo "$0" > ${cgroup}/pids.max; exec "$@"`;
		const tried = trial();
		const want = (most: number) => ({ options: { through: ["sh", "-c", script, String(most)] }, told: lack.processes });
		await sweep(tried, ["create", "exec"], numbers(1, 4), want);
		expect({ done: tried.done() > 1, failed: tried.failed() > 1 }).toEqual({ done: true, failed: true });
		rmdirSync(cgroup);
	});

	test("is told by the id and the hint of it", ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun");
		const log = join(folder, "log");
		const through = ["prlimit", "--nofile=6:4096"];
		const call = ["--log", log, "--log-format", "json", "create", "--bundle", makeBundle(), newId()];
		expect(runtime.with({ through }, ...call)).toMatchObject({ status: 1, stdout: "" });
		expect(JSON.parse(readFileSync(log, "utf8").trimEnd().split("\n").at(-1) ?? "")).toMatchObject({
			level: "error",
			id: "exhausted",
			errno: "EMFILE",
			hint: expect.stringContaining("ulimit -n"),
		});
	});
});

describe("a disk is full", { timeout: 120_000 }, () => {
	const command = (name: string, ...words: string[]) => expect(spawnSync(name, words).status).toBe(0);

	/** A file system of 16 pages; the result fills it up to so many of them, and empties it. */
	const makeDisk = (directory: string) => {
		mkdirSync(directory, { recursive: true });
		command("mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", directory);
		const filler = join(directory, "filler");
		const empty = () => rmSync(filler, { force: true });
		const fill = (left: number) => {
			empty();
			const pages = statfsSync(directory).bavail - left;
			if (pages > 0) writeFileSync(filler, new Uint8Array(pages * 4096));
		};
		return { fill, empty };
	};

	test("where the state goes", async ({ runtime, trial }) => {
		const { fill, empty } = makeDisk(runtime.root);
		const tried = trial();
		const want = (left: number) => ({ begin: () => fill(left), end: empty, told: lack.room });
		await sweep(tried, all, numbers(0, 4), want).finally(() => command("umount", runtime.root));
		expect({ done: tried.done() > 5, failed: tried.failed() > 2 }).toEqual({ done: true, failed: true });
	});

	test("where the pid file goes: create fails, and leaves no file and no container", async ({
		runtime,
		makeBundle,
		newId,
		folder,
		skip,
	}) => {
		needs(skip, "tsrun");
		const disk = join(folder, "disk");
		const { fill } = makeDisk(disk);
		fill(0);
		const create = runtime("create", "--bundle", makeBundle(), "--pid-file", join(disk, "pid"), newId());
		const names = readdirSync(disk);
		command("umount", disk);
		expect(create).toMatchObject({ status: 1, stderr: expect.stringMatching(/pid file.*no space left on device/) });
		expect(names).toEqual(["filler"]);
		expect(containersIn(runtime.root)).toEqual([]);
	});

	test("where the log and the container's output go: the container is made all the same", ({
		runtime,
		makeBundle,
		newId,
		folder,
		skip,
	}) => {
		needs(skip, "tsrun");
		const disk = join(folder, "disk");
		const { fill } = makeDisk(disk);
		fill(0);
		const id = newId();
		const script = `exec "$@" > ${disk}/output`;
		const options = { through: ["sh", "-c", script, "sh"] };
		const log = ["--log", join(disk, "log"), "--debug"];
		const run = runtime.with(options, ...log, "run", "--detach", "--bundle", makeBundle(), id);
		const { status } = stateOf(runtime, id);
		runtime("delete", "--force", id);
		command("umount", disk);
		expect({ run: run.status, status }).toEqual({ run: 0, status: "running" });
	});

	test("where the trace goes", ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun");
		const disk = join(folder, "disk");
		const { fill } = makeDisk(disk);
		fill(0);
		const run = runtime(`--trace=${disk}/trace`, "run", "--bundle", makeBundle(), newId());
		command("umount", disk);
		expect(run).toMatchObject({ status: 1, stderr: expect.stringMatching(/^write trace file .*no space left/) });
	});
});
