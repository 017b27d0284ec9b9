/** ST: the state of a container (runtime.md#state), as `state` prints it and as hooks read it. */
import { readFileSync } from "node:fs";
import Ajv from "ajv";
import { expect } from "vitest";
import { test } from "../support/conformance.js";
import { awaitStatus, isAlive } from "../support/status.js";
import { waitFor } from "../support/wait.js";

test("ST-01 whoever created a container can use every operation on it afterwards", async ({
	runtime,
	makeBundle,
	newId,
}) => {
	const id = newId();
	const done = (...args: string[]) => expect(runtime(...args).status, args.join(" ")).toBe(0);
	done("create", "--bundle", makeBundle({ args: ["/probe", "trap", "TERM=0"] }), id);
	done("state", id);
	done("start", id);
	done("kill", id, "KILL");
	await awaitStatus(runtime, id, "stopped");
	done("delete", id);
});

test("ST-02 ociVersion is the version of the state, not the configuration's", ({ create }) => {
	const { state } = create({
		patch: (config) => {
			config.ociVersion = "1.0.0-rc5+custom";
		},
	});
	expect(state().ociVersion).toMatch(/^1\.\d+\.\d+(-dev)?$/);
});

test("ST-03 ST-05 the state has id and status", ({ create }) => {
	const { id, state } = create();
	expect(state()).toMatchObject({ id, status: "created" });
});

test("ST-04 an id belongs to one container only", ({ create, runtime, makeBundle }) => {
	const { id, state } = create();
	const before = state();
	expect(runtime("create", "--bundle", makeBundle(), id).status).not.toBe(0);
	expect(state()).toEqual(before);
});

test("ST-06 the status is creating in the hooks of create", ({ create, diary, withDiary }) => {
	create({ patch: withDiary("prestart", "createRuntime", "createContainer") });
	expect(diary.lines().map(({ state }) => state.status)).toEqual(["creating", "creating", "creating"]);
});

test("ST-07 the status is created after create, until start", ({ create, runtime }) => {
	const { id, state } = create();
	expect(state().status).toBe("created");
	runtime("start", id);
	expect(state().status).toBe("running");
});

test("ST-08 the status is running once the program has been executed, so also in poststart hooks", ({
	start,
	diary,
	withDiary,
}) => {
	const { state } = start({ patch: withDiary("poststart") });
	expect(diary.lines().map(({ state: seen }) => seen.status)).toEqual(["running"]);
	expect(state().status).toBe("running");
});

test("ST-09 the status is stopped once the process has exited, also while nobody has waited for it", async ({
	start,
	runtime,
}) => {
	const { id, pid } = start({ args: ["/probe", "print-ready-then-wait"] });
	runtime("kill", id, "KILL");
	await waitFor(() => !isAlive(pid), { what: "the process to be dead" });
	await awaitStatus(runtime, id, "stopped");
});

test("ST-10 paused is the only other status, for a frozen container", ({ start, runtime }) => {
	const { id, state } = start();
	expect(runtime("pause", id).status).toBe(0);
	expect(state().status).toBe("paused");
	expect(runtime("resume", id).status).toBe(0);
	expect(state().status).toBe("running");
});

test("ST-11 pid is that of the container's process while it is created or running", ({ create, runtime }) => {
	const { id, state } = create({ args: ["/probe", "sleep"] });
	const { pid } = state();
	expect(pid).toBeGreaterThan(0);
	runtime("start", id);
	expect(state().pid).toBe(pid);
	expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).toBe("/probe\0sleep\0");
});

test("ST-12 pid in hooks of the runtime namespace is the pid as the runtime sees it", ({ start, diary, withDiary }) => {
	const { pid } = start({ patch: withDiary("prestart", "createRuntime", "poststart") });
	expect(diary.lines().map(({ state }) => state.pid)).toEqual([pid, pid, pid]);
});

test("ST-13 pid in hooks of the container namespace is the pid as the container sees it", ({
	start,
	diary,
	withDiary,
}) => {
	start({ patch: withDiary("createContainer", "startContainer") });
	expect(diary.lines().map(({ state }) => state.pid)).toEqual([1, 1]);
});

test("ST-15 annotations are the configuration's, and absent or empty when there are none", ({ create }) => {
	const annotations = { "org.example.one": "1", "org.example.none": "" };
	const { state } = create({
		patch: (config) => {
			config.annotations = annotations;
		},
	});
	expect(state().annotations).toEqual(annotations);
	expect(create().state().annotations ?? {}).toEqual({});
});

test("ST-16 the state has the shape of state-schema.json, before, while and after the program runs", async ({
	create,
	runtime,
}) => {
	const validate = new Ajv().compile({
		type: "object",
		required: ["ociVersion", "id", "status", "bundle"],
		properties: {
			ociVersion: { type: "string" },
			id: { type: "string" },
			status: { enum: ["creating", "created", "running", "stopped"] },
			pid: { type: "integer", minimum: 0 },
			bundle: { type: "string" },
			annotations: { type: "object", additionalProperties: { type: "string" } },
		},
	});
	const { id, state } = create();
	const valid = () => expect(validate(state()), JSON.stringify(validate.errors)).toBe(true);
	valid();
	runtime("start", id);
	valid();
	runtime("kill", id, "KILL");
	await awaitStatus(runtime, id, "stopped");
	valid();
});

test("ST-17 the state has further members", ({ create }) => {
	const known = ["ociVersion", "id", "status", "pid", "bundle", "annotations"];
	expect(Object.keys(create().state()).filter((name) => !known.includes(name))).not.toEqual([]);
});
