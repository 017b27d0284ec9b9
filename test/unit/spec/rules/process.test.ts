import { describe, expect, test } from "vitest";
import { configWith, issuesOfConfig, issuesOfProcess, named } from "../support.js";

const found = (members: Record<string, unknown>) => named(issuesOfProcess(members));
const message = (members: Record<string, unknown>) => issuesOfProcess(members)[0]?.message;

test("the rules hold in config.json too", () => {
	expect(named(issuesOfConfig(configWith({ process: { cwd: "/" } })))).toEqual(["PR-09 $.process.args"]);
});

test("cwd is an absolute path", () => {
	expect(message({ cwd: "tmp" })).toBe('Cwd must be an absolute path; found "tmp"');
	expect(message({ cwd: "" })).toBe("Cwd property must not be empty");
});

test("args has at least one entry", () => {
	expect(message({ args: [] })).toBe("args must not be empty");
	expect(message({ args: undefined })).toBe("args must not be empty");
});

describe("env", () => {
	test("an entry has a name and an equals sign", () => {
		expect(found({ env: ["A=", "B", "=c", ""] })).toEqual(["PR-07 $.env[1]", "PR-07 $.env[2]", "PR-07 $.env[3]"]);
		expect(message({ env: ["B"] })).toBe(`invalid environment variable: missing '='; found "B"`);
		expect(message({ env: ["=c"] })).toBe('invalid environment variable: name cannot be empty; found "=c"');
	});

	test("a value may have equals signs", () => {
		expect(found({ env: ["A==b=c"] })).toEqual([]);
	});
});

describe("user", () => {
	test("the id -1, which would leave root's in place, is refused", () => {
		const none = 4294967295;
		expect(found({ user: { uid: none, gid: none, additionalGids: [0, none] } })).toEqual([
			"PU-01 $.user.uid",
			"PU-01 $.user.gid",
			"PU-01 $.user.additionalGids[1]",
		]);
	});

	test("the last id below it is legal", () => {
		expect(found({ user: { uid: 4294967294, gid: 0 } })).toEqual([]);
	});

	test("uid and gid are required", () => {
		expect(issuesOfProcess({ user: {} }).map(({ path }) => path)).toEqual(["$.user.uid", "$.user.gid"]);
	});
});

describe("rlimits", () => {
	test("a type stands once", () => {
		const limit = (type: string) => ({ type, soft: 1, hard: 1 });
		const rlimits = [limit("RLIMIT_CPU"), limit("RLIMIT_AS"), limit("RLIMIT_CPU")];
		expect(found({ rlimits })).toEqual(["PX-07 $.rlimits[2].type"]);
		expect(message({ rlimits })).toBe("RLIMIT_CPU is set already by rlimits[0]");
	});

	test("the soft limit is not above the hard one, which may be infinite", () => {
		expect(found({ rlimits: [{ type: "RLIMIT_CPU", soft: 2, hard: 1 }] })).toEqual(["PX-05 $.rlimits[0].soft"]);
		expect(found({ rlimits: [{ type: "RLIMIT_CPU", soft: 2, hard: 2 }] })).toEqual([]);
	});

	test("a type is one of getrlimit(2)", () => {
		expect(message({ rlimits: [{ type: "RLIMIT_FOO", soft: 1, hard: 1 }] })).toMatch(
			/^invalid rlimit type "RLIMIT_FOO": expected one of RLIMIT_AS, /,
		);
	});
});

test("an unknown capability is a warning, in each set", () => {
	const sets = ["bounding", "effective", "inheritable", "permitted", "ambient"];
	const capabilities = Object.fromEntries(sets.map((set) => [set, ["CAP_KILL", "CAP_FOO"]]));
	const issues = issuesOfProcess({ capabilities });
	expect(named(issues)).toEqual(sets.map((set) => `PL-08 $.capabilities.${set}[1]`));
	expect(issues[0]).toMatchObject({ severity: "warning", message: 'unknown capability "CAP_FOO" is ignored' });
});

test.each([-1000, 0, 1000])("oomScoreAdj %i is legal", (oomScoreAdj) => {
	expect(found({ oomScoreAdj })).toEqual([]);
});

test.each([-1001, 1001])("oomScoreAdj %i is out of range", (oomScoreAdj) => {
	expect(found({ oomScoreAdj })).toEqual(["PL-11 $.oomScoreAdj"]);
});

describe("scheduler", () => {
	test("nice is -20 to 19", () => {
		expect(found({ scheduler: { policy: "SCHED_OTHER", nice: 20 } })).toEqual(["PL-15 $.scheduler.nice"]);
		expect(found({ scheduler: { policy: "SCHED_OTHER", nice: -20 } })).toEqual([]);
	});

	test("a priority is for real-time policies", () => {
		expect(found({ scheduler: { policy: "SCHED_OTHER", priority: 5 } })).toEqual(["PL-16 $.scheduler.priority"]);
		expect(found({ scheduler: { policy: "SCHED_FIFO", priority: 5 } })).toEqual([]);
		expect(found({ scheduler: { policy: "SCHED_RR", priority: 5 } })).toEqual([]);
	});

	test("times are for deadlines", () => {
		expect(found({ scheduler: { policy: "SCHED_BATCH", runtime: 1 } })).toEqual(["PL-18 $.scheduler"]);
		expect(found({ scheduler: { policy: "SCHED_DEADLINE", runtime: 1, deadline: 2, period: 2 } })).toEqual([]);
	});
});

test("CPU affinities are lists of CPUs", () => {
	expect(found({ execCPUAffinity: { initial: "a", final: "3-1" } })).toEqual([
		"PL-24 $.execCPUAffinity.initial",
		"PL-25 $.execCPUAffinity.final",
	]);
	expect(found({ execCPUAffinity: { initial: "7", final: "0-3, 7" } })).toEqual([]);
	expect(found({ execCPUAffinity: { initial: "", final: "" } })).toEqual([]);
});

test("consoleSize without a terminal is ignored, not refused", () => {
	expect(found({ terminal: false, consoleSize: { height: 25, width: 80 } })).toEqual([]);
});
