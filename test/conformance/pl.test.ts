/** PL: what a process has on Linux (config.md#linux-process): capabilities, scheduling, OOM score; labels are unit tests. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { capabilityNames } from "../../src/spec/capability-names.js";
import { all, type Patch, setting, test } from "../support/conformance.js";
import { shell } from "../support/container.js";

const withProcess = (members: object): Patch => setting(({ process }) => process, members);

describe("capabilities", () => {
	const five = ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID", "CAP_NET_BIND_SERVICE", "CAP_MKNOD"];
	/** A different set each, as far as the kernel's rules allow: each is a part of the one before. */
	const sets = {
		bounding: five,
		permitted: five.slice(0, 4),
		effective: five.slice(0, 3),
		inheritable: five.slice(0, 2),
		ambient: five.slice(0, 1),
	};
	const bits = (names: readonly string[]) =>
		names
			.reduce(
				(sum, name) => sum | (1n << BigInt(capabilityNames.indexOf(name as (typeof capabilityNames)[number]))),
				0n,
			)
			.toString(16)
			.padStart(16, "0");

	test.for([
		["PL-02", "effective"],
		["PL-03", "bounding"],
		["PL-04", "inheritable"],
		["PL-05", "permitted"],
		["PL-06", "ambient"],
	] as const)("%s %s is exactly that set", ([, set], { look }) => {
		expect(
			look(["caps"], withProcess({ capabilities: { bounding: five, permitted: five, effective: five } }))[set],
		).toBe(set === "inheritable" || set === "ambient" ? bits([]) : bits(five));
		// execve(2) gives root what is in the bounding set, so the program is another user's
		const user: Patch = ({ process }) => {
			process.user = { uid: 1000, gid: 1000 };
		};
		const same = { ...sets, permitted: sets.ambient, effective: sets.ambient };
		expect(look(["caps"], all(user, withProcess({ capabilities: sets })))[set]).toBe(bits(same[set]));
	});

	const own = BigInt(`0x${/CapBnd:\t(\w+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]}`);
	const isOurs = (_name: string, bit: number) => ((own >> BigInt(bit)) & 1n) === 1n;

	test("PL-07 every capability of the kernel that the runtime has can be in every set", ({ look }) => {
		const last = Number(readFileSync("/proc/sys/kernel/cap_last_cap", "utf8"));
		expect(capabilityNames.length).toBeGreaterThan(last);
		const names = capabilityNames.slice(0, last + 1).filter(isOurs);
		const capabilities = Object.fromEntries(Object.keys(sets).map((set) => [set, names]));
		const seen = look(["caps"], withProcess({ capabilities }));
		expect(seen).toEqual(Object.fromEntries(Object.keys(sets).map((set) => [set, bits(names)])));
	});

	/** As on a machine that withholds the capability. */
	const withoutResource = { through: ["setpriv", "--bounding-set=-sys_resource"] };
	const more = ["CAP_KILL", "CAP_SYS_RESOURCE", "CAP_MAGIC"];
	const capabilities = { bounding: more, effective: more, permitted: more };

	test("PL-08 a capability that is unknown or cannot be granted is told", ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle({ args: ["/probe", "caps"], patch: withProcess({ capabilities }) });
		const { stderr } = runtime.with(withoutResource, "run", "--bundle", bundle, newId());
		expect(stderr).toContain("CAP_SYS_RESOURCE");
		expect(stderr).toContain("CAP_MAGIC");
	});

	test("PL-09 and is no error", ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle({ args: ["/probe", "caps"], patch: withProcess({ capabilities }) });
		const { status, stdout } = runtime.with(withoutResource, "run", "--bundle", bundle, newId());
		expect(status).toBe(0);
		expect(JSON.parse(stdout)).toMatchObject({ bounding: bits(["CAP_KILL"]), permitted: bits(["CAP_KILL"]) });
	});
});

test("PL-10 noNewPrivileges is set as given, and not by default", ({ look }) => {
	expect(look(["nnp"], withProcess({ noNewPrivileges: true }))).toBe(1);
	expect(look(["nnp"], withProcess({ noNewPrivileges: false }))).toBe(0);
	expect(look(["nnp"], withProcess({ noNewPrivileges: undefined }))).toBe(0);
});

test("PL-11 oomScoreAdj is the process's", ({ look }) => {
	expect(look(["oom-score"], withProcess({ oomScoreAdj: 321 }))).toBe(321);
	expect(look(["oom-score"], withProcess({ oomScoreAdj: 0 }))).toBe(0);
});

test("PL-12 without oomScoreAdj it stays as it is", ({ runtime, makeBundle, newId }) => {
	const through = ["sh", "-c", 'echo 123 > /proc/self/oom_score_adj; exec "$@"', "sh"];
	const bundle = makeBundle({ args: ["/probe", "oom-score"] });
	expect(runtime.with({ through }, "run", "--bundle", bundle, newId()).stdout).toBe("123\n");
});

