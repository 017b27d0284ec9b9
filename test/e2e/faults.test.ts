/**
 * Every system call refused once: the verb goes on without it, or fails with an error that says what the kernel said
 * and leaves nothing behind. Of four errnos that any call may give, and of those that its manual page names, the calls get
 * one in turn; with SWEEP=all each gets all of them.
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, vi } from "vitest";
import { test as base } from "../support/e2e.js";
import { type Errno, manErrnos } from "../support/man-errnos.js";
import { knowTracesOf, type Residue } from "../support/residue.js";
import type { Runtime } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { type Call, type Process, type Stopped, stopperOf } from "../support/stop-at.js";
import { chooseCalls, collectFindings, sweepsAll, sweepTimeout } from "../support/sweep.js";

vi.setConfig({ testTimeout: sweepTimeout });

/** Of any call, and how they are told. */
const errnos = {
	EIO: /input\/output error/i,
	ENOMEM: /(cannot allocate|out of) memory/i,
	EPERM: /operation not permitted/i,
	ENOSPC: /no space left on device/i,
};

interface Sweep {
	readonly what: string;
	/** Whose calls: 0 is the runtime, the others are its children. */
	readonly process: Process;
	readonly command: readonly string[];
	/** Of the calls that only look, every so manieth. */
	readonly stride: number;
	/** Fewer of them. */
	readonly only?: (call: Call) => boolean;
	/** What there must be before the command. */
	readonly before?: () => void;
	/** What is wrong when the command has failed. */
	readonly failed?: () => Promise<readonly string[]>;
}

interface Trial {
	readonly id: string;
	readonly bundle: string;
	readonly residue: Residue;
	readonly sweep: (sweep: Sweep) => Promise<void>;
}

const test = base.extend("trial", ({ runtime, makeBundle, newId, folder, skip }) => (): Trial => {
	needs(skip, "tsrun"); // other runtimes have several threads
	const [id, bundle] = [newId(), makeBundle()];
	runtime("create", "--bundle", bundle, id);
	const residue = knowTracesOf(id, runtime, folder);
	runtime("delete", "--force", id);
	return { id, bundle, residue, sweep: (sweep) => failEachCall(runtime, folder, id, residue, sweep) };
});

async function failEachCall(
	runtime: Runtime,
	folder: string,
	id: string,
	residue: Residue,
	{ what, process, command, stride, only = canFail, before, failed }: Sweep,
): Promise<void> {
	const stopper = stopperOf(runtime, folder);
	before?.();
	const { calls } = stopper.watch(process, ...command);
	runtime("delete", "--force", id);
	const findings = collectFindings(`faults in ${what}`, calls.length);
	for (const call of chooseCalls(calls.filter(canFail).filter(only), stride)) {
		for (const errno of errnosFor(call)) {
			before?.();
			await findings.at(call, async () => {
				const stopped = stopper.fail(process, call.number, errno, ...command);
				const met = stopped.calls.at(-1) ?? call;
				const wrong = stopped.status === 0 ? [] : [...unclear(stopped, met, errno), ...((await failed?.()) ?? [])];
				const { status, stderr } = runtime("delete", "--force", id);
				if (status !== 0 || stderr !== "") wrong.push(`clearing up: status ${status}, ${stderr}`);
				wrong.push(...(await residue.clear()).map((one) => `left: ${one}`));
				// what has to be waited for takes more calls in one run than in the next: it may not have been its errno
				return errnosOf(met).includes(errno) ? wrong : [];
			});
		}
	}
	expect(findings.report()).toEqual([]);
}

/** exit_group(2) does not return, so nobody looks whether it failed. */
function canFail({ name }: Call): boolean {
	return name !== "exit_group";
}

const general = Object.keys(errnos) as Errno[];
const ownErrnos = ({ name }: Call) => manErrnos(name).filter((errno) => !general.includes(errno));
const errnosOf = (call: Call) => [...general, ...ownErrnos(call)];

