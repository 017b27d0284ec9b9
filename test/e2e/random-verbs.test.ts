/**
 * Eight callers do whatever comes to their minds to the same two containers: statuses only go forward, each life has one
 * creator, one starter and one deleter, failures say why in known words, nobody hangs, nothing is left.
 */
import { mkdirSync } from "node:fs";
import { describe, expect, vi } from "vitest";
import { callAside } from "../support/aside.js";
import { test } from "../support/e2e.js";
import { randomFrom } from "../support/random.js";
import type { Runtime } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { sweepsAll } from "../support/sweep.js";
import type { Result } from "../support/watched.js";

const callers = 8;
/** Each is so many calls by one caller, one after the other. */
const sequences = sweepsAll ? 1000 : 24;
const callsInSequence = 10;

vi.setConfig({ testTimeout: sequences * 1000 + 60_000 });

const missing = /^container does not exist$/;
const incomplete = /^container \S+ (is still being created|was never completely created)$/;
const stopped = /^container not running$/;

/** With what each verb may fail: the status forbids it, or somebody else was faster. */
const refusals: Readonly<Record<string, readonly RegExp[]>> = {
	create: [/^tsrun create failed: container with given ID already exists$/],
	start: [
		missing,
		incomplete,
		/^cannot start (an already running|a) container( that has stopped)?$/,
		/^cannot start a paused/,
		/^the process was killed before it could execute its program$/,
	],
	kill: [missing, incomplete, stopped],
	delete: [missing, /^cannot delete container \S+ that is not stopped: (creating|running|paused)$/],
	state: [missing],
	ps: [missing, incomplete],
	update: [missing, incomplete, stopped],
	stop: [missing, incomplete],
	// the container may end at any moment of it
	exec: [/^exec failed: (?!internal error)/],
};

interface Done extends Result {
	readonly verb: string;
	readonly id: string;
}

interface Play {
	readonly runtime: Runtime;
	readonly folder: string;
	readonly ids: readonly string[];
	/** Words of each call, "ID" for one of the ids. */
	readonly calls: readonly (readonly string[])[];
}

/** All that was done, in the order of its ends. */
async function play({ runtime, folder, ids, calls }: Play, seed: number): Promise<readonly Done[]> {
	// list wants a root
	mkdirSync(runtime.root, { mode: 0o700 });
	const done: Done[] = [];
	let begun = 0;
	const sequence = async (random: () => number) => {
		const one = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
		for (let call = 0; call < callsInSequence; call++) {
			const id = one(ids);
			const words = one(calls).map((word) => (word === "ID" ? id : word));
			done.push({ ...(await callAside(runtime, folder, words, 8000)), verb: words[0] ?? "", id });
		}
	};
	const caller = async () => {
		// the generator's first numbers after small seeds are much alike
		while (begun < sequences) await sequence(randomFrom(Math.imul(seed + begun++, 2_654_435_761)));
	};
	await Promise.all(Array.from({ length: callers }, caller));
	console.log(
		`${callers} callers, ${sequences} sequences, ${done.length} calls, ${done.filter(({ status }) => status === 0).length} had their way`,
	);
	return done;
}

/** Failures that no refusal explains. */
function unexplained(done: readonly Done[]): readonly string[] {
	const known = ({ verb, status, stderr }: Done) => {
		// KILL was needed, of which it warns before
		if (verb === "stop" && [0, 124].includes(status ?? -1)) return /^(warning: .+\n)*$/.test(stderr);
		if (status === 0) return stderr === "";
		// its program was killed with the container
		if (verb === "exec" && status === 137) return stderr === "";
		return refusals[verb]?.some((refusal) => refusal.test(stderr.trimEnd()));
	};
	return done
		.filter((one) => !known(one))
		.map(({ verb, status, signal, stderr }) => `${verb} ${status ?? signal}: ${stderr}`);
}

const succeeded = (done: readonly Done[], verb: string, id: string) =>
	done.filter((one) => one.verb === verb && one.id === id && one.status === 0);

const ranks: Readonly<Record<string, number>> = { creating: 0, created: 1, running: 2, paused: 2, stopped: 3 };

/** Of one caller who looks again and again, statuses that no container can have had in that order. */
function backwards(looks: readonly Result[]): readonly string[] {
	const wrong: string[] = [];
	const last = new Map<string, string>();
	for (const { status, stdout } of looks) {
		if (status !== 0) continue;
		const state = JSON.parse(stdout);
		// each life has a birthday; before that nobody can have seen it but as being created
		const before = last.get(state.created) ?? "creating";
		const isNew = state.created === "";
		if (isNew ? state.status !== "creating" : (ranks[state.status] ?? -1) < (ranks[before] ?? 0)) {
			wrong.push(`${before}, then ${state.status} (${stdout})`);
		}
		if (!isNew) last.set(state.created, state.status);
	}
	return wrong;
}

describe("random calls of eight callers on two containers", () => {
	test("have one winner each, and every life goes forward", async ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun"); // runc's words differ, and its races have other ends
		const ids = [newId(), newId()];
		const calls = [
			["create", "--bundle", makeBundle(), "ID"],
			["create", "--bundle", makeBundle(), "ID"],
			["start", "ID"],
			["start", "ID"],
			["kill", "ID", "KILL"],
			["delete", "ID"],
			["delete", "ID"],
			["state", "ID"],
			["list"],
			["ps", "--format", "json", "ID"],
			["exec", "ID", "/bin/true"],
			["update", "--pids-limit", "50", "ID"],
			["stop", "--time", "1", "ID"],
		];
		const looks = new Map(ids.map((id) => [id, [] as Result[]]));
		let over = false;
		const watchers = ids.map(async (id) => {
			while (!over) looks.get(id)?.push(await callAside(runtime, folder, ["state", id]));
		});
		const done = await play({ runtime, folder, ids, calls }, Number(process.env.SEED ?? 1));
		over = true;
		await Promise.all(watchers);
		expect(unexplained(done)).toEqual([]);
		for (const id of ids) {
			const [created, started, deleted] = ["create", "start", "delete"].map((verb) => succeeded(done, verb, id).length);
			const left = runtime("state", id).status === 0 ? 1 : 0;
			expect({ id, deleted }).toEqual({ id, deleted: (created ?? 0) - left });
			expect(started).toBeLessThanOrEqual(created ?? 0);
			expect(created).toBeGreaterThan(1);
			expect(backwards(looks.get(id) ?? [])).toEqual([]);
			expect(runtime("delete", "--force", id)).toMatchObject({ status: 0, stderr: "" });
		}
	});

	test("leave nothing when they may also use force", async ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun"); // runc leaves cgroups and half-made containers behind
		const ids = [newId(), newId()];
		const bundle = makeBundle();
		const calls = [
			["create", "--bundle", bundle, "ID"],
			["run", "--detach", "--bundle", bundle, "ID"],
			["start", "ID"],
			["kill", "ID", "KILL"],
			["exec", "ID", "/bin/true"],
			["delete", "--force", "ID"],
			["delete", "ID"],
			["list"],
		];
		const done = await play({ runtime, folder, ids, calls }, Number(process.env.SEED ?? 1) + sequences);
		// what a forced delete interrupts may fail in any words; the deletes themselves may not
		const forced = done.filter(({ verb }) => verb === "delete" || verb === "list");
		expect(unexplained(forced)).toEqual([]);
		for (const id of ids) expect(runtime("delete", "--force", id)).toMatchObject({ status: 0, stderr: "" });
	});
});
