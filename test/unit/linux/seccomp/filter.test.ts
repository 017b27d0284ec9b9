import { beforeEach, describe, expect, it } from "vitest";
import { comparisons, compileSeccomp, seccompFlags, usesNotify } from "../../../../src/linux/seccomp/filter.js";
import { actions, architectures, libseccompName, operators } from "../../../../src/linux/seccomp/names.js";
import type { Seccomp, SeccompAction, SeccompRule } from "../../../../src/spec/types.js";
import {
	ENOSYS,
	SCMP_ACT_ALLOW,
	SCMP_ACT_ERRNO_BASE,
	SCMP_ACT_TRACE_BASE,
	SCMP_ARCH_X32,
	SCMP_ARCH_X86,
	SCMP_ARCH_X86_64,
	SCMP_FLTATR_CTL_OPTIMIZE,
	SECCOMP_FILTER_FLAG_LOG,
	SECCOMP_FILTER_FLAG_NEW_LISTENER,
	SECCOMP_FILTER_FLAG_SPEC_ALLOW,
	SECCOMP_FILTER_FLAG_TSYNC,
	SECCOMP_FILTER_FLAG_TSYNC_ESRCH,
	SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
	SECCOMP_RET_ERRNO,
} from "../../../../src/sys/constants.js";
import { TsrunError } from "../../../../src/sys/errors.js";
import { door } from "../../../support/door.js";
import { assemble, runFilter } from "./bpf.js";

/** A libseccomp that knows three architectures and four calls. */
const numbers: Record<string, Record<number, number>> = {
	read: { [SCMP_ARCH_X86_64]: 0, [SCMP_ARCH_X86]: 3, [SCMP_ARCH_X32]: 0x40000000 },
	chown32: { [SCMP_ARCH_X86_64]: -10004, [SCMP_ARCH_X86]: 212, [SCMP_ARCH_X32]: -10004 },
	clone3: { [SCMP_ARCH_X86_64]: 435, [SCMP_ARCH_X86]: 435, [SCMP_ARCH_X32]: 0x40000000 + 435 },
	personality: { [SCMP_ARCH_X86_64]: 135, [SCMP_ARCH_X86]: 136, [SCMP_ARCH_X32]: 0x40000000 + 135 },
};
const tokens: Record<string, number> = { x86_64: SCMP_ARCH_X86_64, x86: SCMP_ARCH_X86, x32: SCMP_ARCH_X32 };
const eperm = SECCOMP_RET_ERRNO | 1;
const denyAll = assemble([[0x06, 0, 0, eperm]]);

beforeEach(() => {
	door.answer("seccomp_arch_resolve_name", (name) => tokens[name] ?? 0);
	door.answer("seccomp_syscall_resolve_name", (name) => numbers[name]?.[SCMP_ARCH_X86_64] ?? -1);
	door.answer("seccomp_syscall_resolve_name_arch", (token, name) => numbers[name]?.[token] ?? -1);
	door.answer("seccomp_export_bpf", denyAll);
	door.answer("seccomp_init", 5);
});

const deny = (...syscalls: SeccompRule[]): Seccomp => ({ defaultAction: "SCMP_ACT_ERRNO", syscalls });
const rules = () => door.args("seccomp_rule_add").map(([, action, number, conditions]) => [action, number, conditions]);

describe("actions", () => {
	it.each([
		["SCMP_ACT_KILL", 0x00000000],
		["SCMP_ACT_KILL_THREAD", 0x00000000],
		["SCMP_ACT_KILL_PROCESS", 0x80000000],
		["SCMP_ACT_TRAP", 0x00030000],
		["SCMP_ACT_ERRNO", 0x00050001],
		["SCMP_ACT_TRACE", 0x7ff00001],
		["SCMP_ACT_LOG", 0x7ffc0000],
		["SCMP_ACT_ALLOW", 0x7fff0000],
	] as const)("%s as default is 0x%i, with EPERM where an errno belongs", (defaultAction, value) => {
		compileSeccomp({ defaultAction });
		expect(door.args("seccomp_init")).toEqual([[value]]);
	});

	it("of rules are all nine of the specification", () => {
		const names = Object.keys(actions) as SeccompAction[];
		expect(names.length).toBe(9);
		compileSeccomp({
			defaultAction: "SCMP_ACT_TRAP",
			syscalls: names.map((action) => ({ names: ["read"], action })),
		});
		const added = rules().map(([action]) => action);
		expect(added).toEqual([0x7fff0000, 0x00050001, 0, 0x80000000, 0, 0x7ffc0000, 0x7fc00000, 0x7ff00001]);
	});

	it("carry the errno that the profile gives", () => {
		compileSeccomp({
			defaultAction: "SCMP_ACT_ERRNO",
			defaultErrnoRet: 22,
			syscalls: [
				{ names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS },
				{ names: ["read"], action: "SCMP_ACT_TRACE", errnoRet: 7 },
			],
		});
		expect(door.args("seccomp_init")).toEqual([[SCMP_ACT_ERRNO_BASE | 22]]);
		expect(rules()).toEqual([
			[SCMP_ACT_ERRNO_BASE | ENOSYS, 435, []],
			[SCMP_ACT_TRACE_BASE | 7, 0, []],
		]);
	});
});

