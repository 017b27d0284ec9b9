/** kill: which signal reaches whom, in every state of the container. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { test } from "../support/e2e.js";
import { failed, failureOf } from "../support/failure.js";
import { hoppers, shareHostPids } from "../support/hoppers.js";
import { probe } from "../support/paths.js";
import type { RunResult, Runtime } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { awaitStatus, isAlive, stateOf } from "../support/status.js";
import { waitFor } from "../support/wait.js";
import { watch } from "../support/watched.js";

const silent = { status: 0, stdout: "", stderr: "" };

/** Waits until the container has printed all of this. */
function prints(container: RunResult, text: string): Promise<boolean> {
	return waitFor(() => container.later().stdout === text, { what: `${JSON.stringify(text)} from the container` });
}

function processesOf(runtime: Runtime, id: string): number[] {
	return JSON.parse(runtime("ps", "--format", "json", id).stdout) ?? [];
}

describe("the signal", () => {
	for (const signal of ["USR1", "SIGUSR1", "usr1", "sigusr1", "10"]) {
		test(`may be written ${signal}`, async ({ runtime, makeBundle, newId }) => {
			const id = newId();
			const run = runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "trap", "USR1=0"] }), id);
			await prints(run, "ready\n");
			expect(runtime("kill", id, signal)).toMatchObject(silent);
			await prints(run, "ready\nUSR1\n");
			await awaitStatus(runtime, id, "stopped");
			runtime("delete", id);
		});
	}

	test("is TERM when none is named, or an empty one", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const run = runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "trap", "TERM"] }), id);
		await prints(run, "ready\n");
		expect(runtime("kill", id)).toMatchObject(silent);
		await prints(run, "ready\nTERM\n");
		expect(runtime("kill", id, "")).toMatchObject(silent);
		await prints(run, "ready\nTERM\nTERM\n");
		runtime("delete", "--force", id);
	});

	test("may be a real-time signal by name", async ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun"); // runc knows only their numbers
		const id = newId();
		const run = runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "trap", "37=0"] }), id);
		await prints(run, "ready\n");
		expect(runtime("kill", id, "RTMIN+3")).toMatchObject(silent);
		await awaitStatus(runtime, id, "stopped");
		runtime("delete", id);
	});

	test("is refused when nobody knows it", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle(), id);
		for (const signal of ["NOSUCH", "-1", "999"]) {
			expect(failureOf(runtime("kill", id, signal)).status, signal).toBe(1);
		}
		expect(failureOf(runtime("kill", id, "NOSUCH"))).toEqual(failed('unknown signal "NOSUCH"'));
		expect(stateOf(runtime, id).status).toBe("running");
		runtime("delete", "--force", id);
	});
});

describe("kill of a container that is", () => {
	test("unknown is refused, with --all too", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		const unknown = newId();
		expect(failureOf(runtime("kill", unknown, "9"))).toEqual(failed("container does not exist"));
		expect(failureOf(runtime("kill", "--all", unknown, "9"))).toEqual(failed("container does not exist"));
		runtime("delete", "--force", id);
	});

	test("created and gets 0 only asks whether it is there", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		expect(runtime("kill", id, "0")).toMatchObject(silent);
		expect(stateOf(runtime, id).status).toBe("created");
		runtime("delete", "--force", id);
	});

	for (const signal of ["KILL", "TERM", "INT", "HUP"]) {
		test(`created ends by ${signal}, without having run its program`, async ({ runtime, makeBundle, newId }) => {
			const id = newId();
			const create = runtime("create", "--bundle", makeBundle({ args: ["/bin/echo", "ran"] }), id);
			expect(runtime("kill", id, signal)).toMatchObject(silent);
			await awaitStatus(runtime, id, "stopped");
			expect(create.later().stdout).toBe("");
			runtime("delete", id);
		});
	}

	test("stopped is refused, but not with --all", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ args: ["/bin/true"] }), id);
		await awaitStatus(runtime, id, "stopped");
		for (const signal of ["TERM", "9", "0"]) {
			expect(failureOf(runtime("kill", id, signal))).toEqual(failed("container not running"));
		}
		expect(runtime("kill", "--all", id, "9")).toMatchObject(silent);
		expect(runtime("kill", "-a", id, "15")).toMatchObject(silent);
		runtime("delete", id);
	});
});

describe("--all", () => {
	test("reaches every process", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const script = "/probe trap USR1 & /probe trap USR1 & trap : USR1; while :; do wait; done";
		const run = runtime("run", "--detach", "--bundle", makeBundle({ args: ["/bin/sh", "-c", script] }), id);
		await prints(run, "ready\nready\n");
		expect(runtime("kill", "--all", id, "USR1")).toMatchObject(silent);
		await prints(run, "ready\nready\nUSR1\nUSR1\n");
		runtime("delete", "--force", id);
	});
});

