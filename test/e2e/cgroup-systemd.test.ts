/** --systemd-cgroup: containers as units of systemd, from create to delete. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { cgroupPath, cpuQuota, isUnified, memoryLimit, pidsLimit } from "../support/cgroups.js";
import { test as base } from "../support/container.js";
import { failureOf } from "../support/failure.js";
import { describeLeaks, findLeaks } from "../support/leaks.js";
import type { RunResult } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { awaitStatus, isAlive, stateOf } from "../support/status.js";
import { activeState, isLoaded, unitProperties } from "../support/units.js";
import { waitFor } from "../support/wait.js";

const silent = { status: 0, stdout: "", stderr: "" };
const MiB = 1 << 20;

const test = base
	.extend("machine", { auto: true }, ({ skip }) => needs(skip, "systemd"))
	.extend("systemd", ({ runtime }) => {
		return (...args: string[]): RunResult => runtime("--systemd-cgroup", ...args);
	})
	.extend("unit", ({ folder }) => `test-${basename(folder)}-own.scope`)
	.extend("bundle", ({ makeBundle, folder }) => {
		/** Of a container that will be that unit. */
		return (patch: (config: BaseConfig) => void = () => {}, args = ["/probe", "sleep"]) =>
			makeBundle({
				args,
				patch: (config) => {
					config.linux.cgroupsPath = `system.slice:test:${basename(folder)}-own`;
					patch(config);
				},
			});
	});

describe("a container", () => {
	test("is a scope of its slice, delegated, and gone with it", async ({ systemd, runtime, bundle, unit, newId }) => {
		const id = newId();
		expect(systemd("create", "--bundle", bundle(), id)).toMatchObject(silent);
		const { pid } = stateOf(runtime, id);
		// in every hierarchy
		for (const line of readFileSync(`/proc/${pid}/cgroup`, "utf8").trim().split("\n")) {
			expect(line.split(":").slice(2).join(":"), line).toBe(`/system.slice/${unit}`);
		}
		expect(unitProperties(unit)).toMatchObject({
			ActiveState: "active",
			Slice: "system.slice",
			Delegate: "yes",
			CPUAccounting: "yes",
			MemoryAccounting: "yes",
			TasksAccounting: "yes",
			[isUnified() ? "IOAccounting" : "BlockIOAccounting"]: "yes",
			DevicePolicy: "strict",
			DefaultDependencies: "no",
			Description: `tsrun container ${id}`,
		});
		expect(systemd("start", id)).toMatchObject(silent);
		expect(systemd("exec", id, "/probe", "read", "/proc/self/cgroup").stdout).toContain(`/system.slice/${unit}`);
		expect(systemd("pause", id)).toMatchObject(silent);
		expect(stateOf(runtime, id).status).toBe("paused");
		expect(systemd("resume", id)).toMatchObject(silent);
		expect(systemd("kill", "--all", id, "KILL")).toMatchObject(silent);
		await awaitStatus(runtime, id, "stopped");
		expect(systemd("delete", id)).toMatchObject(silent);
		expect(isLoaded(unit)).toBe(false);
	});

	test("is named after its id by default", ({ systemd, runtime, makeBundle, newId }) => {
		const id = newId();
		expect(systemd("run", "--detach", "--bundle", makeBundle(), id)).toMatchObject(silent);
		expect(cgroupPath(stateOf(runtime, id).pid, "")).toBe(`/system.slice/tsrun-${id}.scope`);
		expect(systemd("delete", "--force", id)).toMatchObject(silent);
	});

	test("has slices made for it", ({ systemd, runtime, makeBundle, newId, folder }) => {
		const id = newId();
		const name = basename(folder).replaceAll("-", "_");
		const slices = [`${name}-b.slice`, `${name}.slice`];
		const bundle = makeBundle({
			patch: ({ linux }) => {
				linux.cgroupsPath = `${name}-b.slice:p:n`;
			},
		});
		try {
			expect(systemd("run", "--detach", "--bundle", bundle, id)).toMatchObject(silent);
			expect(cgroupPath(stateOf(runtime, id).pid, "")).toBe(`/${name}.slice/${name}-b.slice/p-n.scope`);
			expect(systemd("delete", "--force", id)).toMatchObject(silent);
		} finally {
			execFileSync("systemctl", ["stop", ...slices]);
		}
	});

	test("enters its cgroup also with namespaces that it joins, and sees it as the top of its own", ({
		systemd,
		runtime,
		bundle,
		unit,
		newId,
	}) => {
		const id = newId();
		const joined = bundle(({ linux }) => {
			const others = linux.namespaces.filter(({ type }) => type !== "ipc");
			linux.namespaces = [...others, { type: "ipc", path: "/proc/self/ns/ipc" }, { type: "cgroup" }];
		});
		expect(systemd("run", "--detach", "--bundle", joined, id)).toMatchObject(silent);
		expect(cgroupPath(stateOf(runtime, id).pid, "")).toBe(`/system.slice/${unit}`);
		expect(systemd("exec", id, "/probe", "read", "/proc/self/cgroup")).toMatchObject({
			status: 0,
			stdout: expect.stringMatching(/^0::\/$/m),
		});
		expect(systemd("delete", "--force", id)).toMatchObject(silent);
	});

	test("that was killed leaves no failed unit, and one that systemd has stopped can be deleted", async ({
		systemd,
		runtime,
		bundle,
		unit,
		newId,
	}) => {
		const id = newId();
		expect(systemd("run", "--detach", "--bundle", bundle(), id)).toMatchObject(silent);
		execFileSync("systemctl", ["kill", "--signal=KILL", unit]);
		await awaitStatus(runtime, id, "stopped");
		await waitFor(() => !isLoaded(unit), { what: "systemd to forget the unit" });
		expect(systemd("delete", id)).toMatchObject(silent);
	});

	test("is deleted without the flag as well", ({ systemd, runtime, bundle, unit, newId }) => {
		const id = newId();
		expect(systemd("run", "--detach", "--bundle", bundle(), id)).toMatchObject(silent);
		expect(runtime("delete", "--force", id)).toMatchObject(silent);
		expect(isLoaded(unit)).toBe(false);
	});
});

