/** From the text of exec's process.json to a process that the rest of the runtime may trust. */
import { shape } from "./generated/process-shape.js";
import type { Issue } from "./issue.js";
import { parseJson } from "./json.js";
import { processRules } from "./rules/process.js";
import type { Process } from "./types.js";
import { nulIssues, ruleIssues, typeIssues, warningsOf } from "./validate.js";

export interface LoadedProcess {
	readonly process: Process;
	readonly warnings: readonly Issue[];
}

/**
 * Parses and validates.
 *
 * @throws TsrunError config-syntax, config-invalid, as loadConfig
 */
export function loadProcess(text: string, source = "process.json"): LoadedProcess {
	const value = parseJson(text, source);
	const process = value as Process;
	return { process, warnings: warningsOf(processIssues(process, text), source) };
}

function processIssues(value: Process, text: string): Issue[] {
	const subject = { value, path: "$", placeInConfig: "$.process" };
	const malformed = typeIssues(shape, subject);
	return [...malformed, ...nulIssues(text, subject), ...ruleIssues(processRules, subject, malformed)];
}

/**
 * The same rules for a process whose types are right by the way it was made.
 *
 * @returns warnings
 * @throws TsrunError config-invalid
 */
export function checkProcess(process: Process, source: string): readonly Issue[] {
	return warningsOf(ruleIssues(processRules, { value: process, path: "$", placeInConfig: "$.process" }, []), source);
}
