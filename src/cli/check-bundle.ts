/** `spec --check`: everything that is wrong with a bundle at once, for people as lines and for programs as JSON. */
import { planInit, unknownInitAnnotations } from "../runtime/built-in-init/plan.js";
import { findRootfs, readBundle } from "../runtime/bundle.js";
import type { Issue } from "../spec/issue.js";
import { lintConfig } from "../spec/lint.js";
import type { Config } from "../spec/types.js";
import { TsrunError } from "../sys/errors.js";
import { nearest } from "../sys/nearest.js";
import { formatJson, printText } from "./output.js";

/** The exit status: 0 when create would take the configuration, else 1. */
export function checkBundle(directory: string, json: boolean): number {
	const { path, text } = readBundle(directory);
	const { config, issues } = lintConfig(text, nearest);
	const found = config === null ? issues : [...issues, ...issuesBeyondTheText(path, config, issues)];
	const errors = found.filter(({ severity }) => severity === "error");
	const warnings = found.filter(({ severity }) => severity === "warning");
	printText(json ? asJson(errors, warnings) : asLines(errors, warnings));
	return errors.length === 0 ? 0 : 1;
}

/** What create finds besides, in the bundle's directory and in our own annotations. */
function issuesBeyondTheText(bundle: string, config: Config, known: readonly Issue[]): readonly Issue[] {
	const rootfs = refusalOf(() => findRootfs(bundle, config), "RT-04", "config.md#root");
	if (known.some(({ severity }) => severity === "error")) return rootfs;
	const init = refusalOf(() => planInit(config), "AN-10", "config.md#annotations");
	return [...rootfs, ...init, ...unknownInitAnnotations(config)];
}

function refusalOf(step: () => unknown, rule: string, section: string): readonly Issue[] {
	try {
		step();
		return [];
	} catch (error) {
		if (!(error instanceof TsrunError)) throw error;
		const { message, details } = error;
		return [{ path: details.jsonPath ?? "$", message, rule, section, severity: "error" }];
	}
}

function asJson(errors: readonly Issue[], warnings: readonly Issue[]): string {
	const plain = ({ rule, path, message, section }: Issue) => ({ rule, path, message, section });
	return formatJson({ valid: errors.length === 0, errors: errors.map(plain), warnings: warnings.map(plain) }, "    ");
}

function asLines(errors: readonly Issue[], warnings: readonly Issue[]): string {
	const lines = [...errors, ...warnings].map(({ severity, rule, path, message, section }) => {
		return `${severity.padEnd(7)}  ${rule}  ${path}: ${message} (${section})\n`;
	});
	return `${lines.join("")}config.json: ${count(errors, "error")}, ${count(warnings, "warning")}\n`;
}

function count({ length }: readonly Issue[], what: string): string {
	return `${length || "no"} ${what}${length === 1 ? "" : "s"}`;
}
