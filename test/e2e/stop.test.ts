/** stop: who is asked to end and how, what is told before and after, and who is killed in the end. */
import { readFileSync } from "node:fs";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { test as base } from "../support/e2e.js";
import { failureOf } from "../support/failure.js";
import { shareHostPids } from "../support/hoppers.js";
import type { RunResult } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { awaitStatus, isAlive, stateOf } from "../support/status.js";
import { waitFor } from "../support/wait.js";

const test = base.extend("only", { auto: true }, ({ skip }) => {
	needs(skip, "tsrun"); // others leave it to the engine
});

function prints(container: RunResult, text: string): Promise<boolean> {
	return waitFor(() => container.later().stdout === text, { what: `${JSON.stringify(text)} from the container` });
}

/** A duration, which no test may depend on. */
const some = String.raw`\d+(\.\d)? m?s`;

function withStopSignal(signal: string) {
	return (config: BaseConfig) => {
		config.annotations = { "org.opencontainers.image.stopSignal": signal };
	};
}

describe("a container that can react", () => {
	test("ends by TERM, and its exit status is told", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const run = runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "trap", "TERM=3"] }), id);
		await prints(run, "ready\n");
		const stop = runtime("stop", id);
		expect(stop).toMatchObject({ status: 0, stderr: "" });
		expect(stop.stdout).toMatch(new RegExp(`^${id}: ended( with exit status 3)?, ${some} after SIGTERM\n$`));
		expect(stateOf(runtime, id).status).toBe("stopped");
		expect(runtime("stop", id)).toMatchObject({ status: 0, stdout: `${id}: had stopped before\n`, stderr: "" });
		runtime("delete", id);
	});

	for (const [signal, flags] of [
		["QUIT", []],
		["SIGRTMIN+3", []],
		["12", []],
		["NONSENSE", ["--signal", "USR2"]],
	] as const) {
		test(`gets the signal of its annotation, ${signal}, unless another is asked for`, async ({
			runtime,
			makeBundle,
			newId,
		}) => {
			const id = newId();
			const args = ["/probe", "trap", "QUIT=0", "37=0", "12=0"];
			const bundle = makeBundle({ args, patch: withStopSignal(signal) });
			const run = runtime("run", "--detach", "--bundle", bundle, id);
			await prints(run, "ready\n");
			expect(runtime("stop", ...flags, id)).toMatchObject({ status: 0, stderr: "" });
			runtime("delete", id);
		});
	}

	test("is given as long as it takes with --time -1", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const run = runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "trap", "TERM", "INT=0"] }), id);
		await prints(run, "ready\n");
		const stop = runtime.start({}, "stop", "--time", "-1", id);
		await prints(run, "ready\nTERM\n");
		runtime("kill", id, "INT");
		expect(await stop.ended()).toMatchObject({ status: 0, stderr: "" });
		runtime("delete", id);
	});

	test("under a run in the foreground gives its status to that", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const run = runtime.start({}, "run", "--bundle", makeBundle({ args: ["/probe", "trap", "TERM=7"] }), id);
		await run.prints("ready");
		expect(runtime("stop", id)).toMatchObject({ status: 0, stderr: "" });
		expect(await run.ended()).toMatchObject({ status: 7 });
	});
});

describe("a container that cannot react", () => {
	test("is warned about and killed when the time is over: status 124", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "sleep"] }), id);
		const stop = runtime("stop", "--time", "0.2", id);
		expect(stop).toMatchObject({
			status: 124,
			stderr: `warning: ${id}: its first process (probe) has no handler for SIGTERM, and is the init of its PID namespace: the kernel drops the signal. KILL follows in 0.2 s\n`,
		});
		expect(stop.stdout).toMatch(
			new RegExp(`^${id}: did not end within 0.2 s of SIGTERM and was killed, ${some} after`),
		);
		expect(stateOf(runtime, id).status).toBe("stopped");
		runtime("delete", id);
	});

	test("because it ignores the signal is warned about, too", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const script = "trap '' TERM; echo ready; while :; do /probe sleep; done";
		const run = runtime("run", "--detach", "--bundle", makeBundle({ args: ["/bin/sh", "-c", script] }), id);
		await prints(run, "ready\n");
		expect(runtime("stop", "-t", "0", id)).toMatchObject({
			status: 124,
			stderr: expect.stringContaining(`warning: ${id}: its first process (sh) ignores SIGTERM. KILL follows in 0 s`),
		});
		runtime("delete", id);
	});

	test("and has a handler that does not end it is killed without a warning", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const run = runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "trap", "TERM"] }), id);
		await prints(run, "ready\n");
		expect(runtime("stop", "--time", "0.1", id)).toMatchObject({ status: 124, stderr: "" });
		runtime("delete", id);
	});
});

