/** Whole lives of a container, call by call as each engine makes them: every success is silent, and holds nothing back. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { cpuShares, memoryLimit } from "../../support/cgroups.js";
import { test } from "../../support/e2e.js";
import type { RunOptions, Runtime } from "../../support/runtime.js";
import { awaitStatus, stateOf } from "../../support/status.js";
import { waitFor } from "../../support/wait.js";

const silent = { status: 0, stdout: "", stderr: "" };

/** What an engine passes of the environment. */
type Environment = NonNullable<RunOptions["env"]>;

const execFile = {
	terminal: false,
	user: { uid: 1000, gid: 1000, additionalGids: [10, 20] },
	args: ["/probe", "sleep"],
	env: ["PATH=/bin"],
	cwd: "/",
};

/** Of an engine's caller every output has to end: a pipe that something goes on holding would keep it waiting. */
async function isOver(runtime: Runtime, env: Environment, ...args: string[]): Promise<void> {
	expect(await runtime.start({ env }, ...args).ended(), args.join(" ")).toMatchObject(silent);
}

/** The one line on stdout and stderr together. */
function jsonOf(runtime: Runtime, ...args: string[]): unknown {
	const { status, stdout, stderr } = runtime(...args);
	expect(status).toBe(0);
	return JSON.parse(`${stdout}${stderr}`);
}

describe("containerd's shim", () => {
	const env: Environment = { GOMAXPROCS: "4", XDG_RUNTIME_DIR: "/run/user/0" };

	test("creates, starts, executes, limits, pauses, stops and deletes", async ({
		runtime,
		makeBundle,
		newId,
		folder,
	}) => {
		const [id, bundle] = [newId(), makeBundle({ args: ["/probe", "sleep"] })];
		const [log, pidFile, execPid] = ["log.json", "init.pid", "exec.pid"].map((name) => join(bundle, name));
		const globals = ["--log", String(log), "--log-format", "json"];
		const call = (...words: string[]) => isOver(runtime, env, ...globals, ...words);

		const create = [...globals, "create", "--bundle", bundle, "--pid-file", String(pidFile), id];
		expect(runtime.with({ env, cwd: bundle }, ...create)).toMatchObject(silent);
		const { pid } = stateOf(runtime, id);
		expect(readFileSync(String(pidFile), "utf8")).toBe(String(pid));
		await call("start", id);

		const processFile = join(folder, "process.json");
		writeFileSync(processFile, JSON.stringify(execFile));
		const exec = ["exec", "--process", processFile, "--detach", "--pid-file", String(execPid), id];
		expect(runtime.with({ env, cwd: bundle }, ...globals, ...exec)).toMatchObject(silent);
		const executed = Number(readFileSync(String(execPid), "utf8"));
		expect(jsonOf(runtime, ...globals, "ps", "--format", "json", id)).toEqual([pid, executed].sort((a, b) => a - b));

		for (const [form, limit] of [
			[["--resources", "-"], 64 << 20],
			[["--resources=-"], 48 << 20],
			[["-r", "-"], 32 << 20],
		] as const) {
			const input = JSON.stringify({ memory: { limit, swap: 0 } });
			expect(runtime.with({ env, input }, ...globals, "update", ...form, id)).toMatchObject(silent);
			expect(memoryLimit(pid)).toBe(String(limit));
		}
		const input = JSON.stringify({ memory: { limit: 0 }, cpu: { shares: 256, quota: 0, period: 0 } });
		expect(runtime.with({ env, input }, ...globals, "update", "--resources", "-", id)).toMatchObject(silent);
		expect([memoryLimit(pid), cpuShares(pid)]).toEqual([String(32 << 20), "256"]);

		await call("pause", id);
		expect(stateOf(runtime, id).status).toBe("paused");
		await call("resume", id);
		await call("kill", id, "9");
		await awaitStatus(runtime, id, "stopped");
		await call("kill", "--all", id, "9");
		await call("delete", id);
		await call("delete", "--force", id);
		expect(readFileSync(String(log), "utf8")).toBe("");
	});
});

