/** From the text given to `update -r` to resources that the rest of the runtime may trust. */
import type { ObjectShape, Shape } from "./check.js";
import { shape } from "./generated/resources-shape.js";
import type { Issue } from "./issue.js";
import { parseJson } from "./json.js";
import { resctrlLinesAreLines } from "./rules/linux.js";
import { resourceRules } from "./rules/resources.js";
import type { IntelRdt, LinuxResources } from "./types.js";
import { nulIssues, ruleIssues, typeIssues, warningsOf } from "./validate.js";

export interface LoadedResources {
	readonly resources: LinuxResources;
	readonly warnings: readonly Issue[];
}

/**
 * Parses and validates. Member names are taken in any letter case, as callers of runc are used to.
 *
 * @throws TsrunError config-syntax, config-invalid, as loadConfig
 */
export function loadResources(text: string, source = "resources.json"): LoadedResources {
	const value = parseJson(text, source);
	spellMembers(shape, value);
	const subject = { value: value as LinuxResources, path: "$", placeInConfig: "$.linux.resources" };
	const malformed = typeIssues(shape, subject);
	const issues = [...malformed, ...nulIssues(text, subject), ...ruleIssues(resourceRules, subject, malformed)];
	return { resources: subject.value, warnings: warningsOf(issues, source) };
}

/**
 * New shares of Intel RDT, as `update` takes them.
 *
 * @returns warnings
 * @throws TsrunError config-invalid
 */
export function checkIntelRdt(intelRdt: IntelRdt, source: string): readonly Issue[] {
	const subject = { value: { linux: { intelRdt } }, path: "$", placeInConfig: "$" };
	return warningsOf(ruleIssues([resctrlLinesAreLines], subject, []), source);
}

/** Renames members to the specification's spelling, all the way down; what a map has as names is left as it is. */
function spellMembers(shape: Shape, value: unknown): void {
	if (typeof value !== "object" || value === null) return;
	if (shape.kind === "object") spellOwnMembers(shape, value as Record<string, unknown>);
	else if (shape.kind === "array" || shape.kind === "map")
		for (const item of Object.values(value)) spellMembers(shape.of, item);
}

function spellOwnMembers({ names, shapes }: ObjectShape, value: Record<string, unknown>): void {
	for (const [index, name] of names.entries()) {
		for (const key of Object.keys(value)) {
			if (key === name || key.toLowerCase() !== name.toLowerCase()) continue;
			value[name] = value[key];
			delete value[key];
		}
		spellMembers(shapes[index] as Shape, value[name]);
	}
}