describe("a paused container", () => {
	for (const all of [[], ["--all"]]) {
		test(`dies of KILL${all.length ? " with --all" : ""}`, async ({ runtime, makeBundle, newId }) => {
			const id = newId();
			runtime("run", "--detach", "--bundle", makeBundle(), id);
			runtime("pause", id);
			expect(runtime("kill", ...all, id, "KILL")).toMatchObject(silent);
			await awaitStatus(runtime, id, "stopped");
			expect(runtime("delete", id)).toMatchObject(silent);
		});
	}

	test("gets any other signal when it is resumed", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const run = runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "trap", "TERM=0"] }), id);
		await prints(run, "ready\n");
		runtime("pause", id);
		expect(runtime("kill", id, "TERM")).toMatchObject(silent);
		expect(stateOf(runtime, id).status).toBe("paused");
		runtime("resume", id);
		await prints(run, "ready\nTERM\n");
		await awaitStatus(runtime, id, "stopped");
		runtime("delete", id);
	});
});

describe("in the host's pid namespace", () => {
	const family = "/probe sleep & /probe sleep & /bin/echo ready; exec /probe sleep";

	test("KILL reaches every process", async ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun"); // runc 1.1 needs --all for it
		const id = newId();
		const bundle = makeBundle({ args: ["/bin/sh", "-c", family], patch: shareHostPids });
		const run = runtime("run", "--detach", "--bundle", bundle, id);
		await prints(run, "ready\n");
		const pids = processesOf(runtime, id);
		expect(pids.length).toBe(3);
		expect(runtime("kill", id, "KILL")).toMatchObject(silent);
		await waitFor(() => !pids.some(isAlive), { what: "all processes to end" });
		expect(runtime("delete", id)).toMatchObject(silent);
	});

	test("TERM is for the first process alone", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const bundle = makeBundle({ args: ["/bin/sh", "-c", family], patch: shareHostPids });
		const run = runtime("run", "--detach", "--bundle", bundle, id);
		await prints(run, "ready\n");
		const { pid } = stateOf(runtime, id);
		const others = processesOf(runtime, id).filter((one) => one !== pid);
		expect(runtime("kill", id, "TERM")).toMatchObject(silent);
		await awaitStatus(runtime, id, "stopped");
		expect(others.every(isAlive)).toBe(true);
		expect(runtime("delete", "--force", id)).toMatchObject({ status: 0, stdout: "" });
		expect(others.some(isAlive)).toBe(false);
	});

	test("--all KILL reaches those who fork all the time, as soon as they are born", async ({
		runtime,
		makeBundle,
		newId,
	}) => {
		const id = newId();
		const run = runtime("run", "--detach", "--bundle", makeBundle(hoppers()), id);
		await prints(run, "ready\n");
		expect(runtime("kill", "--all", id, "KILL")).toMatchObject(silent);
		await awaitStatus(runtime, id, "stopped");
		await waitFor(() => processesOf(runtime, id).length === 0, { what: "all to have ended", deadline: 1000 });
		runtime("delete", id);
	});

	for (const kill of [["kill"], ["kill", "--all"]]) {
		test(`${kill.join(" ")} KILL reaches those whom the first process left behind`, async ({
			runtime,
			makeBundle,
			newId,
			skip,
		}) => {
			if (kill.length === 1) needs(skip, "tsrun"); // runc 1.1 needs --all for it
			const id = newId();
			const bundle = makeBundle({ args: ["/bin/sh", "-c", "/probe sleep & /probe sleep &"], patch: shareHostPids });
			runtime("run", "--detach", "--bundle", bundle, id);
			await awaitStatus(runtime, id, "stopped");
			const left = processesOf(runtime, id);
			expect(left.length).toBe(2);
			expect(runtime(...kill, id, "KILL")).toMatchObject(silent);
			await waitFor(() => !left.some(isAlive), { what: "those left behind to end" });
			expect(runtime("delete", id)).toMatchObject(silent);
		});
	}

	test("delete ends those whom the first process left behind", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const bundle = makeBundle({ args: ["/bin/sh", "-c", "/probe sleep & /probe sleep &"], patch: shareHostPids });
		runtime("run", "--detach", "--bundle", bundle, id);
		await awaitStatus(runtime, id, "stopped");
		const left = processesOf(runtime, id);
		expect(left.length).toBe(2);
		expect(runtime("delete", id)).toMatchObject({ status: 0, stdout: "" });
		expect(left.some(isAlive)).toBe(false);
	});
});

describe("a pid that another process has by now", () => {
	test("is not signalled: the recorded start time tells", async ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun"); // the record is tsrun's own
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		const { pid } = stateOf(runtime, id);
		runtime("kill", id, "KILL");
		await awaitStatus(runtime, id, "stopped");
		const bystander = watch("the bystander", probe, ["print-ready-then-wait"]);
		await bystander.prints("ready");
		const file = join(runtime.root, id, "state.json");
		writeFileSync(file, readFileSync(file, "utf8").replace(`"pid":${pid}`, `"pid":${bystander.pid}`));
		expect(stateOf(runtime, id)).toMatchObject({ status: "stopped", pid: 0 });
		expect(failureOf(runtime("kill", id, "KILL"))).toEqual(failed("container not running"));
		expect(runtime("delete", "--force", id)).toMatchObject(silent);
		expect(isAlive(bystander.pid)).toBe(true);
		bystander.signal("SIGKILL");
		await bystander.ended();
	});
});
