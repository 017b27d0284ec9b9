/**
 * kill -9 at the system calls of every verb: whatever died where, `delete --force` finds it all, and a runtime whose
 * container process dies under its hands says so and undoes the rest itself.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, vi } from "vitest";
import type { BaseConfig, BundleOptions } from "../support/bundle.js";
import { test as base } from "../support/e2e.js";
import { allPids, containersIn, findLeaks, findProcesses } from "../support/leaks.js";
import { probe } from "../support/paths.js";
import { knowTracesOf, type Residue } from "../support/residue.js";
import type { RunResult, Runtime } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { awaitStatus, isAlive, stateOf } from "../support/status.js";
import { type Call, type Process, type Stopped, stopperOf } from "../support/stop-at.js";
import { chooseCalls, collectFindings, sweepsAll, sweepTimeout } from "../support/sweep.js";
import { waitFor } from "../support/wait.js";

vi.setConfig({ testTimeout: sweepTimeout });

interface Sweep {
	readonly what: string;
	/** Whose calls: 0 is the runtime, the others are its children. */
	readonly process: Process;
	readonly command: readonly string[];
	/** Of the calls that only look, every so manieth. */
	readonly stride?: number;
	/** What there must be before the command. */
	readonly before?: () => void;
	/** Which of its calls. */
	readonly among?: (calls: readonly Call[]) => readonly Call[];
	/** What is wrong right after the kill. */
	readonly after?: (stopped: Stopped) => Promise<readonly string[]>;
	/** How the mess is cleared up; `delete --force` by default. */
	readonly recover?: () => RunResult | Promise<RunResult>;
}

interface Trial {
	readonly id: string;
	readonly bundle: string;
	readonly residue: Residue;
	readonly sweep: (sweep: Sweep) => Promise<void>;
}

const test = base.extend(
	"trial",
	({ runtime, makeBundle, newId, folder, skip }) =>
		(options: BundleOptions = {}): Trial => {
			needs(skip, "tsrun"); // runc leaves half-made containers behind
			const [id, bundle] = [newId(), makeBundle(options)];
			runtime("create", "--bundle", bundle, id);
			const residue = knowTracesOf(id, runtime, folder);
			runtime("delete", "--force", id);
			return { id, bundle, residue, sweep: (sweep) => killAtEachCall(runtime, folder, id, residue, sweep) };
		},
);

async function killAtEachCall(
	runtime: Runtime,
	folder: string,
	id: string,
	residue: Residue,
	{ what, process, command, stride = 1, before, among = (calls) => calls, after, recover }: Sweep,
): Promise<void> {
	const stopper = stopperOf(runtime, folder);
	before?.();
	const { calls } = stopper.watch(process, ...command);
	runtime("delete", "--force", id);
	const findings = collectFindings(`kill -9 ${what}`, calls.length);
	for (const call of chooseCalls(among(calls), stride)) {
		before?.();
		await findings.at(call, async () => {
			const stopped = stopper.killBefore(process, call.number, ...command);
			const wrong = [...((await after?.(stopped)) ?? [])];
			const { status, stderr } = (await recover?.()) ?? runtime("delete", "--force", id);
			if (status !== 0 || stderr !== "") wrong.push(`clearing up: status ${status}, ${stderr}`);
			return [...wrong, ...(await residue.clear()).map((one) => `left: ${one}`)];
		});
	}
	expect(findings.report()).toEqual([]);
}

/** A runtime whose child was killed must have said why it failed, and have taken everything away by itself. */
async function failedCleanly(stopped: Stopped, residue: Residue, message: RegExp): Promise<readonly string[]> {
	const { status, stderr } = stopped;
	if (status === 0) return [];
	return [
		...(status === 1 && message.test(stderr) ? [] : [`status ${status}, ${stderr}`]),
		...(await residue.list()).map((one) => `left before delete: ${one}`),
	];
}

/** Before it becomes its program: what is killed later is the program. */
function untilExec(calls: readonly Call[]): readonly Call[] {
	return calls.slice(0, calls.findIndex(({ name }) => name === "execve") + 1);
}

