/**
 * `linux.seccomp` as a BPF program (config-linux.md#seccomp, seccomp_rule_add(3)). libseccomp compiles, we tell it
 * what the specification means: names it does not know are skipped, several conditions on one argument are
 * alternatives, and calls younger than the profile answer ENOSYS.
 */
import type { Seccomp, SeccompAction, SeccompArch, SeccompRule } from "../../spec/types.js";
import {
	ENOSYS,
	EPERM,
	SCMP_FLTATR_CTL_OPTIMIZE,
	SECCOMP_FILTER_FLAG_NEW_LISTENER,
	SECCOMP_FILTER_FLAG_SPEC_ALLOW,
	SECCOMP_FILTER_FLAG_TSYNC,
	SECCOMP_FILTER_FLAG_TSYNC_ESRCH,
	SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
} from "../../sys/constants.js";
import type { SeccompComparison } from "../../sys/door.js";
import { attempt, hasCode, TsrunError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import { type NewestCall, prependEnosysStub } from "./enosys-stub.js";
import { actions, architectures, flags, libseccompName, operators } from "./names.js";

const stage = "seccomp";

/** From that many rules on a binary tree of numbers is faster than one comparison after the other. */
const manyRules = 32;
const binaryTree = 2;

/** True when a rule hands calls to an agent: then the filter is loaded with a listener. */
export function usesNotify(seccomp: Seccomp): boolean {
	return (seccomp.syscalls ?? []).some((rule) => rule.action === "SCMP_ACT_NOTIFY");
}

/** SECCOMP_FILTER_FLAG_* to load the filter with, NEW_LISTENER included where the profile needs it. */
export function seccompFlags(seccomp: Seccomp): number {
	// as in runc: a profile that says nothing of flags does not want the slow-down of speculation mitigations
	let value = seccomp.flags ? 0 : SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	for (const flag of seccomp.flags ?? []) value |= flags[flag];
	if (!usesNotify(seccomp)) return value & ~SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	// with a listener the call returns a descriptor, so a thread that could not be synchronised has to be an errno
	const synchronise = value & SECCOMP_FILTER_FLAG_TSYNC ? SECCOMP_FILTER_FLAG_TSYNC_ESRCH : 0;
	return value | synchronise | SECCOMP_FILTER_FLAG_NEW_LISTENER;
}

/** The BPF program of a profile. Throws `config-unsupported` for an architecture that libseccomp lacks, else `seccomp-failed`. */
export function compileSeccomp(seccomp: Seccomp): ArrayBuffer {
	const defaultAction = actionValue(seccomp.defaultAction, seccomp.defaultErrnoRet);
	const filter = attempt("seccomp-failed", "seccomp_init", () => sys.seccomp_init(defaultAction), { stage });
	try {
		const rules = seccomp.syscalls ?? [];
		const tokens = addArchitectures(filter, seccomp.architectures ?? []);
		for (const rule of rules) addRule(filter, rule, defaultAction);
		if (rules.length > manyRules || rules.some((rule) => rule.names.length > manyRules)) optimize(filter);
		const program = attempt("seccomp-failed", "compile seccomp filter", () => sys.seccomp_export_bpf(filter), {
			stage,
		});
		return wantsEnosysStub(seccomp) ? prependEnosysStub(program, newestCalls(rules, tokens)) : program;
	} finally {
		sys.seccomp_release(filter);
	}
}

/** libseccomp's number of an action. Only ERRNO and TRACE carry an errno, which the validation has seen to. */
function actionValue(action: SeccompAction, errno: number = EPERM): number {
	const carriesErrno = action === "SCMP_ACT_ERRNO" || action === "SCMP_ACT_TRACE";
	return carriesErrno ? actions[action] | (errno & 0xffff) : actions[action];
}

/** The tokens of the architectures that the filter covers. The native one always is among them. */
function addArchitectures(filter: number, names: readonly string[]): readonly number[] {
	const tokens = new Set([sys.seccomp_arch_native()]);
	for (const name of names) {
		const token = sys.seccomp_arch_resolve_name(libseccompName(name));
		if (token === 0) {
			throw new TsrunError("config-unsupported", `seccomp architecture ${JSON.stringify(name)} is unknown`, {
				stage,
				object: name,
				hint: `this build has libseccomp ${sys.seccomp_version()}`,
			});
		}
		if (tokens.has(token)) continue;
		tokens.add(token);
		attempt("seccomp-failed", `add seccomp architecture ${name}`, () => sys.seccomp_arch_add(filter, token), {
			stage,
			object: name,
			hint: "architectures of another byte order than this machine's cannot be in the same filter",
		});
	}
	return [...tokens];
}

/** Those of the specification's architectures that this build's libseccomp knows. */
export function knownArchitectures(): readonly SeccompArch[] {
	return architectures.filter((name) => sys.seccomp_arch_resolve_name(libseccompName(name)) !== 0);
}

function addRule(filter: number, rule: SeccompRule, defaultAction: number): void {
	const action = actionValue(rule.action, rule.errnoRet);
	// libseccomp refuses a rule that says what the default says
	if (action === defaultAction) return;
	const alternatives = comparisons(rule);
	for (const name of rule.names) {
		const number = sys.seccomp_syscall_resolve_name(name);
		if (number === -1) continue;
		attempt(
			"seccomp-failed",
			`add seccomp rule for ${name}`,
			() => {
				for (const conditions of alternatives) sys.seccomp_rule_add(filter, action, number, conditions);
			},
			{ stage, object: name },
		);
	}
}

/**
 * The lists of conditions that each become a rule. All conditions of a rule must hold, but libseccomp takes only one
 * per argument; as everywhere in this field, a rule with more than one for an argument then means any of them.
 */
export function comparisons({ args = [] }: SeccompRule): readonly (readonly SeccompComparison[])[] {
	const conditions = args.map(({ index, op, value, valueTwo = 0 }) => ({ index, op: operators[op], value, valueTwo }));
	const distinct = new Set(conditions.map(({ index }) => index)).size === conditions.length;
	return distinct ? [conditions] : conditions.map((condition) => [condition]);
}

function optimize(filter: number): void {
	try {
		sys.seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, binaryTree);
	} catch (error) {
		// before libseccomp 2.5: a slower filter, no other one
		if (!hasCode(error, "EINVAL", "EEXIST", "EOPNOTSUPP")) throw error;
	}
}

/** Where unknown calls are let through anyway, or answer ENOSYS already, there is nothing to mend. */
function wantsEnosysStub({ defaultAction, defaultErrnoRet }: Seccomp): boolean {
	if (defaultAction === "SCMP_ACT_ERRNO") return defaultErrnoRet !== ENOSYS;
	// a tracer is expected to deal with calls it does not know
	return !["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"].includes(defaultAction);
}

/** The largest number that the profile names on each architecture, whatever it says about that call. */
function newestCalls(rules: readonly SeccompRule[], tokens: readonly number[]): readonly NewestCall[] {
	return tokens.flatMap((architecture) => {
		let newest = -1;
		for (const { names } of rules) {
			for (const name of names) {
				// negative: unknown, or not on this architecture
				newest = Math.max(newest, sys.seccomp_syscall_resolve_name_arch(architecture, name));
			}
		}
		return newest < 0 ? [] : [{ architecture, number: newest }];
	});
}
