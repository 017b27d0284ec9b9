/**
 * Every setting of linux.resources ends in the same value in the same file as with runc. Both make a container with it, and all
 * files of its cgroups that can be written are compared, so a value in another file, or one too many, is seen as well. Where
 * we differ on purpose, the reason stands in test/support/runc-differences.ts.
 */
import { constants, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { exactJson } from "../../src/spec/json.js";
import type { LinuxResources } from "../../src/spec/types.js";
import { hierarchyOf, isUnified } from "../support/cgroups.js";
import { test as base } from "../support/e2e.js";
import { resourceSettings } from "../support/resource-settings.js";
import { type Layout, runcDifferences } from "../support/runc-differences.js";
import { type Runtime, runtimeIn } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { stateOf } from "../support/status.js";

const layout: Layout = isUnified() ? "v2" : "v1";

type Snapshot = Readonly<Record<string, string>>;

/** Whoever writes to them asks for something that is done at once, or counts from anew. */
const noSettings =
	/^(?:cgroup\.procs|cgroup\.threads|tasks|cgroup\.kill|.*\.pressure|.*failcnt|.*max_usage_in_bytes|cpuacct\.usage|.*\.peak|memory\.reclaim|memory\.force_empty|blkio\.reset_stats)$/;

/** All settings in the cgroups of a process, in every hierarchy. */
function snapshot(pid: number): Snapshot {
	const values: Record<string, string> = {};
	for (const line of readFileSync(`/proc/${pid}/cgroup`, "utf8").trim().split("\n")) {
		const [, keys = "", path = ""] = line.split(":");
		const directory = join(hierarchyOf(keys.replace(/^name=/, "").split(",")[0] ?? ""), path);
		for (const file of readdirSync(directory)) {
			if (noSettings.test(file) || !isSetting(join(directory, file))) continue;
			// lists of devices are sets, which the kernel lists in an order of its own
			values[`${keys}:${file}`] = readFileSync(join(directory, file), "utf8").trimEnd().split("\n").sort().join("\n");
		}
	}
	return values;
}

/** Readable, and writable but for devices.list, whose two writable files cannot be read. */
function isSetting(path: string): boolean {
	const { mode } = statSync(path);
	if ((mode & constants.S_IFMT) !== constants.S_IFREG || (mode & 0o400) === 0) return false;
	if ((mode & 0o200) === 0 && !path.endsWith("/devices.list")) return false;
	try {
		readFileSync(path);
		return true;
	} catch {
		// some of v1 can only be written, or exist where nothing is counted
		return false;
	}
}

const test = base
	.extend("peers", { auto: true }, ({ skip }) => needs(skip, "tsrun", "runc"))
	.extend("settingsBy", ({ makeBundle, newId }) => {
		/** What the setting becomes by a runtime; a message when it refuses. */
		return (runtime: Runtime, resources: LinuxResources, update?: LinuxResources): Snapshot | string => {
			const id = newId();
			const bundle = makeBundle({
				patch: ({ linux }) => {
					linux.resources = { ...linux.resources, ...resources };
				},
			});
			const created = runtime("create", "--bundle", bundle, id);
			if (created.status !== 0) return created.stderr;
			try {
				const { pid } = stateOf(runtime, id);
				if (update) {
					const updated = runtime.with({ input: exactJson(update) }, "update", "--resources", "-", id);
					if (updated.status !== 0) return updated.stderr;
				}
				return snapshot(pid);
			} finally {
				expect(runtime("delete", "--force", id)).toMatchObject({ status: 0 });
			}
		};
	});

describe("as with runc,", () => {
	for (const { name, resources, update } of resourceSettings()) {
		test(name, ({ runtime, folder, settingsBy }) => {
			const ours = settingsBy(runtime, resources, update);
			const theirs = settingsBy(runtimeIn(folder, "runc"), resources, update);
			const known = runcDifferences[name]?.[layout];
			if (typeof ours === "string" || typeof theirs === "string") {
				const refused = typeof ours !== "string" ? "by runc" : typeof theirs !== "string" ? "by us" : "by both";
				if (refused !== "by both") expect(refused, `ours: ${ours}; runc's: ${theirs}`).toBe(known?.refused);
				return;
			}
			const files = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].sort();
			const differ = files.filter((file) => ours[file] !== theirs[file]);
			const told = differ.map((file) => `${file}: ours ${ours[file]}, runc's ${theirs[file]}`);
			expect(differ, told.join("; ")).toEqual(known?.files ?? []);
		});
	}
});