describe("a killed runtime leaves nothing that delete --force does not find", () => {
	test("create", async ({ trial }) => {
		const { id, bundle, sweep } = trial();
		await sweep({ what: "create", process: 0, command: ["create", "--bundle", bundle, id], stride: 2 });
	});

	test("run", async ({ trial }) => {
		const { id, bundle, sweep } = trial();
		await sweep({ what: "run --detach", process: 0, command: ["run", "--detach", "--bundle", bundle, id], stride: 8 });
	});

	test("start", async ({ trial, runtime }) => {
		const { id, bundle, sweep } = trial();
		const before = () => void runtime("create", "--bundle", bundle, id);
		const after = async () => {
			const { status } = stateOf(runtime, id);
			return ["created", "running"].includes(status) ? [] : [`the container is ${status}`];
		};
		await sweep({ what: "start", process: 0, command: ["start", id], before, after, stride: 4 });
	});

	test("restore", { timeout: 4 * sweepTimeout }, async ({ trial, runtime, folder, skip }) => {
		needs(skip, "criu");
		const { id, bundle, sweep } = trial();
		const images = ["--image-path", join(folder, "images")];
		runtime("run", "--detach", "--bundle", bundle, id);
		expect(runtime("checkpoint", ...images, id)).toMatchObject({ status: 0, stderr: "" });
		const command = ["restore", "--detach", ...images, "--bundle", bundle, id];
		// each takes as long as CRIU does
		const among = (calls: readonly Call[]) => calls.filter((_call, index) => sweepsAll || index % 4 === 0);
		await sweep({ what: "restore", process: 0, command, among, stride: 8 });
	});

	test("delete of a created container", async ({ trial, runtime }) => {
		const { id, bundle, sweep } = trial();
		const before = () => void runtime("create", "--bundle", bundle, id);
		await sweep({ what: "delete", process: 0, command: ["delete", id], before, stride: 4 });
	});

	test("delete --force of a running container", async ({ trial, runtime }) => {
		const { id, bundle, sweep } = trial();
		const before = () => void runtime("run", "--detach", "--bundle", bundle, id);
		await sweep({ what: "delete --force", process: 0, command: ["delete", "--force", id], before, stride: 8 });
	});
});

test("a deletion that was cut short is completed by a plain delete", async ({ trial, runtime }) => {
	const { id, bundle, residue, sweep } = trial();
	const before = () => void runtime("create", "--bundle", bundle, id);
	const recover = async () => {
		const repeated = runtime("delete", id);
		const over = repeated.stderr === "container does not exist\n" && (await residue.list()).length === 0;
		return over ? { ...repeated, status: 0, stderr: "" } : repeated;
	};
	await sweep({ what: "delete, then delete again", process: 0, command: ["delete", id], before, recover, stride: 8 });
});

test("the id is free when a delete has died, and its next container does not suffer", async ({
	trial,
	runtime,
	folder,
}) => {
	const { id, bundle, residue } = trial({ args: ["/bin/true"] });
	const stopper = stopperOf(runtime, folder);
	const runToItsEnd = async () => {
		runtime("run", "--detach", "--bundle", bundle, id);
		await awaitStatus(runtime, id, "stopped");
	};
	await runToItsEnd();
	const { calls } = stopper.watch(0, "delete", id);
	const last = calls.findLast(({ name, path }) => name === "unlinkat" && path.startsWith(runtime.root));
	await runToItsEnd();
	expect(stopper.killBefore(0, last?.number ?? 0, "delete", id).status).toBe(137);
	expect(containersIn(runtime.root)).toEqual([expect.stringContaining(`${id}~`)]);
	expect(runtime("create", "--bundle", bundle, id)).toMatchObject({ status: 0, stderr: "" });
	expect(stateOf(runtime, id).status).toBe("created");
	expect(JSON.parse(runtime("list", "--format", "json").stdout)).toHaveLength(1);
	expect(runtime("delete", "--force", id)).toMatchObject({ status: 0, stderr: "" });
	expect(await residue.list()).toEqual([]);
});

