/**
 * Intel RDT (config-linux.md#intelrdt). Machines with it are rare, so the runtime gets a mountinfo that tells of a resctrl,
 * which is a plain directory laid out like one. What the kernel does itself there is in test/unit/linux/resctrl.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { Config } from "../../src/spec/types.js";
import type { BaseConfig } from "../support/bundle.js";
import { test as base } from "../support/e2e.js";
import { failureOf } from "../support/failure.js";
import type { RunResult } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { stateOf } from "../support/status.js";

const silent = { status: 0, stdout: "", stderr: "" };

const test = base
	.extend("resctrl", ({ folder, skip }) => {
		needs(skip, "tsrun"); // the peers look for more of the machine
		const root = join(folder, "resctrl");
		for (const group of ["", "gold"]) {
			mkdirSync(join(root, group, "mon_groups"), { recursive: true });
			writeFileSync(join(root, group, "tasks"), "");
			writeFileSync(join(root, group, "schemata"), "    MB:0=100;1=100\n    L3:0=7ff;1=7ff\n");
		}
		return {
			read: (file: string) => readFileSync(join(root, file), "utf8"),
			groups: () => readdirSync(root).sort(),
			root,
		};
	})
	.extend("withResctrl", ({ runtime, resctrl, folder }) => (...args: string[]): RunResult => {
		const mountinfo = join(folder, "mountinfo");
		const script = `
			cp /proc/self/mountinfo ${mountinfo}
			echo "999 1 0:99 / ${resctrl.root} rw,relatime - resctrl resctrl rw" >>${mountinfo}
			mount --bind ${mountinfo} /proc/$$/mountinfo
			exec "$0" "$@"`;
		return runtime.with({ through: ["unshare", "--mount", "sh", "-ec", script] }, ...args);
	});

const withRdt = (intelRdt: NonNullable<Config["linux"]>["intelRdt"]) => {
	return (config: BaseConfig): void => {
		Object.assign(config.linux, { intelRdt });
	};
};

describe("RDT", () => {
	test("RD-01 RD-02 RD-24 init and what exec starts are tasks of the class of service, which stays when the container goes", ({
		resctrl,
		withResctrl,
		runtime,
		makeBundle,
		newId,
	}) => {
		const id = newId();
		const patch = withRdt({ closID: "gold", l3CacheSchema: "L3:1=7FF" });
		expect(withResctrl("run", "--detach", "--bundle", makeBundle({ patch }), id)).toMatchObject(silent);
		expect(resctrl.read("gold/tasks")).toBe(`${stateOf(runtime, id).pid}\n`);
		expect(resctrl.read("gold/schemata")).toMatch(/^L3:1=7FF\n/);
		// exec and later verbs look at no mounts: the container's record says where it is
		const execed = runtime("exec", "--detach", "--pid-file", join(resctrl.root, "../pid"), id, "/probe", "sleep");
		expect(execed).toMatchObject(silent);
		expect(resctrl.read("gold/tasks")).toBe(`${readFileSync(join(resctrl.root, "../pid"), "utf8")}\n`);
		expect(runtime("delete", "--force", id)).toMatchObject(silent);
		expect(resctrl.groups()).toEqual(["gold", "mon_groups", "schemata", "tasks"]);
	});

	test('RD-05 closID "/" is the default class', ({ resctrl, withResctrl, runtime, makeBundle, newId }) => {
		const id = newId();
		withResctrl("create", "--bundle", makeBundle({ patch: withRdt({ closID: "/" }) }), id);
		expect(resctrl.read("tasks")).toBe(`${stateOf(runtime, id).pid}\n`);
		runtime("delete", "--force", id);
	});

	test("update writes a new schema, and refuses one that is none", ({
		resctrl,
		withResctrl,
		runtime,
		makeBundle,
		newId,
	}) => {
		const id = newId();
		withResctrl("create", "--bundle", makeBundle({ patch: withRdt({ closID: "gold" }) }), id);
		expect(runtime("update", "--mem-bw-schema", "MB:0=20;1=70", id)).toMatchObject(silent);
		expect(resctrl.read("gold/schemata")).toMatch(/^MB:0=20;1=70\n/);
		expect(runtime("update", "--l3-cache-schema", "L3:0=1f", "--pids-limit", "30", id)).toMatchObject(silent);
		expect(resctrl.read("gold/schemata")).toMatch(/^L3:0=1f\n/);
		expect(failureOf(runtime("update", "--mem-bw-schema", "L3:0=1", id)).message).toContain(
			'expected "MB:" at the start',
		);
		runtime("delete", "--force", id);
	});

	test("RD-04 without linux.intelRdt nothing of resctrl is touched", ({ resctrl, withResctrl, makeBundle, newId }) => {
		const bundle = makeBundle({ args: ["/probe", "exit", "0"] });
		expect(withResctrl("run", "--bundle", bundle, newId())).toMatchObject(silent);
		expect([resctrl.read("tasks"), resctrl.read("gold/tasks")]).toEqual(["", ""]);
		expect(resctrl.groups()).toEqual(["gold", "mon_groups", "schemata", "tasks"]);
	});
});

describe("an error", () => {
	test("RD-03 no resctrl on this machine", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun");
		const run = runtime("create", "--bundle", makeBundle({ patch: withRdt({}) }), newId());
		expect(failureOf(run)).toMatchObject({
			status: 1,
			message: "tsrun create failed: Intel RDT is asked for, but no resctrl file system is mounted",
		});
	});

	test("RD-20 RD-22 a class of service that is not there, or is another", ({
		resctrl,
		withResctrl,
		makeBundle,
		newId,
	}) => {
		const refusal = (rdt: Parameters<typeof withRdt>[0]) =>
			failureOf(withResctrl("create", "--bundle", makeBundle({ patch: withRdt(rdt) }), newId())).message;
		expect(refusal({ closID: "silver" })).toContain('there is no class of service "silver"');
		expect(refusal({ closID: "gold", l3CacheSchema: "L3:0=f" })).toContain(
			`"L3:0=f" is not what ${resctrl.root}/gold/schemata says`,
		);
		expect(resctrl.groups()).toEqual(["gold", "mon_groups", "schemata", "tasks"]);
	});

	test("RD-26 a monitoring group that cannot be joined: it is gone afterwards", ({
		resctrl,
		withResctrl,
		makeBundle,
		newId,
	}) => {
		// the directory has none of the files that the kernel would make
		const patch = withRdt({ closID: "gold", enableMonitoring: true });
		const id = newId();
		const { message } = failureOf(withResctrl("create", "--bundle", makeBundle({ patch }), id));
		expect(message).toContain(`/gold/mon_groups/${id}/tasks: no such file or directory`);
		expect(readdirSync(join(resctrl.root, "gold/mon_groups"))).toEqual([]);
	});
});
