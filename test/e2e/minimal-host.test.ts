/**
 * The binary needs nothing but a kernel: it is one static file, runs on a host without a shell, a library or a
 * configuration, and while a container could reach it nobody can write to it (CVE-2019-5736).
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
	closeSync,
	copyFileSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	renameSync,
	statSync,
	writeFileSync,
	writeSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { test } from "../support/e2e.js";
import { findLeaks } from "../support/leaks.js";
import { runtimeProgram } from "../support/paths.js";
import type { Runtime } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { stateOf } from "../support/status.js";
import { stopperOf } from "../support/stop-at.js";
import { waitFor } from "../support/wait.js";

describe("the binary", () => {
	const sections = () =>
		execFileSync("readelf", ["--program-headers", "--sections", "--wide", runtimeProgram]).toString();

	test("needs no library", ({ skip }) => {
		needs(skip, "tsrun");
		const { stdout, stderr } = spawnSync("ldd", [runtimeProgram], { encoding: "utf8" });
		expect(stdout + stderr).toMatch(/statically linked|not a dynamic executable/);
		expect(sections()).not.toContain("INTERP");
	});

	test("has at most 3 MiB, without symbols and debugging information", ({ skip }) => {
		needs(skip, "tsrun");
		expect(statSync(runtimeProgram).size).toBeLessThanOrEqual(3 * 1024 * 1024);
		expect(sections()).not.toMatch(/ \.(symtab|debug_\w+) /);
	});

	test("has a stack that cannot be executed, and no memory that can be both written and executed", ({ skip }) => {
		needs(skip, "tsrun");
		const segments = [...sections().matchAll(/^ {2}(\w+)(?: +0x[0-9a-f]+){5} ([RWE ]{3})/gm)];
		const rights = segments.map(([, type, flags = ""]) => `${type} ${flags.replaceAll(" ", "")}`);
		expect(rights).toContain("GNU_STACK RW");
		expect(rights.filter((each) => /W.*E/.test(each))).toEqual([]);
		expect(rights.some((each) => each.startsWith("GNU_RELRO"))).toBe(true);
	});
});

/** Runs a script of the machine's shell in a root that has nothing but what the title says, with its mounts made. */
function onMinimalHost(folder: string, bundles: Readonly<Record<string, string>>, script: string) {
	const host = join(folder, "host");
	for (const directory of ["proc", "sys", "dev"]) mkdirSync(join(host, directory), { recursive: true });
	writeFileSync(join(host, "dev/null"), "");
	copyFileSync(runtimeProgram, join(host, "tsrun"));
	for (const [name, bundle] of Object.entries(bundles)) renameSync(bundle, join(host, name));
	const mounts = `
		mount --bind "$0" "$0" && cd "$0" && mount -t proc proc proc && mount --rbind /sys sys &&
		mount --bind /dev/null dev/null || exit
	`;
	const command = ["--mount", "--propagation", "private", "sh", "-c", mounts + script, host];
	const env = { PATH: process.env.PATH, TSRUN_E2E: folder };
	const { stdout, stderr, status } = spawnSync("unshare", command, { encoding: "utf8", env });
	return { host, stdout, stderr, status };
}

describe("with nothing but /proc, /sys, /dev/null and a bundle", () => {
	test("run works in a chroot", ({ makeBundle, folder, newId, skip }) => {
		needs(skip, "tsrun", "root");
		const bundle = makeBundle({ args: ["/probe", "exit", "7"] });
		const script = `exec chroot . /tsrun --root /run/tsrun run --bundle /bundle ${newId()} < dev/null`;
		const { status, stdout, stderr, host } = onMinimalHost(folder, { bundle }, script);
		expect({ status, stdout, stderr }).toEqual({ status: 7, stdout: "", stderr: "" });
		expect(readdirSync(host).sort()).toEqual(["bundle", "dev", "proc", "run", "sys", "tsrun"]);
		expect(readdirSync(join(host, "run/tsrun"))).toEqual(["history~"]);
	});

	test("every verb works on a host that has no more", ({ makeBundle, folder, newId, skip }) => {
		needs(skip, "tsrun", "root");
		const bundle = makeBundle({ args: ["/probe", "print-ready-then-wait"] });
		const id = newId();
		const calls = [
			`create --bundle /bundle --pid-file /pid ${id}`,
			`start ${id}`,
			`exec ${id} /probe hostname`,
			"list --quiet",
			`pause ${id}`,
			`resume ${id}`,
			`kill ${id} KILL`,
			`delete --force ${id}`,
		];
		// the bundle's own shell drives, since the host has none
		const drive = `umount -l /old; rmdir /old; ${calls
			.map((call) => `/tsrun --root /run/tsrun ${call} < /dev/null; echo "$?"`)
			.join("; ")}`;
		const script = `mkdir old && pivot_root . old && cd / && exec /bundle/rootfs/bin/busybox sh -c '${drive}'`;
		const { stdout, stderr } = onMinimalHost(folder, { bundle }, script);
		expect(stderr).toBe("");
		const lines = stdout.split("\n").filter((line) => line !== "ready");
		const [name] = lines.splice(2, 1);
		expect(name).toContain("container");
		expect(lines).toEqual(["0", "0", "0", id, "0", "0", "0", "0", "0", ""]);
	});
});