describe("rules", () => {
	it("that say what the default says are skipped, errno and all", () => {
		compileSeccomp(
			deny(
				{ names: ["read"], action: "SCMP_ACT_ERRNO", errnoRet: 1 },
				{ names: ["read"], action: "SCMP_ACT_ERRNO" },
				{ names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 2 },
			),
		);
		expect(rules()).toEqual([[SCMP_ACT_ERRNO_BASE | 2, 435, []]]);
	});

	it("skip unknown names and keep those of other architectures", () => {
		compileSeccomp(deny({ names: ["from_the_future", "chown32", "read"], action: "SCMP_ACT_ALLOW" }));
		expect(rules().map(([, number]) => number)).toEqual([-10004, 0]);
	});

	it("with conditions on different arguments want all of them", () => {
		const args = [
			{ index: 0, value: 40, op: "SCMP_CMP_NE" },
			{ index: 1, value: 18446744073709551615n, valueTwo: 3, op: "SCMP_CMP_MASKED_EQ" },
		] as const;
		compileSeccomp(deny({ names: ["read"], action: "SCMP_ACT_ALLOW", args: [...args] }));
		expect(rules()).toEqual([
			[
				SCMP_ACT_ALLOW,
				0,
				[
					{ index: 0, op: operators.SCMP_CMP_NE, value: 40, valueTwo: 0 },
					{ index: 1, op: operators.SCMP_CMP_MASKED_EQ, value: 18446744073709551615n, valueTwo: 3 },
				],
			],
		]);
	});

	it("with two conditions on one argument become a rule for each", () => {
		const condition = (index: number, value: number) => ({ index, value, op: "SCMP_CMP_EQ" as const });
		const rule: SeccompRule = {
			names: ["personality"],
			action: "SCMP_ACT_ALLOW",
			args: [condition(0, 0), condition(1, 5), condition(0, 8)],
		};
		expect(comparisons(rule).map((conditions) => conditions.map(({ index, value }) => [index, value]))).toEqual([
			[[0, 0]],
			[[1, 5]],
			[[0, 8]],
		]);
		compileSeccomp(deny(rule));
		expect(rules().length).toBe(3);
	});

	it("may have each of the seven operators", () => {
		const values = Object.entries(operators).sort(([, a], [, b]) => a - b);
		expect(values).toEqual([
			["SCMP_CMP_NE", 1],
			["SCMP_CMP_LT", 2],
			["SCMP_CMP_LE", 3],
			["SCMP_CMP_EQ", 4],
			["SCMP_CMP_GE", 5],
			["SCMP_CMP_GT", 6],
			["SCMP_CMP_MASKED_EQ", 7],
		]);
	});

	it("that libseccomp refuses are named, and the filter is given back", () => {
		door.fail("seccomp_rule_add", "EINVAL");
		expect(() => compileSeccomp(deny({ names: ["read"], action: "SCMP_ACT_ALLOW" }))).toThrow(
			"add seccomp rule for read: invalid argument",
		);
		expect(door.args("seccomp_release")).toEqual([[5]]);
	});

	it("in great number are compiled into a binary tree, where libseccomp can", () => {
		const one: SeccompRule = { names: ["read"], action: "SCMP_ACT_ALLOW" };
		compileSeccomp(deny(one));
		expect(door.args("seccomp_attr_set")).toEqual([]);
		door.fail("seccomp_attr_set", "EINVAL");
		compileSeccomp(deny(...Array<SeccompRule>(33).fill(one)));
		compileSeccomp(deny({ names: Array<string>(33).fill("read"), action: "SCMP_ACT_ALLOW" }));
		expect(door.args("seccomp_attr_set")).toEqual(Array(2).fill([5, SCMP_FLTATR_CTL_OPTIMIZE, 2]));
	});
});

