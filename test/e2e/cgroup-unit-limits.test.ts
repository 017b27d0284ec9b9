/**
 * linux.resources by the systemd driver: each setting of test/support/unit-settings.ts ends in properties of the unit and in
 * its control files, and with runc in the same ones.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect } from "vitest";
import type { LinuxResources } from "../../src/spec/types.js";
import { cgroupDirectory } from "../support/cgroups.js";
import { test as base } from "../support/container.js";
import { runtimeProgram } from "../support/paths.js";
import { needs } from "../support/skip.js";
import { unitSettings } from "../support/unit-settings.js";
import { unitProperties } from "../support/units.js";

interface Seen {
	readonly files: Readonly<Record<string, string>>;
	readonly unit: Readonly<Record<string, string>>;
}

const test = base
	.extend("machine", { auto: true }, ({ skip }) => needs(skip, "cgroup v2", "systemd", "tsrun", "runc"))
	.extend("see", ({ makeBundle, newId, folder }) => {
		/** What the kernel and systemd have while a container of that runtime lives. */
		return (program: string, root: string, resources: LinuxResources): Seen => {
			const id = newId();
			const name = `${basename(folder)}-own`;
			const bundle = makeBundle({
				patch: ({ linux }) => {
					linux.resources = { ...linux.resources, ...resources };
					linux.cgroupsPath = `system.slice:test:${name}`;
				},
			});
			const run = (...args: string[]) =>
				execFileSync(program, ["--root", root, "--systemd-cgroup", ...args], { cwd: folder, stdio: "ignore" });
			const pidFile = join(folder, "pid");
			run("run", "--detach", "--pid-file", pidFile, "--bundle", bundle, id);
			try {
				const files = controlFiles(Number(readFileSync(pidFile, "utf8")));
				return { files, unit: unitProperties(`test-${name}.scope`) };
			} finally {
				run("delete", "--force", id);
			}
		};
	});

/** Files that are set, not those that count or tell. */
function controlFiles(pid: number): Readonly<Record<string, string>> {
	const directory = cgroupDirectory(pid, "");
	const counts = /stat|events|procs|threads|current|peak|pressure|type|controllers|kill|reclaim/;
	const names = readdirSync(directory).filter((name) => name.includes(".") && !counts.test(name));
	return Object.fromEntries(names.map((name) => [name, readFileSync(join(directory, name), "utf8").trim()]));
}

/** Properties that follow from `linux.resources`, which have to be the same, whoever asked systemd for them. */
function limitsOf(unit: Seen["unit"], without: readonly string[]): Seen["unit"] {
	const limits = /^(Slice|Delegate|DevicePolicy|TasksMax|.*Accounting|(CPU|Memory|Allowed|IO|StartupCPU).*)$/;
	const counts = /(Current|Available|NSec|Bytes|Operations)$/;
	return Object.fromEntries(
		Object.entries(unit).filter(([name]) => limits.test(name) && !counts.test(name) && !without.includes(name)),
	);
}

describe("as with runc, properties and control files of the unit have", () => {
	for (const [name, { resources, files, unit, unsetByRunc = [], notRunc }] of Object.entries(unitSettings)) {
		test(name, ({ see, runtime, folder }) => {
			const seen = see(runtimeProgram, runtime.root, resources);
			expect(seen.files).toMatchObject(files);
			expect(seen.unit).toMatchObject(unit);
			if (notRunc) return;
			const runc = see("runc", join(folder, "tmp"), resources);
			expect(seen.files).toEqual(runc.files);
			expect(limitsOf(seen.unit, unsetByRunc)).toEqual(limitsOf(runc.unit, unsetByRunc));
		});
	}
});
