/**
 * The moment when the host's process becomes the container's: who is inside already must not get at its memory, its
 * descriptors or its program, and it must not stay outside by a way that it still holds open.
 */

import { spawnSync } from "node:child_process";
import { chmodSync, closeSync, copyFileSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, vi } from "vitest";
import { capabilityNames } from "../../src/spec/capability-names.js";
import { test as base, fixedIn, raceRounds, raceTimeout } from "../support/attack.js";
import type { BaseConfig } from "../support/bundle.js";
import { shell } from "../support/container.js";
import { failureOf } from "../support/failure.js";
import { rootfs, runtimeProgram } from "../support/paths.js";
import { type Runtime, runtimeIn } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { awaitStatus, stateOf } from "../support/status.js";
import { sweepsAll } from "../support/sweep.js";
import { waitFor } from "../support/wait.js";

vi.setConfig({ testTimeout: raceTimeout });

/** What test/probe/hunt.c prints at its end. */
interface Prey {
	/** How often it saw a process of the runtime's. */
	readonly met: number;
	readonly programs: number;
	readonly written: number;
	readonly reached: string;
}

/**
 * Calls the copy. Whenever the hunter opens it for writing, which a read-only mount then forbids, the kernel lets nobody execute
 * it for that moment (ETXTBSY).
 */
const patient = (copy: Runtime): Runtime => {
	const call = (...args: string[]) => {
		for (let tries = 1; ; tries++) {
			try {
				return copy(...args);
			} catch (error) {
				if (tries === 1000 || !String(error).includes("ETXTBSY")) throw error;
			}
		}
	};
	return Object.assign(call, { root: copy.root, with: copy.with, start: copy.start });
};

/** A container whose first process lies in wait, in the hands of a runtime that is a copy: it may be lost. */
const test = base.extend("hunter", ({ folder, makeBundle, newId, skip }) => {
	needs(skip, "tsrun");
	const program = join(folder, "tsrun");
	copyFileSync(runtimeProgram, program);
	chmodSync(program, 0o755);
	return async (patch: (config: BaseConfig) => void = () => {}) => {
		const runtime = patient(runtimeIn(folder, program));
		const id = newId();
		const run = runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "hunt", "tsrun:"], patch }), id);
		await waitFor(() => run.later().stdout.includes("ready"), { what: "the hunter to be ready" });
		const end = async (): Promise<Prey> => {
			runtime("kill", id, "TERM");
			await awaitStatus(runtime, id, "stopped");
			runtime("delete", id);
			return JSON.parse(run.later().stdout.split("\n")[1] ?? "");
		};
		const pid = () => stateOf(runtime, id).pid;
		return { runtime, id, end, pid, program, isWhole: () => sameFile(program, runtimeProgram) };
	};
});

const sameFile = (a: string, b: string) => readFileSync(a).equals(readFileSync(b));

/** As with `docker run --cap-add` of everything, in a user namespace: root there is nobody here. */
const inUserNamespace = (config: BaseConfig) => {
	config.linux.namespaces.push({ type: "user" });
	config.linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
	config.linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
	const every = ["CAP_SYS_PTRACE", "CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_KILL"];
	config.process.capabilities = { bounding: every, effective: every, permitted: every };
};

/** Whoever may trace everything finds every program. */
const almighty = ({ process }: BaseConfig) => {
	process.capabilities = {
		bounding: [...capabilityNames],
		effective: [...capabilityNames],
		permitted: [...capabilityNames],
	};
};

describe("a process that enters (CVE-2016-9962)", () => {
	test.for([
		["root", () => {}],
		["root with every capability of a user namespace", inUserNamespace],
	] as const)("is out of reach for %s of the container", async ([, patch], { hunter }) => {
		const { runtime, id, end } = await hunter(patch);
		for (let round = 0; round < raceRounds / 2; round++) {
			expect(runtime("exec", id, "/bin/true")).toMatchObject({ status: 0, stderr: "" });
			expect(runtime("exec", "--user", "7:7", id, "/missing").status).not.toBe(0);
		}
		const { met, reached } = await end();
		expect(reached).toBe("");
		// on an idle machine it is met in every round
		expect(met).toBeGreaterThan(0);
	});

	test("is one that a hunter does reach when it is of its own kind", async ({ hunter }) => {
		const { runtime, id, end } = await hunter(({ process }) => {
			process.args = ["/probe", "hunt", "probe"];
		});
		runtime("exec", "--detach", id, "/probe", "sleep");
		const { reached } = await end();
		expect(reached).toMatch(/trace of \d+: attached/);
		expect(reached).toMatch(/file of \d+: \/proc\/\d+\/mem/);
	});
});

