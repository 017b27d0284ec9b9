/** signals: who is in a container, what each does with signals, and whether that is what then happens. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { test as base } from "../support/e2e.js";
import { failed, failureOf } from "../support/failure.js";
import { shareHostPids } from "../support/hoppers.js";
import { findLeaks } from "../support/leaks.js";
import type { RunResult, Runtime } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { awaitStatus, stateOf } from "../support/status.js";
import { waitFor } from "../support/wait.js";

const test = base.extend("only", { auto: true }, ({ skip }) => {
	needs(skip, "tsrun"); // a verb of its own
});

interface Process {
	readonly pid: number;
	readonly pidInside: number;
	readonly name: string;
	readonly role: string;
	readonly parent?: number;
	readonly state: string;
	readonly caught: readonly string[];
	readonly ignored: readonly string[];
	readonly blocked: readonly string[];
	readonly signals: readonly { readonly signal: string; readonly fromHost: string; readonly fromInside: string }[];
}

function processesOf(runtime: Runtime, id: string, ...signals: string[]): readonly Process[] {
	const { status, stdout, stderr } = runtime("signals", "--json", id, ...signals);
	expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
	return JSON.parse(stdout).processes;
}

function prints(container: RunResult, text: string): Promise<boolean> {
	return waitFor(() => container.later().stdout === text, { what: `${JSON.stringify(text)} from the container` });
}

describe("signals", () => {
	test("tells of the init what the program itself says", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const run = runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "trap", "TERM", "37"] }), id);
		await prints(run, "ready\n");
		expect(processesOf(runtime, id, "TERM", "RTMIN+3", "INT", "KILL")).toEqual([
			expect.objectContaining({
				pid: stateOf(runtime, id).pid,
				pidInside: 1,
				name: "probe",
				role: "init",
				caught: ["SIGTERM", "SIGRTMIN+3"],
				ignored: [],
				blocked: [],
				signals: [
					{ signal: "SIGTERM", number: 15, fromHost: "handler", fromInside: "handler" },
					{ signal: "SIGRTMIN+3", number: 37, fromHost: "handler", fromInside: "handler" },
					{ signal: "SIGINT", number: 2, fromHost: "dropped", fromInside: "dropped" },
					{ signal: "SIGKILL", number: 9, fromHost: "ends", fromInside: "dropped" },
				],
			}),
		]);
		runtime("delete", "--force", id);
	});

	test("tells children, orphans, zombies and those put in from each other", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const script = "/probe sleep & /probe zombie & echo ready; exec /probe sleep";
		const run = runtime("run", "--detach", "--bundle", makeBundle({ args: ["/bin/sh", "-c", script] }), id);
		await waitFor(() => run.later().stdout.includes("ready\n"), { what: "the container" });
		runtime("exec", "--detach", id, "/probe", "sleep");
		runtime("exec", id, "/bin/sh", "-c", "/probe sleep >/dev/null 2>&1 &");
		const roles = () => processesOf(runtime, id).map(({ role, state }) => (state === "Z" ? "zombie" : role));
		await waitFor(() => roles().includes("zombie") && roles().includes("adopted"), { what: "all to be there" });
		expect(roles().sort()).toEqual(["adopted", "child", "child", "init", "joined", "zombie"]);
		runtime("delete", "--force", id);
	});

	test("speaks of a container in the host's pid namespace as what it is", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ patch: shareHostPids }), id);
		const [process] = processesOf(runtime, id, "TERM");
		expect(process).toMatchObject({ role: "init", signals: [{ fromHost: "ends", fromInside: "ends" }] });
		expect(process?.pidInside).toBe(process?.pid);
		expect(runtime("signals", id).stdout).toMatch(/in a PID namespace that others are in as well\./);
		runtime("delete", "--force", id);
	});

	test("has words for people, in every state but stopped", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		expect(runtime("signals", id)).toMatchObject({
			status: 0,
			stdout: expect.stringContaining("has not been started"),
		});
		runtime("start", id);
		expect(runtime("signals", id).stdout).toMatch(/^ {2}HUP INT QUIT TERM USR1 USR2 +dropped +dropped$/m);
		runtime("pause", id);
		expect(runtime("signals", id)).toMatchObject({ status: 0, stdout: expect.stringContaining("It is paused") });
		runtime("kill", id, "KILL");
		await awaitStatus(runtime, id, "stopped");
		expect(failureOf(runtime("signals", id))).toEqual(failed("container not running"));
		runtime("delete", id);
	});
});

describe("signals --try", () => {
	interface Outcome {
		readonly from: string;
		readonly foretold: string;
		readonly observed: string;
		readonly agrees: boolean;
	}

	function tried(runtime: Runtime, id: string, signal: string): readonly Outcome[] {
		const { status, stdout, stderr } = runtime("signals", "--try", signal, "--json", id);
		expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
		return JSON.parse(stdout).trials;
	}

	for (const [signal, host, inside] of [
		["INT", "dropped lives", "dropped lives"],
		["TERM", "handler ended", "handler ended"],
		["KILL", "ends ended", "dropped lives"],
		["STOP", "stops stopped", "dropped lives"],
		["WINCH", "nothing lives", "nothing lives"],
	]) {
		test(`${signal}: ${host} from the host, ${inside} from inside, and the original does not notice`, async ({
			runtime,
			makeBundle,
			newId,
			folder,
		}) => {
			const id = newId();
			const run = runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "trap", "TERM=0"] }), id);
			await prints(run, "ready\n");
			const before = { state: stateOf(runtime, id), leaks: findLeaks(folder) };
			const outcomes = tried(runtime, id, signal as string);
			expect(outcomes.map(({ foretold, observed }) => `${foretold} ${observed}`)).toEqual([host, inside]);
			expect(outcomes.every(({ agrees }) => agrees)).toBe(true);
			expect({ state: stateOf(runtime, id), leaks: findLeaks(folder) }).toEqual(before);
			expect(run.later().stdout).toBe("ready\n");
			runtime("delete", "--force", id);
		});
	}

	test("copies what the command line added: the built-in init", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--init", "--detach", "--bundle", makeBundle(), id);
		await waitFor(() => processesOf(runtime, id).length === 2, { what: "the init and the program" });
		const ended = {
			observed: "ended",
			status: 143 << 8,
			settled: true,
			foretold: expect.stringMatching(/awaited|held/),
		};
		expect(tried(runtime, id, "TERM")).toEqual([
			{ from: "host", agrees: true, ...ended },
			{ from: "inside", agrees: true, ...ended },
		]);
		runtime("delete", "--force", id);
	});

	test("does it once in the host's pid namespace, where there is no inside", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ patch: shareHostPids }), id);
		expect(tried(runtime, id, "TERM")).toEqual([
			{ from: "host", foretold: "ends", observed: "ended", status: 15, agrees: true, settled: true },
		]);
		runtime("delete", "--force", id);
	});

	test("lets the copy write to a file system of its own, and to nothing of the original's", async ({
		runtime,
		makeBundle,
		newId,
		folder,
	}) => {
		const id = newId();
		const hook = join(folder, "hooks-have-run");
		const patch = (config: BaseConfig) => {
			config.root.readonly = false;
			config.hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", `echo >>${hook}`] }] };
			config.mounts.push({ destination: "/data", type: "none", source: folder, options: ["bind", "rw"] });
		};
		// each start notes itself where it can, and handles TERM only where it could note itself in its root
		const script =
			"echo >>/tmp/starts && trap 'exit 5' TERM; echo >>/data/starts; echo ready; while :; do /probe sleep & wait; done";
		const bundle = makeBundle({ args: ["/bin/sh", "-c", script], patch });
		const run = runtime("run", "--detach", "--bundle", bundle, id);
		await prints(run, "ready\n");
		expect(tried(runtime, id, "TERM").map(({ observed }) => observed)).toEqual(["ended", "ended"]);
		const lines = (path: string) => readFileSync(path, "utf8").length;
		expect([lines(join(bundle, "rootfs/tmp/starts")), lines(join(folder, "starts")), lines(hook)]).toEqual([1, 1, 1]);
		runtime("delete", "--force", id);
	});

	test("is refused for what does not run, and a copy that ends by itself is told", async ({
		runtime,
		makeBundle,
		newId,
	}) => {
		const id = newId();
		const script = "[ -e /tmp/first ] || { mkdir /tmp/first; exec /probe sleep; }";
		const patch = ({ root }: BaseConfig) => {
			root.readonly = false;
		};
		runtime("create", "--bundle", makeBundle({ args: ["/bin/sh", "-c", script], patch }), id);
		expect(failureOf(runtime("signals", "--try", "TERM", id))).toEqual(
			failed(`container ${id} does not run, so there is nothing to copy`),
		);
		runtime("start", id);
		await waitFor(() => processesOf(runtime, id)[0]?.name === "probe", { what: "the program" });
		expect(failureOf(runtime("signals", "--try", "TERM", id))).toEqual(
			failed("the copy's program ended by itself, before it got the signal"),
		);
		expect(readdirSync(runtime.root)).toEqual([id]);
		runtime("delete", "--force", id);
	});

	test("that is interrupted clears up first", async ({ runtime, makeBundle, newId, folder }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle(), id);
		const before = findLeaks(folder);
		const attempt = runtime.start({}, "signals", "--try", "TERM", id);
		await waitFor(() => readdirSync(runtime.root).some((name) => name.startsWith(`${id}.try`) && !name.includes("~")), {
			what: "the copy",
		});
		attempt.signal("SIGINT");
		expect(await attempt.ended()).toMatchObject({ signal: "SIGINT", stdout: "" });
		expect(findLeaks(folder)).toEqual(before);
		runtime("delete", "--force", id);
	});

	test("that is killed leaves a copy that delete takes away", async ({ runtime, makeBundle, newId, folder }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle(), id);
		const before = findLeaks(folder);
		const attempt = runtime.start({}, "signals", "--try", "TERM", id);
		const copy = await waitFor(
			() => readdirSync(runtime.root).find((name) => name.startsWith(`${id}.try`) && !name.includes("~")),
			{ what: "the copy" },
		);
		attempt.signal("SIGKILL");
		await attempt.ended();
		expect(runtime("delete", "--force", copy)).toMatchObject({ status: 0, stderr: "" });
		await waitFor(() => JSON.stringify(findLeaks(folder)) === JSON.stringify(before), { what: "nothing to be left" });
		runtime("delete", "--force", id);
	});
});