describe("a container that is", () => {
	test("created is ended at once", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const bundle = makeBundle({ args: ["/bin/echo", "ran"], patch: withStopSignal("RTMIN+3") });
		const create = runtime("create", "--bundle", bundle, id);
		const stop = runtime("stop", "--time", "-1", id);
		expect(stop).toMatchObject({
			status: 0,
			stdout: `${id}: had not been started, and was ended at once\n`,
			stderr: "",
		});
		expect(create.later().stdout).toBe("");
		runtime("delete", id);
	});

	for (const [what, args, status] of [
		["ends by its signal", ["/probe", "trap", "TERM=0"], 0],
		["is killed", ["/probe", "trap", "TERM"], 124],
	] as const) {
		test(`paused is resumed, and ${what}`, async ({ runtime, makeBundle, newId }) => {
			const id = newId();
			const run = runtime("run", "--detach", "--bundle", makeBundle({ args }), id);
			await prints(run, "ready\n");
			runtime("pause", id);
			expect(runtime("stop", "--time", status === 0 ? "20" : "0.1", id)).toMatchObject({
				status,
				stderr: `warning: ${id}: it is paused: it is resumed, because nothing that is paused can react\n`,
			});
			runtime("delete", id);
		});
	}

	test("paused before it was started is ended at once", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		runtime("pause", id);
		expect(runtime("stop", id)).toMatchObject({ status: 0, stderr: "" });
		runtime("delete", id);
	});

	test("stopped by a signal (state T) is continued", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const run = runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "trap", "TERM=0"] }), id);
		await prints(run, "ready\n");
		runtime("kill", id, "STOP");
		const { pid } = stateOf(runtime, id);
		await waitFor(() => readFileSync(`/proc/${pid}/stat`, "utf8").includes(") T "), { what: "the process to stop" });
		const stop = runtime("stop", "--time", "20", id);
		expect(stop).toMatchObject({ status: 0, stderr: expect.stringContaining("it gets a SIGCONT as well") });
		runtime("delete", id);
	});

	test("in the host's pid namespace ends by TERM without a handler, and leaves nobody behind", async ({
		runtime,
		makeBundle,
		newId,
	}) => {
		const id = newId();
		const script = "/probe sleep & /probe sleep & /bin/echo ready; exec /probe sleep";
		const bundle = makeBundle({ args: ["/bin/sh", "-c", script], patch: shareHostPids });
		const run = runtime("run", "--detach", "--bundle", bundle, id);
		await prints(run, "ready\n");
		const pids: number[] = JSON.parse(runtime("ps", "--format", "json", id).stdout);
		const stop = runtime("stop", id);
		expect(stop).toMatchObject({
			status: 0,
			stderr: `warning: ${id}: it has no PID namespace of its own: processes that outlive the first one are killed afterwards\n`,
		});
		expect(stop.stdout).toMatch(
			new RegExp(`^${id}: ended( by SIGTERM)?, ${some} after SIGTERM; 2 process\\(es\\) that outlived its first one`),
		);
		expect(pids).toHaveLength(3);
		expect(pids.some(isAlive)).toBe(false);
		runtime("delete", id);
	});
});

describe("several containers", () => {
	test("are stopped together; one that fails keeps none of the others", async ({ runtime, makeBundle, newId }) => {
		const [good, deaf, unknown] = [newId(), newId(), newId()];
		const run = runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "trap", "TERM=0"] }), good);
		await prints(run, "ready\n");
		runtime("run", "--detach", "--bundle", makeBundle(), deaf);
		const stop = runtime("stop", "--time", "0.1", deaf, good, unknown, good);
		expect(stop.status).toBe(1);
		expect(stop.stdout.match(/^\S+: (ended|did not end)/gm)?.sort()).toEqual(
			[`${deaf}: did not end`, `${good}: ended`].sort(),
		);
		expect(stop.stderr).toMatch(new RegExp(`\n${unknown}: container does not exist\n$`));
		for (const id of [good, deaf]) await awaitStatus(runtime, id, "stopped");
		for (const id of [good, deaf]) runtime("delete", id);
	});
});

describe("what is refused", () => {
	test("a container that does not exist, or is only half there", ({ runtime, newId }) => {
		expect(failureOf(runtime("stop", newId()))).toEqual({
			status: 1,
			stdout: "",
			message: "container does not exist",
		});
	});

	for (const [signal, why] of [
		["SIGNONE", 'unknown signal "SIGNONE"'],
		["0", "0 is no signal: it only asks whether the process is there"],
		["99", 'unknown signal "99"'],
	] as const) {
		test(`an annotation that names ${signal}; nothing is sent`, ({ runtime, makeBundle, newId }) => {
			const id = newId();
			runtime("run", "--detach", "--bundle", makeBundle({ patch: withStopSignal(signal) }), id);
			expect(failureOf(runtime("stop", id))).toEqual({
				status: 1,
				stdout: "",
				message: `annotation org.opencontainers.image.stopSignal: ${why}`,
			});
			expect(stateOf(runtime, id).status).toBe("running");
			runtime("delete", "--force", id);
		});
	}

	for (const [flag, value] of [
		["--time", "soon"],
		["--time", "-2"],
		["--time", "1e9"],
		["--signal", "NOSUCH"],
		["--signal", "0"],
	] as const) {
		test(`${flag} ${value}`, ({ runtime, makeBundle, newId }) => {
			const id = newId();
			runtime("create", "--bundle", makeBundle(), id);
			expect(runtime("stop", flag, value, id)).toMatchObject({ status: 1, stderr: expect.stringContaining(value) });
			expect(stateOf(runtime, id).status).toBe("created");
			runtime("delete", "--force", id);
		});
	}
});