describe("architectures", () => {
	it("have libseccomp's names in lower case", () => {
		expect(architectures.map(libseccompName)).toEqual(
			architectures.map((name) => name.slice("SCMP_ARCH_".length).toLowerCase()),
		);
		expect(architectures.length).toBe(23);
		expect(libseccompName("SCMP_ARCH_MIPSEL64N32")).toBe("mipsel64n32");
	});

	it("are added once each, the native one not at all", () => {
		compileSeccomp({
			defaultAction: "SCMP_ACT_ALLOW",
			architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_X86"],
		});
		expect(door.args("seccomp_arch_add")).toEqual([
			[5, SCMP_ARCH_X86],
			[5, SCMP_ARCH_X32],
		]);
	});

	it("that libseccomp does not know are an error, and the filter is given back", () => {
		try {
			compileSeccomp({ defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_LOONGARCH64"] });
			expect.unreachable();
		} catch (error) {
			expect(error).toBeInstanceOf(TsrunError);
			expect(error).toMatchObject({ id: "config-unsupported", details: { object: "SCMP_ARCH_LOONGARCH64" } });
		}
		expect(door.args("seccomp_release")).toEqual([[5]]);
	});

	it("of another byte order are explained", () => {
		door.fail("seccomp_arch_add", "EDOM");
		expect(() => compileSeccomp({ defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86"] })).toThrow(
			"add seccomp architecture SCMP_ARCH_X86: numerical argument out of domain",
		);
	});
});

describe("calls younger than the profile", () => {
	const verdict = (profile: Seccomp, architecture: number, number: number) =>
		runFilter(compileSeccomp(profile), { architecture, number });
	const enosys = SECCOMP_RET_ERRNO | ENOSYS;
	const rule: SeccompRule = { names: ["read", "chown32", "from_the_future"], action: "SCMP_ACT_ALLOW" };

	it("answer ENOSYS instead of the default errno, by architecture", () => {
		const profile: Seccomp = { ...deny(rule), architectures: ["SCMP_ARCH_X86"] };
		expect(verdict(profile, SCMP_ARCH_X86_64, 1)).toBe(enosys);
		expect(verdict(profile, SCMP_ARCH_X86_64, 0)).toBe(eperm);
		expect(verdict(profile, SCMP_ARCH_X86, 212)).toBe(eperm);
		expect(verdict(profile, SCMP_ARCH_X86, 213)).toBe(enosys);
	});

	it("are counted from the newest name, even one that the profile forbids", () => {
		const profile = deny(rule, { names: ["clone3"], action: "SCMP_ACT_ERRNO" });
		expect(verdict(profile, SCMP_ARCH_X86_64, 435)).toBe(eperm);
		expect(verdict(profile, SCMP_ARCH_X86_64, 436)).toBe(enosys);
	});

	it.each([
		"SCMP_ACT_KILL",
		"SCMP_ACT_KILL_PROCESS",
		"SCMP_ACT_KILL_THREAD",
		"SCMP_ACT_TRAP",
		"SCMP_ACT_ERRNO",
	] as const)("do so under %s", (defaultAction) => {
		expect(verdict({ defaultAction, syscalls: [rule] }, SCMP_ARCH_X86_64, 1)).toBe(enosys);
	});

	it.each(["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"] as const)(
		"are left alone under %s, which lets them through",
		(defaultAction) => {
			const syscalls: SeccompRule[] = [{ ...rule, action: "SCMP_ACT_TRAP" }];
			expect(compileSeccomp({ defaultAction, syscalls })).toBe(denyAll);
		},
	);

	it("are left alone when the default is ENOSYS, or when there is no rule to count from", () => {
		expect(compileSeccomp({ ...deny(rule), defaultErrnoRet: ENOSYS })).toBe(denyAll);
		expect(compileSeccomp({ defaultAction: "SCMP_ACT_ERRNO" })).toBe(denyAll);
		expect(compileSeccomp(deny({ names: ["from_the_future"], action: "SCMP_ACT_ALLOW" }))).toBe(denyAll);
	});
});

describe("flags", () => {
	const notify: SeccompRule = { names: ["mkdir"], action: "SCMP_ACT_NOTIFY" };

	it("spare the slow-down of speculation mitigations when the profile says nothing", () => {
		expect(seccompFlags({ defaultAction: "SCMP_ACT_ALLOW" })).toBe(SECCOMP_FILTER_FLAG_SPEC_ALLOW);
		expect(seccompFlags({ defaultAction: "SCMP_ACT_ALLOW", flags: [] })).toBe(0);
	});

	it("are those of seccomp(2)", () => {
		expect(
			seccompFlags({
				defaultAction: "SCMP_ACT_ALLOW",
				flags: ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"],
			}),
		).toBe(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	});

	it("ask for a listener when a rule notifies", () => {
		const profile: Seccomp = { ...deny(notify), flags: [] };
		expect(usesNotify(profile)).toBe(true);
		expect(usesNotify(deny())).toBe(false);
		expect(usesNotify({ defaultAction: "SCMP_ACT_ALLOW" })).toBe(false);
		expect(seccompFlags(profile)).toBe(SECCOMP_FILTER_FLAG_NEW_LISTENER);
	});

	it("have WAIT_KILLABLE_RECV only with a listener, without which the kernel refuses it", () => {
		const flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" as const];
		expect(seccompFlags({ ...deny(), flags })).toBe(0);
		expect(seccompFlags({ ...deny(notify), flags })).toBe(
			SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV | SECCOMP_FILTER_FLAG_NEW_LISTENER,
		);
	});

	it("have TSYNC_ESRCH besides TSYNC with a listener, as the kernel wants it", () => {
		expect(seccompFlags({ ...deny(notify), flags: ["SECCOMP_FILTER_FLAG_TSYNC"] })).toBe(
			SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH | SECCOMP_FILTER_FLAG_NEW_LISTENER,
		);
	});
});
