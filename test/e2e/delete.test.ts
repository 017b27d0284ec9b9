/** delete: what create made is gone afterwards, whatever became of the container meanwhile. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { BundleOptions } from "../support/bundle.js";
import { test } from "../support/e2e.js";
import { failed, failureOf } from "../support/failure.js";
import type { Runtime } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { awaitStatus, isAlive, stateOf } from "../support/status.js";
import { waitFor } from "../support/wait.js";

const silent = { status: 0, stdout: "", stderr: "" };

describe("delete", () => {
	test("removes a stopped container, whose id may be used again", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const bundle = makeBundle({ args: ["/bin/true"] });
		for (let round = 0; round < 2; round++) {
			expect(runtime("run", "--detach", "--bundle", bundle, id)).toMatchObject(silent);
			await awaitStatus(runtime, id, "stopped");
			expect(runtime("delete", id)).toMatchObject(silent);
			expect(failureOf(runtime("state", id))).toEqual(failed("container does not exist"));
		}
	});

	test("kills a created container first", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		const { pid } = stateOf(runtime, id);
		expect(runtime("delete", id)).toMatchObject(silent);
		expect(isAlive(pid)).toBe(false);
	});

	test("refuses a running container and leaves it alone", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle(), id);
		const before = stateOf(runtime, id);
		expect(failureOf(runtime("delete", id))).toEqual(
			failed(`cannot delete container ${id} that is not stopped: running`),
		);
		expect(stateOf(runtime, id)).toEqual(before);
		runtime("delete", "--force", id);
	});

	test("with --force kills a running container and all that it started", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "fork-orphans", "3"] }), id);
		const pids = JSON.parse(runtime("ps", "--format", "json", id).stdout) as number[];
		expect(runtime("delete", "--force", id)).toMatchObject(silent);
		expect(pids.filter(isAlive)).toEqual([]);
	});

	test("refuses an unknown container, but not with --force", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		const unknown = newId();
		expect(failureOf(runtime("delete", unknown))).toEqual(failed("container does not exist"));
		expect(runtime("delete", "--force", unknown)).toMatchObject(silent);
		expect(stateOf(runtime, id).status).toBe("created");
		runtime("delete", "--force", id);
	});

	test("is content with --force when not even the root is there", ({ runtime, newId }) => {
		expect(existsSync(runtime.root)).toBe(false);
		expect(runtime("delete", "--force", newId())).toMatchObject(silent);
	});

	test("works when the bundle has gone", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const bundle = makeBundle({ args: ["/bin/true"] });
		runtime("run", "--detach", "--bundle", bundle, id);
		await awaitStatus(runtime, id, "stopped");
		rmSync(bundle, { recursive: true });
		expect(runtime("delete", id)).toMatchObject(silent);
	});
});

describe("delete of a container that never was complete", () => {
	test("removes an empty state directory", ({ runtime, newId }) => {
		const id = newId();
		mkdirSync(join(runtime.root, id), { recursive: true, mode: 0o700 });
		expect(runtime("delete", "--force", id)).toMatchObject(silent);
		expect(readdirSync(runtime.root)).toEqual([]);
	});

	test("goes by the journal when state.json is damaged", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun"); // runc gives up
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		const { pid } = stateOf(runtime, id);
		writeFileSync(join(runtime.root, id, "state.json"), '{"id": "');
		expect(failureOf(runtime("state", id))).toEqual(failed(expect.stringMatching(/state\.json is damaged$/)));
		expect(runtime("delete", "--force", id)).toMatchObject({ status: 0, stdout: "" });
		expect(isAlive(pid)).toBe(false);
	});

	test("undoes what a killed create had done, and ends its process", async ({
		runtime,
		makeBundle,
		newId,
		folder,
		skip,
	}) => {
		needs(skip, "tsrun"); // runc forgets what it had begun
		const { id, create, endHook } = await createThatHangs({ runtime, makeBundle, newId, folder });
		create.signal("SIGKILL");
		await create.ended();
		endHook();
		expect(stateOf(runtime, id).status).toBe("stopped");
		expect(failureOf(runtime("start", id))).toEqual(failed(`container ${id} was never completely created`));
		expect(runtime("delete", "--force", id)).toMatchObject(silent);
	});

	test("waits for no creator: with --force it ends that one too", async ({
		runtime,
		makeBundle,
		newId,
		folder,
		skip,
	}) => {
		needs(skip, "tsrun"); // runc does not know the container yet
		const { id, create, endHook } = await createThatHangs({ runtime, makeBundle, newId, folder });
		expect(stateOf(runtime, id).status).toBe("creating");
		expect(failureOf(runtime("start", id))).toEqual(failed(`container ${id} is still being created`));
		expect(failureOf(runtime("delete", id))).toEqual(
			failed(`cannot delete container ${id} that is not stopped: creating`),
		);
		expect(runtime("delete", "--force", id)).toMatchObject(silent);
		expect(await create.ended()).toMatchObject({ signal: "SIGKILL" });
		endHook();
	});
});

interface Surroundings {
	readonly runtime: Runtime;
	readonly makeBundle: (options: BundleOptions) => string;
	readonly newId: () => string;
	readonly folder: string;
}

/** A create whose createRuntime hook has begun and goes on until it is told to end. */
async function createThatHangs({ runtime, makeBundle, newId, folder }: Surroundings) {
	const id = newId();
	const [begun, end] = [join(folder, "begun"), join(folder, "end")];
	const script = `: > ${begun}; until [ -e ${end} ]; do sleep 0.01; done`;
	const bundle = makeBundle({
		patch: (config) => {
			config.hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", script], env: ["PATH=/usr/bin:/bin"] }] };
		},
	});
	const create = runtime.start({}, "create", "--bundle", bundle, id);
	await waitFor(() => existsSync(begun), { what: "the hook to begin" });
	return { id, create, endHook: () => writeFileSync(end, "") };
}
