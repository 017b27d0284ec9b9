/** A call that must fail: what it says on stderr and in its log, and that both are as engines need them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { runtimeProgram } from "./paths.js";
import type { Runtime } from "./runtime.js";

/** The line of `--log-format json` that tells why; all but `msg` is tsrun's own. */
export interface LogLine {
	readonly msg: string;
	readonly id?: string;
	readonly object?: string;
	readonly hint?: string;
	readonly jsonPath?: string;
}

export interface Refusal {
	readonly status: number | null;
	readonly stdout: string;
	/** The one line on stderr. */
	readonly message: string;
	readonly line: LogLine;
}

/**
 * Runs the call with a log and checks the form of its failure: one line on stderr, and the same words in the last line
 * of the log, which is the only one of level "error" and has a time that Go can parse.
 */
export function refusal(runtime: Runtime, folder: string, ...args: string[]): Refusal {
	const log = join(folder, "refusal.log");
	const before = linesOf(log).length;
	const { status, stdout, stderr } = runtime("--log", log, "--log-format", "json", ...args);
	const lines = linesOf(log).slice(before);
	const line = JSON.parse(lines.at(-1) ?? "{}");
	expect(stderr, stdout).toMatch(/^[^\n]+\n$/);
	expect(line).toMatchObject({ level: "error", time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) });
	if (runtimeProgram.endsWith("tsrun")) {
		expect(line.msg).toBe(stderr.trimEnd());
		expect(lines.filter((each) => JSON.parse(each).level === "error").length).toBe(1);
	}
	return { status, stdout, message: stderr.trimEnd(), line };
}

function linesOf(log: string): string[] {
	try {
		return readFileSync(log, "utf8").split("\n").filter(Boolean);
	} catch {
		return [];
	}
}