describe("the running image cannot be written to", () => {
	/** The attack is carried out, on a copy of the runtime. */
	const ownBinary = (runtime: Runtime, folder: string) => {
		const binary = join(folder, "tsrun");
		copyFileSync(runtimeProgram, binary);
		const original = readFileSync(binary);
		return {
			start: (...args: string[]) => {
				const env = { PATH: process.env.PATH, TSRUN_E2E: folder };
				const child = spawn(binary, ["--root", runtime.root, ...args], { stdio: "ignore", env });
				return { pid: child.pid ?? 0, ended: once(child, "exit").then(([status]) => status as number | null) };
			},
			isIntact: () => readFileSync(binary).equals(original),
		};
	};

	/** Takes hold of a process's image as an attacker does: for reading, which nothing forbids. */
	const hold = (pid: number) => openSync(`/proc/${pid}/exe`, "r");

	/** Opens what is held for writing, and writes; the errno that forbids it. */
	const attack = (image: number): string => {
		try {
			const fd = openSync(`/proc/self/fd/${image}`, "r+");
			try {
				writeSync(fd, "#");
			} finally {
				closeSync(fd);
			}
			return "written";
		} catch (error) {
			return (error as NodeJS.ErrnoException).code ?? "";
		}
	};

	const refusal = /^(EROFS|ETXTBSY|EPERM)$/;
	/** ETXTBSY would protect it for as long as it runs. */
	const lastingRefusal = /^(EROFS|EPERM)$/;

	test("of a created container", async ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun", "root");
		const id = newId();
		const { start, isIntact } = ownBinary(runtime, folder);
		expect(await start("create", "--bundle", makeBundle(), id).ended).toBe(0);
		const inside = runtime("exec", id, "/probe", "open", "/proc/1/exe", "w");
		expect(inside.stdout).toMatch(/^(EROFS|ETXTBSY|EPERM|EACCES)\n$/);
		const image = hold(stateOf(runtime, id).pid);
		expect(attack(image)).toMatch(refusal);
		runtime("delete", "--force", id);
		expect(attack(image)).toMatch(lastingRefusal);
		closeSync(image);
		expect(isIntact()).toBe(true);
	});

	test("of run, while it stays with its container", async ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun", "root");
		const id = newId();
		const { start, isIntact } = ownBinary(runtime, folder);
		const run = start("run", "--bundle", makeBundle(), id);
		const isThere = () => runtime("state", id).status === 0 && stateOf(runtime, id).status === "running";
		await waitFor(isThere, { what: "the container to run" });
		const image = hold(run.pid);
		expect(attack(image)).toMatch(refusal);
		runtime("kill", id, "KILL");
		expect(await run.ended).toBe(137);
		expect(attack(image)).toMatch(lastingRefusal);
		closeSync(image);
		expect(isIntact()).toBe(true);
	});

	test("of a process on its way into a container", async ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun", "root");
		const id = newId();
		const { start, isIntact } = ownBinary(runtime, folder);
		runtime("run", "--detach", "--bundle", makeBundle(), id);
		const { pid: init } = stateOf(runtime, id);
		// in a frozen cgroup it comes no further than its first step
		runtime("pause", id);
		const exec = start("exec", "--ignore-paused", id, "/bin/true");
		const cgroups = findLeaks(folder).cgroups.map((cgroup) => join(cgroup, "cgroup.procs"));
		const members = () => cgroups.flatMap((file) => readFileSync(file, "utf8").split("\n")).map(Number);
		const entering = () => members().find((pid) => pid > 0 && pid !== init);
		const image = hold(await waitFor(entering, { what: "the process to enter the cgroup" }));
		expect(attack(image)).toMatch(refusal);
		runtime("resume", id);
		expect(await exec.ended).toBe(0);
		expect(attack(image)).toMatch(lastingRefusal);
		closeSync(image);
		expect(isIntact()).toBe(true);
		runtime("delete", "--force", id);
	});

	test("where no mount may be made: it is a sealed copy then", ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun", "root");
		const id = newId();
		const stopper = stopperOf(runtime, folder);
		const create = ["create", "--bundle", makeBundle(), id];
		const call = stopper.watch(0, ...create).calls.find(({ name }) => name === "mount_setattr");
		runtime("delete", "--force", id);
		expect(call).toBeDefined();
		expect(stopper.fail(0, call?.number ?? 0, "EPERM", ...create)).toMatchObject({ status: 0, stderr: "" });
		const { pid } = stateOf(runtime, id);
		expect(readlinkSync(`/proc/${pid}/exe`)).toBe("/memfd:tsrun (deleted)");
		const image = hold(pid);
		expect(attack(image)).toMatch(refusal);
		runtime("delete", "--force", id);
		expect(attack(image)).toBe("EPERM");
		closeSync(image);
	});
});
