/** From the text of a config.json to a configuration that the rest of the runtime may trust. */
import { shape } from "./generated/config-shape.js";
import type { Issue } from "./issue.js";
import { parseJson } from "./json.js";
import { configRules } from "./rules/config.js";
import { processRules } from "./rules/process.js";
import { resourceRules } from "./rules/resources.js";
import type { Config } from "./types.js";
import { nulIssues, ruleIssues, typeIssues, warningsOf } from "./validate.js";

export interface LoadedConfig {
	readonly config: Config;
	readonly warnings: readonly Issue[];
}

/**
 * Parses and validates.
 *
 * @throws TsrunError config-syntax (with line and column), config-invalid (with every error and its JSON path)
 */
export function loadConfig(text: string, source = "config.json"): LoadedConfig {
	const value = parseJson(text, source);
	return { config: value as Config, warnings: warningsOf(configIssues(value, text), source) };
}

/** Everything that is wrong, in the order of the rules. */
export function configIssues(value: unknown, text: string): Issue[] {
	const document = { value, path: "$", placeInConfig: "$" };
	const malformed = typeIssues(shape, document);
	const config = value as Config;
	const issues = [
		...malformed,
		...nulIssues(text, document),
		...ruleIssues(configRules, { ...document, value: config }, malformed),
	];
	const process = config?.process;
	if (process !== undefined) {
		const subject = { value: process, path: "$.process", placeInConfig: "$.process" };
		issues.push(...ruleIssues(processRules, subject, malformed));
	}
	const resources = config?.linux?.resources;
	if (resources !== undefined) {
		const subject = { value: resources, path: "$.linux.resources", placeInConfig: "$.linux.resources" };
		issues.push(...ruleIssues(resourceRules, subject, malformed));
	}
	return issues;
}
