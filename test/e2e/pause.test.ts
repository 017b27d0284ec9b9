/** pause and resume: the processes stop and go on, and what the other verbs make of a paused container. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect } from "vitest";
import { cgroupDirectory, hierarchyOf, isUnified, removeCgroup } from "../support/cgroups.js";
import { test } from "../support/e2e.js";
import { failed, failureOf } from "../support/failure.js";
import { needs } from "../support/skip.js";
import { awaitStatus, stateOf } from "../support/status.js";
import { waitFor } from "../support/wait.js";

/** The hierarchy in which processes are frozen. */
const freezer = isUnified() ? "" : "freezer";

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

	test("by somebody else, again and again, does not keep delete from its end", async ({
		runtime,
		makeBundle,
		newId,
		folder,
		skip,
	}) => {
		needs(skip, "tsrun");
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "sleep"] }), id);
		const [file, word] = isUnified() ? ["cgroup.freeze", "1"] : ["freezer.state", "FROZEN"];
		const state = join(cgroupDirectory(stateOf(runtime, id).pid, freezer), file);
		const rival = `for i in $(seq 100000); do echo ${word} > ${state}; done 2>/dev/null`;
		const ended = once(spawn("sh", ["-c", rival], { env: { PATH: process.env.PATH, TSRUN_E2E: folder } }), "exit");
		expect(runtime("delete", "--force", id)).toMatchObject(silent);
		await ended;
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

	test("is refused while a container lives in a cgroup below, which would stop as well", ({
		runtime,
		makeBundle,
		newId,
		folder,
		skip,
	}) => {
		// runc stops both
		needs(skip, "tsrun");
		const at = (path: string) => {
			const id = newId();
			const bundle = makeBundle({
				patch: ({ linux }) => {
					linux.cgroupsPath = path;
				},
			});
			expect(runtime("run", "--detach", "--bundle", bundle, id)).toMatchObject(silent);
			return id;
		};
		const path = `/${basename(folder)}-shared`;
		const outer = at(path);
		const inner = at(`${path}/inner`);
		expect(failureOf(runtime("pause", outer))).toEqual(
			failed(`container ${outer} shares its cgroup with container ${inner}`),
		);
		expect(stateOf(runtime, inner).status).toBe("running");
		expect(runtime("pause", inner)).toMatchObject(silent);
		expect(stateOf(runtime, outer).status).toBe("running");
		runtime("delete", "--force", inner);
		expect(runtime("pause", outer)).toMatchObject(silent);
		runtime("delete", "--force", outer);
	});

	test("is refused to a caller in the container's cgroup, who would stop in the middle", ({
		runtime,
		makeBundle,
		newId,
		skip,
	}) => {
		// runc stops itself, and waits for ever
		needs(skip, "tsrun");
		const id = newId();
		expect(runtime("run", "--detach", "--bundle", makeBundle(), id)).toMatchObject(silent);
		const procs = join(cgroupDirectory(stateOf(runtime, id).pid, freezer), "cgroup.procs");
		const through = ["sh", "-ec", 'echo 0 >"$0"; exec "$@"', procs];
		const { status, message } = failureOf(runtime.with({ through }, "pause", id));
		expect({ status, message }).toEqual({
			status: 1,
			message: expect.stringMatching(/the runtime itself is in that cgroup$/),
		});
		expect(stateOf(runtime, id).status).toBe("running");
		runtime("delete", "--force", id);
	});
});

describe("resume", () => {
	test("says so when a cgroup above is frozen, and nothing goes on", ({ runtime, makeBundle, newId, folder, skip }) => {
		// runc says nothing
		needs(skip, "tsrun");
		const id = newId();
		const above = `/${basename(folder)}-above`;
		const bundle = makeBundle({
			patch: ({ linux }) => {
				linux.cgroupsPath = `${above}/own`;
			},
		});
		expect(runtime("run", "--detach", "--bundle", bundle, id)).toMatchObject(silent);
		const file = join(hierarchyOf(freezer), above, freezer === "" ? "cgroup.freeze" : "freezer.state");
		const [frozen, thawed] = freezer === "" ? ["1", "0"] : ["FROZEN", "THAWED"];
		expect(runtime("pause", id)).toMatchObject(silent);
		writeFileSync(file, frozen);
		expect(failureOf(runtime("resume", id)).message).toMatch(/^thaw \S+: it is still frozen$/);
		writeFileSync(file, thawed);
		runtime("delete", "--force", id);
		removeCgroup(above);
	});
});