describe("when the container's process is killed", () => {
	const died = /^\S+ (create|run) failed: .*(the container's process ended without a word|was killed before it could)/;

	test("create fails, says so and leaves nothing", async ({ trial }) => {
		const { id, bundle, residue, sweep } = trial();
		const after = (stopped: Stopped) => failedCleanly(stopped, residue, died);
		await sweep({ what: "init in create", process: 1, command: ["create", "--bundle", bundle, id], after, stride: 12 });
	});

	test("run fails, says so and leaves nothing", async ({ trial }) => {
		const { id, bundle, residue, sweep } = trial();
		const command = ["run", "--detach", "--bundle", bundle, id];
		const after = (stopped: Stopped) => failedCleanly(stopped, residue, died);
		await sweep({ what: "init in run", process: 1, command, among: untilExec, after, stride: 40 });
	});
});

describe("when a helper of create is killed", () => {
	// a time namespace is made by a process of its own, which then clones the container's
	const patch = (config: BaseConfig) => {
		config.linux.namespaces.push({ type: "time" });
		config.hooks = { createRuntime: [{ path: "/bin/true" }] };
	};

	test("the one that makes namespaces, create fails, says so and leaves nothing", async ({ trial }) => {
		const { id, bundle, residue, sweep } = trial({ patch });
		const after = async (stopped: Stopped) =>
			failedCleanly(stopped, residue, /joins the namespaces ended without a word/);
		const command = ["create", "--bundle", bundle, id];
		await sweep({ what: "the intermediate process", process: 1, command, after, stride: 4 });
	});

	test("a hook, create fails, says so and leaves nothing", async ({ trial }) => {
		const { id, bundle, residue, sweep } = trial({ patch });
		const killed = /error running createRuntime hook #0: killed by signal 9/;
		const after = (stopped: Stopped) => failedCleanly(stopped, residue, killed);
		const command = ["create", "--bundle", bundle, id];
		await sweep({ what: "a hook", process: 3, command, after, stride: 8 });
	});
});

describe("an exec that is killed leaves the container as it was", () => {
	for (const [process, who] of ["the runtime", "the one that joins", "the process"].entries()) {
		test(`before any call of ${who}`, async ({ trial, runtime, folder }) => {
			const { id, bundle } = trial();
			runtime("run", "--detach", "--bundle", bundle, id);
			const { pid } = stateOf(runtime, id);
			const stopper = stopperOf(runtime, folder);
			const command = ["exec", id, "/bin/true"];
			const calls = untilExecOf(process, stopper.watch(process, ...command).calls);
			const findings = collectFindings(`kill -9 exec, ${who}`, calls.length);
			const known = new Set(allPids());
			for (const call of chooseCalls(calls, 8)) {
				await findings.at(call, async () => {
					const { status, stderr } = stopper.killBefore(process, call.number, ...command);
					const told = process === 0 || status === 0 || /^exec failed: (?!internal).+/.test(stderr);
					const gone = () => findProcesses(folder.split("/").at(-1) ?? folder, known).length === 0;
					await waitFor(gone, { what: "the process to end", deadline: 2000 });
					const left = stateOf(runtime, id);
					return [
						...(told ? [] : [`status ${status}, ${stderr}`]),
						...(left.status === "running" && left.pid === pid ? [] : [`the container is ${left.status}`]),
					];
				});
			}
			expect(findings.report()).toEqual([]);
			expect(runtime("delete", "--force", id)).toMatchObject({ status: 0, stderr: "" });
		});
	}

	const untilExecOf = (process: Process, calls: readonly Call[]) => (process === 2 ? untilExec(calls) : calls);
});

test("a hook does not outlive the create that is killed meanwhile", async ({
	runtime,
	makeBundle,
	newId,
	folder,
	skip,
}) => {
	needs(skip, "tsrun"); // runc's hooks go on
	const id = newId();
	const note = join(folder, "hook");
	const script = `echo $$ > ${note}.new; mv ${note}.new ${note}; while :; do sleep 0.05; done`;
	const bundle = makeBundle({
		patch: (config) => {
			config.hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", script], env: ["PATH=/usr/bin:/bin"] }] };
		},
	});
	const create = runtime.start({}, "create", "--bundle", bundle, id);
	await waitFor(() => existsSync(note), { what: "the hook to run" });
	const hook = Number(readFileSync(note, "utf8"));
	expect(isAlive(hook)).toBe(true);
	create.signal("SIGKILL");
	await waitFor(() => !isAlive(hook), { what: "the hook to end" });
	expect(runtime("delete", "--force", id)).toMatchObject({ status: 0, stdout: "", stderr: "" });
	await create.ended();
});

describe("a cgroup that was there before", () => {
	/** In every hierarchy where the container's would be; a process of somebody else's runs in one of them. */
	const occupy = (id: string, runtime: Runtime, bundle: string, folder: string) => {
		runtime("create", "--bundle", bundle, id);
		const cgroups = findLeaks(folder).cgroups.filter((cgroup) => cgroup.endsWith(`/${id}`));
		runtime("delete", "--force", id);
		for (const cgroup of cgroups) mkdirSync(join(cgroup, "below"), { recursive: true });
		const place = cgroups.find((cgroup) => cgroup.includes("/pids/")) ?? cgroups[0] ?? "";
		const tenant = spawn(probe, ["sleep"], { env: { TSRUN_E2E: folder }, stdio: "ignore" });
		writeFileSync(join(place, "below/cgroup.procs"), String(tenant.pid));
		const isIntact = () => cgroups.every((cgroup) => existsSync(join(cgroup, "below"))) && isAlive(tenant.pid ?? 0);
		const leave = async () => {
			tenant.kill("SIGKILL");
			await waitFor(() => !isAlive(tenant.pid ?? 0), { what: "the tenant to leave" });
			for (const cgroup of cgroups) for (const one of [join(cgroup, "below"), cgroup]) rmdirSync(one);
		};
		return { isIntact, leave };
	};

	test("is somebody else's: neither create nor what clears up after it touches it", async ({
		runtime,
		makeBundle,
		newId,
		folder,
		skip,
	}) => {
		needs(skip, "tsrun"); // runc removes what is empty of it
		const [id, bundle] = [newId(), makeBundle()];
		const { isIntact, leave } = occupy(id, runtime, bundle, folder);
		const stopper = stopperOf(runtime, folder);
		const command = ["create", "--bundle", bundle, id];
		const { calls, status, stderr } = stopper.watch(0, ...command);
		expect({ status, stderr }).toEqual({
			status: 1,
			stderr: expect.stringMatching(/^\S+ create failed: container's cgroup is not empty: 1 process\(es\) found\n/),
		});
		expect(isIntact()).toBe(true);
		const findings = collectFindings("kill -9 create in an occupied cgroup", calls.length);
		for (const call of chooseCalls(calls, 16)) {
			await findings.at(call, async () => {
				stopper.killBefore(0, call.number, ...command);
				const { status, stderr } = runtime("delete", "--force", id);
				return [
					...(status === 0 && stderr === "" ? [] : [`delete: status ${status}, ${stderr}`]),
					...(isIntact() ? [] : ["the cgroup was touched"]),
				];
			});
		}
		expect(findings.report()).toEqual([]);
		await leave();
	});
});
