/** Operations that a container's status does not allow: told with what helps, and the container is as it was. */
import { describe, expect } from "vitest";
import { test } from "../support/e2e.js";
import { programName } from "../support/failure.js";
import { refusal } from "../support/refusal.js";
import type { Runtime } from "../support/runtime.js";
import { awaitStatus, stateOf } from "../support/status.js";

type Status = "created" | "running" | "paused" | "stopped";

/** What is refused, by status: the words before and after the id, the message, and a hint. */
const refused: Record<Status, [verb: string[], message: string, hint?: RegExp][]> = {
	created: [[["resume", "ID"], "container not paused"]],
	running: [
		[["start", "ID"], "cannot start an already running container"],
		[["delete", "ID"], "cannot delete container ID that is not stopped: running", /kill ID TERM.*delete --force/],
		[["resume", "ID"], "container not paused"],
	],
	paused: [
		[["delete", "ID"], "cannot delete container ID that is not stopped: paused", /delete --force/],
		[
			["exec", "ID", "/bin/true"],
			"exec failed: cannot exec in a paused container (use --ignore-paused to override)",
			/resume it first/,
		],
	],
	stopped: [
		[["start", "ID"], "cannot start a container that has stopped", /delete it and create a new one/],
		[["kill", "ID", "TERM"], "container not running"],
		[["pause", "ID"], "container not running"],
		[["resume", "ID"], "container not paused"],
		[["exec", "ID", "/bin/true"], "exec failed: cannot exec in a stopped container", /start a new one/],
	],
};

async function bringTo(runtime: Runtime, status: Status, bundle: string, id: string): Promise<void> {
	runtime("create", "--bundle", bundle, id);
	if (status === "created") return;
	runtime("start", id);
	if (status === "paused") runtime("pause", id);
	if (status === "stopped") runtime("kill", id, "KILL");
	await awaitStatus(runtime, id, status);
}

for (const [status, calls] of Object.entries(refused) as [Status, (typeof refused)[Status]][]) {
	describe(`of a ${status} container is refused`, () => {
		for (const [words, message, hint] of calls) {
			test(words.join(" "), async ({ runtime, makeBundle, newId, folder }) => {
				const id = newId();
				await bringTo(runtime, status, makeBundle(), id);
				const before = stateOf(runtime, id);
				const call = refusal(runtime, folder, ...words.map((word) => (word === "ID" ? id : word)));
				expect(call).toMatchObject({
					status: words[0] === "exec" ? 255 : 1,
					stdout: "",
					message: message.replace("ID", id),
				});
				if (programName === "tsrun") {
					expect(call.line).toMatchObject({ id: "container-status", object: id });
					if (hint) expect(call.line.hint?.replaceAll(id, "ID")).toMatch(hint);
				}
				expect(stateOf(runtime, id)).toEqual(before);
				runtime("delete", "--force", id);
			});
		}
	});
}

describe("of an unknown container is refused", () => {
	for (const words of [
		["state", "ID"],
		["start", "ID"],
		["kill", "ID", "9"],
		["kill", "--all", "ID", "9"],
		["delete", "ID"],
		["pause", "ID"],
		["resume", "ID"],
		["ps", "--format", "json", "ID"],
		["exec", "ID", "/bin/true"],
		["update", "--pids-limit", "5", "ID"],
	]) {
		test(words.join(" "), ({ runtime, newId, folder }) => {
			const id = newId();
			const call = refusal(runtime, folder, ...words.map((word) => (word === "ID" ? id : word)));
			const isExec = words[0] === "exec";
			expect(call).toMatchObject({
				status: isExec ? 255 : 1,
				stdout: "",
				message: `${isExec ? "exec failed: " : ""}container does not exist`,
			});
			if (programName !== "tsrun") return;
			expect(call.line).toMatchObject({ id: "container-missing", object: id, hint: expect.stringContaining("--root") });
		});
	}
});