describe("limits", () => {
	const withLimits = ({ linux }: BaseConfig) => {
		linux.resources.memory = { limit: 64 * MiB };
		linux.resources.pids = { limit: 33 };
	};

	test("outlive a daemon-reload, device rules too", ({ systemd, runtime, bundle, newId }) => {
		const id = newId();
		expect(systemd("run", "--detach", "--bundle", bundle(withLimits), id)).toMatchObject(silent);
		const { pid } = stateOf(runtime, id);
		const look = () => [memoryLimit(pid), pidsLimit(pid)];
		const open = (device: string) => systemd("exec", id, "/probe", "open", device, "rw").stdout;
		for (const _ of ["before", "after"]) {
			expect(look()).toEqual([String(64 * MiB), "33"]);
			expect(open("/dev/null")).toBe("OK\n");
			execFileSync("systemctl", ["daemon-reload"]);
		}
		expect(systemd("delete", "--force", id)).toMatchObject(silent);
	});

	for (const flag of [["--systemd-cgroup"], []]) {
		test(`are updated in the unit as well, ${flag.length > 0 ? "with" : "without"} the flag`, ({
			systemd,
			runtime,
			bundle,
			unit,
			newId,
		}) => {
			const id = newId();
			expect(systemd("run", "--detach", "--bundle", bundle(withLimits), id)).toMatchObject(silent);
			const { pid } = stateOf(runtime, id);
			const update = (...changes: string[]) => runtime(...flag, "update", ...changes, id);
			expect(update("--memory", "32M", "--cpu-quota", "25001", "--cpu-period", "100000")).toMatchObject(silent);
			expect(unitProperties(unit)).toMatchObject({
				[isUnified() ? "MemoryMax" : "MemoryLimit"]: String(32 * MiB),
				CPUQuotaPerSecUSec: "260ms",
				TasksMax: "33",
			});
			// the exact value is written after systemd's, which is rounded
			expect(cpuQuota(pid)).toBe("25001");
			expect(memoryLimit(pid)).toBe(String(32 * MiB));
			expect(update("--pids-limit", "-1")).toMatchObject(silent);
			expect(unitProperties(unit).TasksMax).toBe("infinity");
			expect(systemd("delete", "--force", id)).toMatchObject(silent);
		});
	}

	test("of annotations are set, over all others", ({ systemd, bundle, unit, newId }) => {
		const id = newId();
		const annotated = bundle((config) => {
			withLimits(config);
			config.annotations = {
				"org.systemd.property.TimeoutStopSec": "uint64 7",
				"org.systemd.property.CollectMode": "'inactive'",
				"org.systemd.property.TasksMax": "uint64 44",
			};
		});
		expect(systemd("run", "--detach", "--bundle", annotated, id)).toMatchObject(silent);
		expect(unitProperties(unit)).toMatchObject({ TimeoutStopUSec: "7s", CollectMode: "inactive", TasksMax: "44" });
		expect(systemd("delete", "--force", id)).toMatchObject(silent);
		expect(isLoaded(unit)).toBe(false);
	});
});

describe("an error", () => {
	const refusal = (result: RunResult) => {
		const { status, message } = failureOf(result);
		expect(status).toBe(1);
		return message;
	};

	test("of systemd names the unit, and nothing is left", ({ systemd, bundle, unit, newId, folder }) => {
		const wrong = bundle((config) => {
			config.annotations = { "org.systemd.property.NoSuchThing": "5" };
		});
		expect(refusal(systemd("run", "--bundle", wrong, newId()))).toMatch(
			new RegExp(`unable to start the unit "${unit}": .*NoSuchThing`),
		);
		expect(isLoaded(unit)).toBe(false);
		expect(describeLeaks(findLeaks(folder))).toEqual([]);
	});

	test("says that the unit is there, and leaves it alone", ({ systemd, runtime, bundle, unit, newId }) => {
		const id = newId();
		const both = bundle();
		expect(systemd("run", "--detach", "--bundle", both, id)).toMatchObject(silent);
		expect(refusal(systemd("run", "--bundle", both, newId()))).toMatch(
			new RegExp(`unable to start the unit "${unit}": .*already`),
		);
		expect(activeState(unit)).toBe("active");
		expect(isAlive(stateOf(runtime, id).pid)).toBe(true);
		expect(systemd("delete", "--force", id)).toMatchObject(silent);
	});

	test("after the unit stands takes it away again", ({ systemd, bundle, unit, newId, folder }) => {
		const wrong = bundle(({ linux }) => {
			linux.resources.unified = { "memory.nothing": "1" };
		});
		expect(refusal(systemd("run", "--bundle", wrong, newId()))).toContain("memory.nothing");
		expect(isLoaded(unit)).toBe(false);
		expect(describeLeaks(findLeaks(folder))).toEqual([]);
	});

	for (const path of ["/containers/web", "a:b"]) {
		test(`tells the form of cgroupsPath that is expected, not ${path}`, ({ systemd, bundle, newId }) => {
			const wrong = bundle(({ linux }) => {
				linux.cgroupsPath = path;
			});
			expect(refusal(systemd("run", "--bundle", wrong, newId()))).toContain(
				`expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, got "${path}" instead`,
			);
		});
	}
});
