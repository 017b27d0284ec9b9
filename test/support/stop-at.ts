/**
 * The runtime stopped at one chosen system call: killed before it, or refused by the kernel (test/probe/stop-at.c).
 * The calls are numbered from 1; a run without a stop tells which there are.
 */
import { mkdtempSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import type { Errno } from "./man-errnos.js";
import { stopAt } from "./paths.js";
import type { RunResult, Runtime } from "./runtime.js";

export interface Call {
	readonly number: number;
	readonly name: string;
	/** The first four arguments, as registers hold them. */
	readonly args: readonly bigint[];
	/** "" when the call names none. */
	readonly path: string;
}

/** Which process: 0 the runtime's own, 1 the first that it clones, a container's init for instance. */
export type Process = number;

export interface Stopped extends RunResult {
	/** The process's calls up to the stop, which is the last. */
	readonly calls: readonly Call[];
}

export interface Stopper {
	/** Runs undisturbed. */
	readonly watch: (process: Process, ...command: string[]) => Stopped;
	/** SIGKILL before the call is made. */
	readonly killBefore: (process: Process, call: number, ...command: string[]) => Stopped;
	/** The call is not made, and answers with the error. */
	readonly fail: (process: Process, call: number, errno: Errno, ...command: string[]) => Stopped;
}

export function stopperOf(runtime: Runtime, folder: string): Stopper {
	const report = join(mkdtempSync(join(folder, "calls-")), "report");
	const run = (process: Process, flags: readonly string[], command: readonly string[]): Stopped => {
		const through = [stopAt, "-p", String(process), ...flags, report];
		const result = runtime.with({ through }, ...command);
		return { ...result, calls: readFileSync(report, "utf8").split("\n").filter(Boolean).map(parseCall) };
	};
	return {
		watch: (process, ...command) => run(process, [], command),
		killBefore: (process, call, ...command) => run(process, ["-k", String(call)], command),
		fail: (process, call, errno, ...command) =>
			run(process, ["-f", String(call), String(constants.errno[errno])], command),
	};
}

function parseCall(line: string): Call {
	const [number, name = "", ...rest] = line.split(" ");
	return { number: Number(number), name, args: rest.slice(0, 4).map(BigInt), path: rest.slice(4).join(" ") };
}

/** `12 openat "/run/x"`, for messages. */
export function describeCall({ number, name, path }: Call): string {
	return `${number} ${name}${path && ` ${JSON.stringify(path)}`}`;
}
