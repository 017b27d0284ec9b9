/** How a call failed: its status and the one line that it left on stderr. */
import { basename } from "node:path";
import { runtimeProgram } from "./paths.js";
import type { Result } from "./watched.js";

/** With which create, run and others begin their messages. */
export const programName = basename(runtimeProgram);

export interface Failure {
	readonly status: number | null;
	readonly stdout: string;
	/** Without the frame that runc puts around it when no --log is given: `time="…" level=error msg="…"`. */
	readonly message: string;
}

export function failureOf({ status, stdout, stderr }: Result): Failure {
	const framed = /^time="[^"]*" level=error msg=(".*")\n$/.exec(stderr)?.[1];
	return { status, stdout, message: framed === undefined ? stderr.replace(/\n$/, "") : (JSON.parse(framed) as string) };
}

/** What `failureOf` gives for a verb that failed in the usual way. */
export function failed(message: string, status = 1): Failure {
	return { status, stdout: "", message };
}
