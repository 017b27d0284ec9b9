/** Two callers at once: of racing creates, starts and deletes exactly one wins, and nobody hangs. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { test } from "../support/e2e.js";
import { runtimeProgram } from "../support/paths.js";
import type { Runtime } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { awaitStatus, stateOf } from "../support/status.js";
import { waitFor } from "../support/wait.js";

const rounds = 5;

/** Starts the same call several times at once; the messages of those that failed. */
async function race(runtime: Runtime, folder: string, ...args: string[]): Promise<string[]> {
	const calls = [1, 2, 3].map(async (number) => {
		const log = join(folder, `${args.join("-").replaceAll("/", "_")}.${number}.log`);
		const words = ["--root", runtime.root, "--log", log, "--log-format", "json", ...args];
		// no pipes: a created container would keep them open
		const env = { PATH: process.env.PATH, TSRUN_E2E: folder };
		const [status] = await once(spawn(runtimeProgram, words, { stdio: "ignore", env }), "exit");
		return status === 0 ? [] : [lastMessage(log)];
	});
	return (await Promise.all(calls)).flat();
}

function lastMessage(log: string): string {
	return JSON.parse(readFileSync(log, "utf8").trimEnd().split("\n").at(-1) ?? "").msg;
}

describe("of racing", () => {
	test("starts one wins, and the program runs once", async ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun"); // with runc the others may wait at its fifo for ever
		const bundle = makeBundle({ args: ["/probe", "print-ready-then-wait"] });
		for (let round = 0; round < rounds; round++) {
			const id = newId();
			const create = runtime("create", "--bundle", bundle, id);
			const known = "cannot start an already running container";
			expect(await race(runtime, folder, "start", id)).toEqual([known, known]);
			await waitFor(() => create.later().stdout !== "", { what: "the program to run" });
			expect(create.later().stdout).toBe("ready\n");
			expect(stateOf(runtime, id).status).toBe("running");
			runtime("delete", "--force", id);
		}
	});

	test("creates of one id one wins, and its container is whole", async ({
		runtime,
		makeBundle,
		newId,
		folder,
		skip,
	}) => {
		needs(skip, "tsrun"); // with runc they may fail all, or share the cgroup
		const bundle = makeBundle();
		for (let round = 0; round < rounds; round++) {
			const id = newId();
			const taken = "tsrun create failed: container with given ID already exists";
			expect(await race(runtime, folder, "create", "--bundle", bundle, id)).toEqual([taken, taken]);
			expect(stateOf(runtime, id).status).toBe("created");
			expect(runtime("start", id).status).toBe(0);
			expect(runtime("delete", "--force", id)).toMatchObject({ status: 0, stderr: "" });
		}
	});

	test("deletes one wins, the others find nothing", async ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun"); // with runc several may claim the deed
		const bundle = makeBundle({ args: ["/bin/true"] });
		for (let round = 0; round < rounds; round++) {
			const id = newId();
			runtime("run", "--detach", "--bundle", bundle, id);
			await awaitStatus(runtime, id, "stopped");
			expect(await race(runtime, folder, "delete", id)).toEqual([
				"container does not exist",
				"container does not exist",
			]);
		}
	});

	test("forced deletes all are content", async ({ runtime, makeBundle, newId, folder }) => {
		const bundle = makeBundle();
		for (let round = 0; round < rounds; round++) {
			const id = newId();
			runtime("run", "--detach", "--bundle", bundle, id);
			expect(await race(runtime, folder, "delete", "--force", id)).toEqual([]);
		}
	});

	test("start and delete neither hangs, and nothing is left", async ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle();
		for (let round = 0; round < rounds; round++) {
			const id = newId();
			runtime("create", "--bundle", bundle, id);
			const calls = [runtime.start({}, "start", id), runtime.start({}, "delete", "--force", id)];
			const [, deleted] = await Promise.all(calls.map((call) => call.ended()));
			expect(deleted).toMatchObject({ status: 0, stderr: "" });
		}
	});
});