describe("the runtime's program (CVE-2019-5736)", () => {
	test("is not written to by way of /proc/PID/exe", async ({ hunter }) => {
		const { runtime, id, end, isWhole } = await hunter(almighty);
		for (let round = 0; round < raceRounds / 2; round++) {
			// the runtime executes itself, in the container and as its process
			runtime("exec", id, "/proc/self/exe", "--version");
			runtime("exec", id, "/bin/true");
		}
		const { programs, written } = await end();
		expect({ written, whole: isWhole() }).toEqual({ written: 0, whole: true });
		expect(programs).toBeGreaterThan(0);
	});

	test("is not written to by a container that is it", ({ runtime, newId, makeHostileBundle }) => {
		const script = "exec 3<>/proc/self/exe && echo opened; echo x >/proc/self/exe && echo written; exit 0";
		const bundle = makeHostileBundle({
			args: ["/entry", "--version"],
			links: { entry: "/proc/self/exe" },
			patch: ({ root }) => {
				root.readonly = false;
			},
		});
		const { stdout } = runtime("run", "--bundle", bundle, newId());
		expect(stdout).not.toContain("opened");
		const looked = runtime("run", "--bundle", makeHostileBundle({ args: shell(script) }), newId());
		expect(looked.stdout).toBe("");
	});

	test("would be written to if it were any other program", async ({ hunter, folder }) => {
		const { end, pid } = await hunter(almighty);
		const victim = join(folder, "victim");
		copyFileSync(join(rootfs, "bin/busybox"), victim);
		chmodSync(victim, 0o755);
		const args = ["nsenter", "-t", String(pid()), "-m", "-p", "/proc/self/exe", "true"];
		const lost = () => {
			spawnSync(victim, args, { argv0: "busybox", env: { TSRUN_E2E: folder } });
			return !sameFile(victim, join(rootfs, "bin/busybox"));
		};
		await waitFor(lost, { what: "the program to be overwritten", deadline: 60_000 });
		expect((await end()).written).toBeGreaterThan(0);
	});
});

describe("a directory of the host that is open somewhere (CVE-2024-21626)", () => {
	const numbers = Array.from({ length: sweepsAll ? 60 : 16 }, (_, index) => index + 3);
	const ways = ["", "/..", "/1/root", "/self/root", "/../../.."];

	test("is no working directory of run", ({ runtime, newId, makeBundle, outside }) => {
		const leaked = openSync("/", "r");
		for (const number of numbers) {
			const patch = (config: BaseConfig) => {
				config.process.cwd = `/proc/self/fd/${number}`;
			};
			const bundle = makeBundle({ args: ["/bin/ls", `.${outside}`], patch });
			const run = runtime.with({ fds: [leaked, leaked, leaked] }, "run", "--bundle", bundle, newId());
			const { status, message } = failureOf(run);
			expect([number, status, message]).toEqual([number, 1, expect.stringMatching(/resolve|chdir|outside/)]);
		}
		closeSync(leaked);
	});

	test("is no working directory of exec, and holds no program", ({ runtime, newId, makeBundle, outside }) => {
		const id = newId();
		const leaked = openSync("/", "r");
		runtime("run", "--detach", "--bundle", makeBundle(), id);
		const exec = (...args: string[]) => failureOf(runtime.with({ fds: [leaked, leaked] }, "exec", ...args));
		for (const number of numbers) {
			for (const way of ways) {
				const path = `/proc/self/fd/${number}${way}`;
				const looked = exec("--cwd", path, id, "/bin/ls", `.${outside}`);
				expect([path, looked.stdout]).toEqual([path, ""]);
				expect([path, looked.status]).not.toEqual([path, 0]);
			}
			expect(exec(id, `/proc/self/fd/${number}/1/root/bin/ls`, "/").status).not.toBe(0);
		}
		closeSync(leaked);
		runtime("delete", "--force", id);
	});

	test("is none through a link of the image that is made meanwhile", async ({
		runtime,
		newId,
		makeHostileBundle,
		exchange,
		outside,
	}) => {
		const patch = (config: BaseConfig) => {
			config.process.cwd = "/work";
			config.root.readonly = false;
		};
		const links = { link: "/proc/self/fd/7" };
		const bundle = makeHostileBundle({ args: ["/bin/ls", `..${outside}`], links, patch, files: { "work/file": "" } });
		await exchange(join(bundle, "rootfs/work"), join(bundle, "rootfs/link"));
		for (let round = 0; round < raceRounds; round++) {
			expect(runtime("run", "--bundle", bundle, newId()).stdout).toBe("");
		}
	});

	test("is one of the packaged crun when its caller has it open", ({ peer, newId, makeBundle, folder, skip }) => {
		const victim = join(folder, "victim");
		mkdirSync(victim);
		const leaked = openSync(victim, "r");
		const fds = Array.from({ length: 8 }, () => leaked);
		const patch = (config: BaseConfig) => {
			config.process.cwd = "/proc/self/fd/7";
		};
		const bundle = makeBundle({ args: ["/bin/ls", "../victim", "../bundle-nothing", ".."], patch });
		const { stdout } = peer("crun").with({ fds }, "run", "--bundle", bundle, newId());
		closeSync(leaked);
		if (!stdout.includes("victim")) skip(fixedIn("crun", "CVE-2024-21626"));
		expect(stdout).toContain("state");
	});
});
