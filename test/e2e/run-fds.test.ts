/** Descriptors: a program finds its three streams and what the caller asked to be handed on, whatever the caller leaks. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { test } from "../support/e2e.js";
import { failed, failureOf, programName } from "../support/failure.js";
import { runtimeProgram } from "../support/paths.js";
import type { Runtime } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { awaitStatus } from "../support/status.js";
import type { Result } from "../support/watched.js";

/** Runs the runtime from a shell that has these descriptors open: `3</dev/null 9>/dev/null`. */
function withDescriptors(runtime: Runtime, folder: string, redirections: string, ...args: string[]): Result {
	const words = ["--norc", "-c", `exec "$@" ${redirections}`, "bash", runtimeProgram, "--root", runtime.root, ...args];
	const env = { PATH: process.env.PATH, TSRUN_E2E: folder };
	return spawnSync("bash", words, { encoding: "utf8", env, cwd: folder, input: "", timeout: 20_000 });
}

/** As from a service manager that has opened two sockets for this pid. */
function activated(runtime: Runtime, folder: string, pid: string, redirections: string, ...args: string[]): Result {
	const activation = `LISTEN_FDS=2 LISTEN_PID=${pid} exec "$@" ${redirections}`;
	const words = ["--norc", "-c", activation, "bash", runtimeProgram, "--root", runtime.root, ...args];
	const env = { PATH: process.env.PATH, TSRUN_E2E: folder };
	return spawnSync("bash", words, { encoding: "utf8", env, cwd: folder, input: "", timeout: 20_000 });
}

/** What `probe fds` printed: the descriptors' numbers. */
function numbers(stdout: string): number[] {
	return Object.keys(JSON.parse(stdout)).map(Number);
}

const leaks = "3</dev/null 4>/dev/null 9</etc 42</etc/passwd";

describe("the program finds 0, 1 and 2 alone", () => {
	test("though the caller leaks others", ({ runtime, makeBundle, newId, folder }) => {
		const bundle = makeBundle({ args: ["/probe", "fds"] });
		const run = withDescriptors(runtime, folder, leaks, "run", "--bundle", bundle, newId());
		expect(numbers(run.stdout)).toEqual([0, 1, 2]);
	});

	test("also when it logs, and when start comes later", async ({ runtime, makeBundle, newId, folder }) => {
		const id = newId();
		const bundle = makeBundle({ args: ["/probe", "fds"] });
		const log = ["--log", "log", "--debug"];
		withDescriptors(runtime, folder, `${leaks} >out 2>err`, ...log, "create", "--bundle", bundle, id);
		withDescriptors(runtime, folder, leaks, ...log, "start", id);
		await awaitStatus(runtime, id, "stopped");
		expect(numbers(readFileSync(join(folder, "out"), "utf8"))).toEqual([0, 1, 2]);
		runtime("delete", id);
	});

	test("in exec, too", ({ runtime, makeBundle, newId, folder }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle(), id);
		const { stdout } = withDescriptors(runtime, folder, leaks, "exec", id, "/probe", "fds");
		expect(numbers(stdout)).toEqual([0, 1, 2]);
		runtime("delete", "--force", id);
	});
});

describe("a stream that the caller has closed", () => {
	for (const [number, closing] of [
		[0, "0<&-"],
		[1, "1>&-"],
		[2, "2>&-"],
	] as const) {
		test(`is no descriptor of the runtime's: ${number}`, ({ runtime, makeBundle, newId, folder, skip }) => {
			needs(skip, "tsrun"); // runc 1.1 lets the program have a pipe of its own there
			const bundle = makeBundle({ args: ["/bin/sh", "-c", "/probe fds >&3"] });
			const words = ["run", "--preserve-fds", "1", "--bundle", bundle, newId()];
			expect(withDescriptors(runtime, folder, `3>out ${closing}`, ...words).status).toBe(0);
			const fds = JSON.parse(readFileSync(join(folder, "out"), "utf8"));
			// 1 is where the probe itself was sent to
			if (number !== 1) expect(fds[number]).toBe("/dev/null");
			expect(Object.keys(fds)).toEqual(["0", "1", "2", "3"]);
		});
	}

	test("does not keep run from ending with the program's status", ({ runtime, makeBundle, newId, folder }) => {
		const bundle = makeBundle({ args: ["/probe", "exit", "3"] });
		const run = withDescriptors(runtime, folder, "0<&- 1>&- 2>&-", "run", "--bundle", bundle, newId());
		expect(run.status).toBe(3);
	});
});

