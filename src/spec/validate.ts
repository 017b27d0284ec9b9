/** Is a document legal? Its types first (check.ts), then the rules that types cannot say. All that is found is told, not just the first. */
import { TsrunError } from "../sys/errors.js";
import { check, type Shape } from "./check.js";
import { chapterOf, type Issue, issueLine, memberPath } from "./issue.js";
import type { Report, Rule } from "./rules/rule.js";

/** A value and where it stands: in its own document, and in a config.json, by which the specification describes it. */
export interface Subject<Value> {
	readonly value: Value;
	readonly path: string;
	readonly placeInConfig: string;
}

/** Violations of the types; a member that is null is removed (see check.ts). */
export function typeIssues(shape: Shape, { value, path, placeInConfig }: Subject<unknown>): Issue[] {
	return check(shape, value).map((violation) => ({
		path: path + violation.path,
		message: violation.message,
		...chapterOf(placeInConfig + violation.path),
		severity: "error",
	}));
}

/**
 * Violations of the rules.
 *
 * @param malformed violations of the types: a rule that trips over one of those places is dropped there
 */
export function ruleIssues<Value>(
	rules: readonly Rule<Value>[],
	{ value, path, placeInConfig }: Subject<Value>,
	malformed: readonly Issue[],
): Issue[] {
	const issues: Issue[] = [];
	const report: Report = (requirement, at, message, severity = "error") => {
		const { section } = chapterOf(placeInConfig + at);
		issues.push({ path: path + at, message, rule: requirement, section, severity });
	};
	for (const rule of rules) {
		try {
			rule(value, report);
		} catch (error) {
			if (malformed.length === 0) throw error;
		}
	}
	return malformed.length === 0
		? issues
		: issues.filter((issue) => !malformed.some(({ path }) => isWithin(issue.path, path)));
}

function isWithin(path: string, outer: string): boolean {
	return path.startsWith(outer) && ["", ".", "["].includes(path.charAt(outer.length));
}

/** C strings end at a NUL: "/a\0b" would become "/a". Returns the paths of the strings that have one. */
export function nulIssues(text: string, { value, path, placeInConfig }: Subject<unknown>): Issue[] {
	// a NUL cannot stand in JSON but as this escape sequence
	if (!text.includes("\\u0000")) return [];
	return stringsWithNul(value, "").map((at) => ({
		path: path + at,
		message: "must not contain a NUL character",
		...chapterOf(placeInConfig + at),
		severity: "error",
	}));
}

function stringsWithNul(value: unknown, path: string): string[] {
	if (typeof value === "string") return value.includes("\0") ? [path] : [];
	if (typeof value !== "object" || value === null) return [];
	return Object.entries(value).flatMap(([key, member]) => {
		const at = path + memberPath(Array.isArray(value) ? Number(key) : key);
		return key.includes("\0") ? [at] : stringsWithNul(member, at);
	});
}

/**
 * Hands the warnings on when there is nothing worse.
 *
 * @throws TsrunError config-invalid with a line for each error; all issues, as Issue[], are its cause
 */
export function warningsOf(issues: readonly Issue[], source: string): Issue[] {
	const errors = issues.filter(({ severity }) => severity === "error");
	const [first, ...others] = errors;
	if (first === undefined) return [...issues];
	const lines = errors.map(issueLine).join("\n");
	const message =
		others.length === 0 ? `invalid ${source}: ${lines}` : `invalid ${source}: ${errors.length} errors\n${lines}`;
	throw new TsrunError("config-invalid", message, {
		object: source,
		jsonPath: first.path,
		hint: `see ${[...new Set(errors.map(({ section }) => section))].join(", ")} of the OCI runtime specification`,
		cause: issues,
	});
}