function errnosFor(call: Call): readonly Errno[] {
	const turn = <Item>(items: readonly Item[]) => items.slice(call.number % items.length).slice(0, 1);
	return sweepsAll ? errnosOf(call) : [...turn(general), ...turn(ownErrnos(call))];
}

/** Before main(), musl ends a process that gets no thread pointer by a crash, as 139 tells; the kernel refuses none. */
const ofLibc = new Set(["arch_prctl"]);

/** A heap that cannot grow is out of memory, whatever the kernel says. */
const ofHeap = new Set(["mmap", "mremap", "madvise"]);

function unclear({ status, stderr }: Stopped, { name }: Call, errno: Errno): readonly string[] {
	const failed = status === 1 || status === 255;
	const clear =
		(ofLibc.has(name) && status === 139) ||
		(ofHeap.has(name) && failed && errnos.ENOMEM.test(stderr)) ||
		(failed && tellsOf(errno).test(stderr));
	// told beside it when clearing up had failed as well
	const cleared = !stderr.includes("could not ");
	return clear && cleared ? [] : [`${errno}: status ${status}, ${stderr}`];
}

/** What means something to the verb has words of its own: ENOENT of a container's directory, for instance. */
function tellsOf(errno: Errno): RegExp {
	return (errnos as Partial<Record<Errno, RegExp>>)[errno] ?? /\S/;
}

/** What failed by itself has to clear up by itself. */
async function leftBehind(residue: Residue): Promise<readonly string[]> {
	return (await residue.list()).map((one) => `left before delete: ${one}`);
}

describe("a system call that fails once", () => {
	test("in create", async ({ trial, folder }) => {
		const { id, bundle, residue, sweep } = trial();
		const directory = join(folder, "pid");
		const before = () => {
			rmSync(directory, { recursive: true, force: true });
			mkdirSync(directory);
		};
		const failed = async () => [
			...(await leftBehind(residue)),
			...readdirSync(directory).map((name) => `left: ${name}`),
		];
		const command = ["create", "--bundle", bundle, "--pid-file", join(directory, "pid"), id];
		await sweep({ what: "create", process: 0, command, stride: 2, before, failed });
	});

	test("in the container's process during create", async ({ trial }) => {
		const { id, bundle, residue, sweep } = trial();
		const command = ["create", "--bundle", bundle, id];
		await sweep({ what: "init in create", process: 1, command, stride: 8, failed: () => leftBehind(residue) });
	});

	test("in the container's process, where it brings in the built-in init", async ({ trial }) => {
		const { id, bundle, residue, sweep } = trial();
		const command = ["create", "--init", "--bundle", bundle, id];
		const only = ({ name }: Call) => ["memfd_create", "fcntl", "write"].includes(name);
		const failed = () => leftBehind(residue);
		await sweep({ what: "the built-in init", process: 1, command, stride: 1, only, failed });
	});

	test("in start", async ({ trial, runtime }) => {
		const { id, bundle, sweep } = trial();
		const before = () => void runtime("create", "--bundle", bundle, id);
		await sweep({ what: "start", process: 0, command: ["start", id], stride: 4, before });
	});

	test("in exec", async ({ trial, runtime }) => {
		const { id, bundle, sweep } = trial();
		const before = () => void runtime("run", "--detach", "--bundle", bundle, id);
		const command = ["exec", id, "/bin/true"];
		await sweep({ what: "exec", process: 0, command, stride: 6, before });
	});

	test("in the process that joins the container for exec", async ({ trial, runtime }) => {
		const { id, bundle, sweep } = trial();
		const before = () => void runtime("run", "--detach", "--bundle", bundle, id);
		const command = ["exec", id, "/bin/true"];
		await sweep({ what: "the joining one of exec", process: 1, command, stride: 3, before });
	});

	test("in delete", async ({ trial, runtime }) => {
		const { id, bundle, sweep } = trial();
		const before = () => void runtime("create", "--bundle", bundle, id);
		await sweep({ what: "delete", process: 0, command: ["delete", id], stride: 4, before });
	});
});