describe("--preserve-fds", () => {
	for (const verb of ["run", "exec"] as const) {
		test(`hands on as many as it says: ${verb}`, ({ runtime, makeBundle, newId, folder }) => {
			const id = newId();
			const script = "cat <&3; cat <&4; /probe fds";
			const program = ["/bin/sh", "-c", script];
			const bundle = makeBundle(verb === "run" ? { args: program } : {});
			if (verb === "exec") runtime("run", "--detach", "--bundle", bundle, id);
			for (const name of ["three", "four"]) writeFileSync(join(folder, name), `${name}\n`);
			const words = verb === "run" ? ["--bundle", bundle, id] : [id, ...program];
			const call = withDescriptors(
				runtime,
				folder,
				"3<three 4<four 5</dev/null",
				verb,
				"--preserve-fds",
				"2",
				...words,
			);
			const [three, four, fds = "{}"] = call.stdout.split("\n");
			expect([three, four, numbers(fds)]).toEqual(["three", "four", [0, 1, 2, 3, 4]]);
			if (verb === "exec") runtime("delete", "--force", id);
		});

		test(`refuses when one of them is not open: ${verb}`, ({ runtime, makeBundle, newId, folder, skip }) => {
			needs(skip, "tsrun"); // runc 1.1 counts differently
			const id = newId();
			const bundle = makeBundle();
			if (verb === "exec") runtime("run", "--detach", "--bundle", bundle, id);
			const words = verb === "run" ? ["--bundle", bundle, id] : [id, "/bin/true"];
			const call = withDescriptors(runtime, folder, "3</dev/null 4<&-", verb, "--preserve-fds", "2", ...words);
			const what = verb === "run" ? `${programName} run failed` : "exec failed";
			expect(failureOf(call)).toEqual(
				failed(`${what}: please check that preserved-fd 4 (of 2) is present`, verb === "run" ? 1 : 255),
			);
			if (verb === "exec") runtime("delete", "--force", id);
		});
	}

	test("lasts from create to start", async ({ runtime, makeBundle, newId, folder }) => {
		const id = newId();
		writeFileSync(join(folder, "three"), "three\n");
		const bundle = makeBundle({ args: ["/bin/sh", "-c", "cat <&3; /probe fds"] });
		withDescriptors(runtime, folder, "3<three >out 2>err", "create", "--preserve-fds", "1", "--bundle", bundle, id);
		runtime("start", id);
		await awaitStatus(runtime, id, "stopped");
		const [three, fds = "{}"] = readFileSync(join(folder, "out"), "utf8").split("\n");
		expect([three, numbers(fds)]).toEqual(["three", [0, 1, 2, 3]]);
		runtime("delete", id);
	});
});

describe("sockets of a service manager", () => {
	const told = "echo $LISTEN_FDS; echo $LISTEN_PID; cat <&3; cat <&4; /probe fds";

	test("are handed on, with the program's own pid", ({ runtime, makeBundle, newId, folder }) => {
		for (const name of ["three", "four"]) writeFileSync(join(folder, name), `${name}\n`);
		const bundle = makeBundle({ args: ["/bin/sh", "-c", told] });
		const run = activated(runtime, folder, "$$", "3<three 4<four", "run", "--bundle", bundle, newId());
		expect(run.stdout.split("\n").slice(0, 4)).toEqual(["2", "1", "three", "four"]);
		expect(numbers(run.stdout.split("\n")[4] ?? "{}")).toEqual([0, 1, 2, 3, 4]);
	});

	test("come before those of --preserve-fds", ({ runtime, makeBundle, newId, folder }) => {
		for (const name of ["three", "four", "five"]) writeFileSync(join(folder, name), `${name}\n`);
		const bundle = makeBundle({ args: ["/bin/sh", "-c", `cat <&5; ${told}`] });
		const words = ["--log", "log", "run", "--preserve-fds", "1", "--bundle", bundle, newId()];
		const run = activated(runtime, folder, "$$", "3<three 4<four 5<five 6</dev/null", ...words);
		expect(run.stdout.split("\n").slice(0, 5)).toEqual(["five", "2", "1", "three", "four"]);
		expect(numbers(run.stdout.split("\n")[5] ?? "{}")).toEqual([0, 1, 2, 3, 4, 5]);
	});

	test("are not taken by one whom they are not meant for", ({ runtime, makeBundle, newId, folder }) => {
		const bundle = makeBundle({ args: ["/bin/sh", "-c", "/bin/test -z $LISTEN_FDS && /probe fds"] });
		const run = activated(runtime, folder, "1", "3</dev/null 4</dev/null", "run", "--bundle", bundle, newId());
		expect(numbers(run.stdout)).toEqual([0, 1, 2]);
	});
});