describe("scheduler", () => {
	const scheduled = (scheduler: object): Patch =>
		all(withProcess({ scheduler }), ({ linux }) => {
			// a cgroup of version 1 may have no real-time processes unless it has time for them
			if (existsSync("/sys/fs/cgroup/cpu/cpu.rt_runtime_us")) linux.resources.cpu = { realtimeRuntime: 1000 };
		});

	test.for([
		["SCHED_OTHER", {}],
		["SCHED_FIFO", { priority: 1 }],
		["SCHED_RR", { priority: 1 }],
		["SCHED_BATCH", {}],
		["SCHED_IDLE", {}],
		["SCHED_DEADLINE", { runtime: 1_000_000, deadline: 50_000_000, period: 100_000_000 }],
	] as const)("PL-13 the policy may be %s", ([policy, more], { look }) => {
		expect(look(["sched"], scheduled({ policy, ...more })).policy).toBe(policy);
	});

	test("PL-13 another policy is an error, and SCHED_ISO, which the kernel does not have", ({ refuse }) => {
		refuse(scheduled({ policy: "SCHED_MAGIC" }));
		refuse(scheduled({ policy: "SCHED_ISO" }));
	});

	test("PL-14 a scheduler without policy is an error", ({ refuse }) => {
		refuse(scheduled({ nice: 3 }));
	});

	test("PL-15 nice is the nice value, 0 when unset", ({ look }) => {
		expect(look(["sched"], scheduled({ policy: "SCHED_OTHER", nice: 7 })).nice).toBe(7);
		expect(look(["sched"], scheduled({ policy: "SCHED_OTHER" })).nice).toBe(0);
	});

	test("PL-16 priority is the static priority, 0 when unset", ({ look, refuse }) => {
		expect(look(["sched"], scheduled({ policy: "SCHED_RR", priority: 12 })).priority).toBe(12);
		// FIFO's least is 1
		refuse(scheduled({ policy: "SCHED_FIFO" }));
	});

	test.for([
		["SCHED_FLAG_RESET_ON_FORK", { policy: "SCHED_RR", priority: 1 }, 1],
		[
			"SCHED_FLAG_RECLAIM",
			{ policy: "SCHED_DEADLINE", runtime: 1_000_000, deadline: 50_000_000, period: 50_000_000 },
			2,
		],
		[
			"SCHED_FLAG_DL_OVERRUN",
			{ policy: "SCHED_DEADLINE", runtime: 1_000_000, deadline: 50_000_000, period: 50_000_000 },
			4,
		],
	] as const)("PL-17 flags: %s", ([flag, scheduler, bit], { look }) => {
		expect(look(["sched"], scheduled({ ...scheduler, flags: [flag] })).flags & 7).toBe(bit);
	});

	test("PL-17 flags: a flag that nobody knows is an error", ({ refuse }) => {
		refuse(scheduled({ policy: "SCHED_OTHER", flags: ["SCHED_FLAG_MAGIC"] }));
	});

	test("PL-18 runtime, deadline and period are SCHED_DEADLINE's", ({ look }) => {
		const times = { runtime: 2_000_000, deadline: 60_000_000, period: 120_000_000 };
		expect(look(["sched"], scheduled({ policy: "SCHED_DEADLINE", ...times }))).toMatchObject(times);
	});
});

describe("ioPriority", () => {
	const given = (ioPriority: object) => withProcess({ ioPriority });

	test.for([
		["IOPRIO_CLASS_RT", 1],
		["IOPRIO_CLASS_BE", 2],
		["IOPRIO_CLASS_IDLE", 3],
	] as const)("PL-20 the class may be %s", ([name, number], { look }) => {
		expect(look(["sched"], given({ class: name, priority: 0 })).ioClass).toBe(number);
	});

	test("PL-20 another class is an error", ({ refuse }) => {
		refuse(given({ class: "IOPRIO_CLASS_MAGIC", priority: 0 }));
	});

	test("PL-21 the priority is 0 to 7, and both members have to be there", ({ look, refuse }) => {
		expect(look(["sched"], given({ class: "IOPRIO_CLASS_BE", priority: 7 })).ioPriority).toBe(7);
		refuse(given({ class: "IOPRIO_CLASS_BE", priority: 8 }));
		refuse(given({ class: "IOPRIO_CLASS_BE" }));
		refuse(given({ priority: 3 }));
	});

	test("PL-22 the priority holds for what the program starts, too", ({ output }) => {
		const seen = output(shell("true; /probe sched"), given({ class: "IOPRIO_CLASS_BE", priority: 6 }));
		expect(JSON.parse(seen)).toMatchObject({ ioClass: 2, ioPriority: 6 });
	});
});

describe("execCPUAffinity", () => {
	const only = (members: object) => withProcess({ execCPUAffinity: members });

	test("PL-23 does not hold for the container's first process", ({ look }) => {
		const { cpus } = look(["sched"]);
		expect(look(["sched"], only({ initial: "0", final: "0" })).cpus).toEqual(cpus);
	});

	test("PL-24 PL-25 initial is where the runtime starts a process of exec, final where it stays", ({
		start,
		runtime,
	}) => {
		const { id } = start({ patch: only({ initial: "1", final: "0" }) });
		const { status, stdout, stderr } = runtime("exec", id, "/probe", "sched");
		expect(status, stderr).toBe(0);
		expect(JSON.parse(stdout).cpus).toEqual([0]);
		// a set without a processor of this machine cannot be where it starts
		const bad = start({ patch: only({ initial: "4000", final: "0" }) });
		expect(runtime("exec", bad.id, "/probe", "sched").status).not.toBe(0);
	});

	test("PL-26 without final a process of exec stays where initial put it", ({ start, runtime, folder }) => {
		const { id } = start();
		const file = join(folder, "process.json");
		const user = { uid: 0, gid: 0 };
		writeFileSync(
			file,
			JSON.stringify({ args: ["/probe", "sched"], cwd: "/", user, execCPUAffinity: { initial: "1" } }),
		);
		expect(JSON.parse(runtime("exec", "--process", file, id).stdout).cpus).toEqual([1]);
	});
});