describe("Podman and conmon", () => {
	const conmon: Environment = { HOME: "/root", _OCI_SYNCPIPE: "3", _OCI_STARTPIPE: "4", XDG_RUNTIME_DIR: "" };
	const bare: Environment = { PATH: undefined, TMPDIR: undefined, XDG_RUNTIME_DIR: "" };

	test("create, start, execute, limit, pause, stop and delete with no PATH", async ({
		runtime,
		makeBundle,
		newId,
		folder,
	}) => {
		const [id, bundle] = [newId(), makeBundle({ args: ["/probe", "sleep"] })];
		const log = (name: string) => ["--log-format=json", `--log=${join(folder, name)}`];
		const pidFile = join(folder, "pidfile");
		const create = [...log("create.log"), "create", "--bundle", bundle, "--pid-file", pidFile, id];
		expect(runtime.with({ env: conmon }, ...create)).toMatchObject(silent);
		await isOver(runtime, bare, "start", id);

		const processFile = join(folder, "process.json");
		writeFileSync(processFile, JSON.stringify(execFile));
		const exec = ["exec", "--pid-file", join(folder, "exec.pid"), "--process", processFile, "--detach", id];
		expect(runtime.with({ env: conmon }, ...log("exec.log"), ...exec)).toMatchObject(silent);

		const resources = join(folder, "resources.json");
		writeFileSync(resources, JSON.stringify({ memory: { limit: 40 << 20 } }));
		await isOver(runtime, bare, "update", `--resources=${resources}`, id);
		expect(memoryLimit(stateOf(runtime, id).pid)).toBe(String(40 << 20));
		await isOver(runtime, bare, "pause", id);
		await isOver(runtime, bare, "resume", id);
		await isOver(runtime, bare, "kill", id, "9");
		await awaitStatus(runtime, id, "stopped");
		await isOver(runtime, bare, "delete", "--force", id);
		for (const name of ["create.log", "exec.log"]) expect(readFileSync(join(folder, name), "utf8")).toBe("");
	});

	test("clear up after a create that failed, of which nothing is left", async ({
		runtime,
		makeBundle,
		newId,
		folder,
	}) => {
		const id = newId();
		const pidFile = join(folder, "pidfile");
		const bundle = makeBundle({ args: ["/none"] });
		const create = ["create", "--bundle", bundle, "--pid-file", pidFile, id];
		expect(runtime.with({ env: conmon }, ...create).status).toBe(1);
		expect(existsSync(pidFile)).toBe(false);
		await isOver(runtime, bare, "delete", "--force", id);
	});

	test("ask for the state with the end of stderr closed, and with no PATH", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		const through = ["sh", "-c", 'exec "$@" 2>&-', "sh"];
		const { status, stdout } = runtime.with({ env: { XDG_RUNTIME_DIR: "" }, through }, "state", id);
		expect({ status, state: JSON.parse(stdout) }).toMatchObject({ status: 0, state: { id, status: "created" } });
		expect(runtime.with({ env: bare }, "state", id)).toMatchObject({ status: 0, stdout });
		runtime("delete", "--force", id);
	});
});

describe("buildah", () => {
	test("starts what it made, asks until it has stopped, and deletes", async ({ runtime, makeBundle, newId }) => {
		const [id, bundle] = [newId(), makeBundle({ args: ["/bin/true"] })];
		const words = ["create", "--bundle", bundle, "--pid-file", join(bundle, "pid"), "--no-new-keyring", id];
		expect(runtime.with({ cwd: bundle }, ...words)).toMatchObject(silent);
		await isOver(runtime, {}, "start", id);
		await awaitStatus(runtime, id, "stopped");
		await isOver(runtime, {}, "delete", id);
	});

	test("ends one by a kill that names no signal", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const bundle = makeBundle({ args: ["/probe", "trap", "TERM=0"] });
		const run = runtime("run", "--detach", "--bundle", bundle, id);
		// until then the kernel spares process 1
		await waitFor(() => run.later().stdout.includes("ready"), { what: "the program to handle TERM" });
		await isOver(runtime, {}, "kill", id);
		await awaitStatus(runtime, id, "stopped");
		await isOver(runtime, {}, "delete", id);
	});
});

describe("BuildKit", () => {
	for (const keep of [[], ["--keep"]]) {
		test(`runs a step ${keep.length ? "and keeps the container" : "to its end"}, with the step's status`, ({
			runtime,
			makeBundle,
			newId,
			folder,
		}) => {
			const id = newId();
			const bundle = makeBundle({ args: ["/bin/sh", "-c", "echo out; echo err >&2; exit 3"] });
			const globals = ["--log", join(folder, "log.json"), "--log-format", "json"];
			const run = runtime.with({ cwd: bundle }, ...globals, "run", "--bundle", bundle, ...keep, id);
			expect(run).toMatchObject({ status: 3, stdout: "out\n", stderr: "err\n" });
			expect(readFileSync(join(folder, "log.json"), "utf8")).toBe("");
			if (keep.length === 0) return;
			expect(stateOf(runtime, id).status).toBe("stopped");
			expect(runtime("delete", id)).toMatchObject(silent);
		});
	}
});
