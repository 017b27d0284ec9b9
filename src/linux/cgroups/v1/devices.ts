/** Device rules on cgroup v1: devices.allow and devices.deny (Documentation/admin-guide/cgroup-v1/devices.rst). */
import type { DeviceRule } from "../../../spec/types.js";
import { TsrunError } from "../../../sys/errors.js";
import { type Access, EVERY_ACCESS, type ExactRule, exactRules, MKNOD, READ, WRITE } from "../devices.js";
import type { Write } from "../writes.js";

/** A default, allow or deny all, and what is the other way, in the order of the rules and without anything surplus. */
export interface DeviceList {
	readonly allowed: boolean;
	readonly exceptions: readonly ExactRule[];
}

/**
 * The kernel keeps a default (allow or deny all) and a list of exceptions, and what is written edits that list. So
 * the rules are folded into such a list first, and the shortest sequence of writes that makes it is returned; it
 * begins with the default, which empties the kernel's list.
 * @throws config-unsupported as {@link foldRules}
 */
export function deviceWrites(rules: readonly DeviceRule[]): readonly Write[] {
	const { allowed, exceptions } = foldRules(rules);
	return [
		{ file: allowed ? "devices.allow" : "devices.deny", value: "a" },
		...exceptions.map((rule) => ({ file: rule.allow ? "devices.allow" : "devices.deny", value: line(rule) })),
	];
}

/**
 * @throws config-unsupported for a rule that takes away a part of what an earlier, wider one gave: the kernel would
 * ignore it without a word.
 */
export function foldRules(rules: readonly DeviceRule[]): DeviceList {
	let allowed = false;
	const exceptions = new Map<string, ExactRule>();
	for (const rule of exactRules(rules)) {
		if (rule.type === "a") {
			allowed = rule.allow;
			exceptions.clear();
		} else if (rule.allow === allowed) subtract(exceptions, rule);
		else add(exceptions, rule);
	}
	return { allowed, exceptions: [...exceptions.values()] };
}

function add(exceptions: Map<string, ExactRule>, rule: ExactRule): void {
	const key = keyOf(rule);
	const before = exceptions.get(key);
	exceptions.set(key, before === undefined ? rule : { ...rule, access: rule.access | before.access });
}

function subtract(exceptions: Map<string, ExactRule>, rule: ExactRule): void {
	for (const [key, exception] of exceptions) {
		if (!overlap(exception, rule)) continue;
		if (!covers(rule, exception)) throw hole(rule, exception);
		const access = exception.access & ~rule.access;
		if (access === 0) exceptions.delete(key);
		else exceptions.set(key, { ...exception, access });
	}
}

function overlap(one: ExactRule, other: ExactRule): boolean {
	const numbers = (a: number | null, b: number | null) => a === null || b === null || a === b;
	return (
		one.type === other.type &&
		numbers(one.major, other.major) &&
		numbers(one.minor, other.minor) &&
		(one.access & other.access) !== 0
	);
}

/** Whether every device of the narrow rule is one of the wide rule. */
function covers(wide: ExactRule, narrow: ExactRule): boolean {
	const number = (a: number | null, b: number | null) => a === null || a === b;
	return number(wide.major, narrow.major) && number(wide.minor, narrow.minor);
}

function hole(rule: ExactRule, exception: ExactRule): TsrunError {
	const verb = rule.allow ? "allow" : "deny";
	return new TsrunError(
		"config-unsupported",
		`cannot ${verb} devices "${line(rule)}": the earlier rule "${line(exception)}" is wider, and cgroup v1 cannot make a hole in it`,
		{ jsonPath: "$.linux.resources.devices", hint: "list the devices one by one in place of the wider rule" },
	);
}

function keyOf({ type, major, minor }: ExactRule): string {
	return `${type} ${major ?? "*"}:${minor ?? "*"}`;
}

function line(rule: ExactRule): string {
	return `${keyOf(rule)} ${letters(rule.access)}`;
}

export function letters(access: Access): string {
	if (access === EVERY_ACCESS) return "rwm";
	return (access & READ ? "r" : "") + (access & WRITE ? "w" : "") + (access & MKNOD ? "m" : "");
}
