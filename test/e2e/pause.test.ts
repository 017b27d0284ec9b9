/** pause and resume: the processes stop and go on, and what the other verbs make of a paused container. */
import { readFileSync } from "node:fs";
import { describe, expect } from "vitest";
import { test } from "../support/e2e.js";
import { failed, failureOf } from "../support/failure.js";
import { awaitStatus, stateOf } from "../support/status.js";
import { waitFor } from "../support/wait.js";

const silent = { status: 0, stdout: "", stderr: "" };
const counting = ["/bin/sh", "-c", "while :; do echo tick; /bin/busybox usleep 1000; done"];

/** Whether the processes of a v1 freezer cgroup, or of a v2 one, are where pause has left them. */
function isFrozen(pid: number): boolean {
	const cgroups = readFileSync(`/proc/${pid}/cgroup`, "utf8").split("\n");
	const v1 = cgroups.find((line) => line.split(":")[1] === "freezer")?.split(":")[2];
	if (v1 !== undefined) return readFileSync(`/sys/fs/cgroup/freezer${v1}/freezer.state`, "utf8") === "FROZEN\n";
	const v2 = cgroups.find((line) => line.startsWith("0::"))?.slice("0::".length);
	return readFileSync(`/sys/fs/cgroup${v2}/cgroup.events`, "utf8").includes("frozen 1");
}

describe("pause", () => {
	test("stops the processes until resume", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const run = runtime("run", "--detach", "--bundle", makeBundle({ args: counting }), id);
		await waitFor(() => run.later().stdout.includes("tick"), { what: "a tick" });
		expect(runtime("pause", id)).toMatchObject(silent);
		const { pid } = stateOf(runtime, id);
		expect(stateOf(runtime, id)).toMatchObject({ status: "paused" });
		expect(isFrozen(pid)).toBe(true);
		const paused = run.later().stdout.length;
		expect(runtime("resume", id)).toMatchObject(silent);
		expect(stateOf(runtime, id)).toMatchObject({ status: "running" });
		await waitFor(() => run.later().stdout.length > paused, { what: "a tick after resume" });
		runtime("delete", "--force", id);
	});

	test("works before the program has started", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("create", "--bundle", makeBundle({ args: ["/probe", "sleep"] }), id);
		expect(runtime("pause", id)).toMatchObject(silent);
		expect(stateOf(runtime, id)).toMatchObject({ status: "paused" });
		expect(runtime("resume", id)).toMatchObject(silent);
		expect(stateOf(runtime, id)).toMatchObject({ status: "created" });
		runtime("delete", "--force", id);
	});

	test("of a paused or a stopped container, and resume of a running one, are errors", async ({
		runtime,
		makeBundle,
		newId,
	}) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "sleep"] }), id);
		expect(failureOf(runtime("resume", id))).toEqual(failed("container not paused"));
		runtime("pause", id);
		expect(failureOf(runtime("pause", id))).toEqual(failed("container not running"));
		expect(runtime("exec", id, "/probe", "id")).toMatchObject({ status: 255 });
		expect(runtime("kill", id, "KILL")).toMatchObject(silent);
		await awaitStatus(runtime, id, "stopped");
		expect(failureOf(runtime("pause", id))).toEqual(failed("container not running"));
		expect(failureOf(runtime("resume", id))).toEqual(failed("container not paused"));
		runtime("delete", id);
	});

	test("does not keep delete --force from its work", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "sleep"] }), id);
		runtime("pause", id);
		expect(runtime("delete", "--force", id)).toMatchObject(silent);
	});
});
