/** A program that runs beside the test: its output so far, its input, its terminal's size, its end. */
import { spawn } from "node:child_process";
import { type Patience, waitFor, within } from "./wait.js";

export interface Result {
	/** Exit status; null when a signal ended the program. */
	readonly status: number | null;
	readonly signal: NodeJS.Signals | null;
	readonly stdout: string;
	readonly stderr: string;
}

export interface Watched {
	readonly pid: number;
	/** What it has printed so far. */
	readonly stdout: () => string;
	readonly stderr: () => string;
	readonly write: (text: string) => void;
	readonly closeStdin: () => void;
	readonly signal: (name: NodeJS.Signals) => void;
	/** Of a program that test/probe/pty.c runs. */
	readonly resize: (rows: number, columns: number) => void;
	/** Waits until stdout holds the text or matches, and gives all of stdout. Fails at once when the program ends before. */
	readonly prints: (text: string | RegExp, deadline?: number) => Promise<string>;
	/** Waits for the end of the program and of its output. */
	readonly ended: (deadline?: number) => Promise<Result>;
}

export interface WatchOptions {
	readonly cwd?: string;
	readonly env?: NodeJS.ProcessEnv;
}

/**
 * Starts a program with pipes for its three streams, and a fourth that resizes the terminal under pty.c.
 *
 * @param name what messages call it
 */
export function watch(name: string, command: string, args: readonly string[], options: WatchOptions = {}): Watched {
	const child = spawn(command, args, { ...options, stdio: ["pipe", "pipe", "pipe", "pipe"] });
	const printed = { stdout: "", stderr: "" };
	child.stdout?.setEncoding("utf8").on("data", (text: string) => (printed.stdout += text));
	child.stderr?.setEncoding("utf8").on("data", (text: string) => (printed.stderr += text));
	const control = child.stdio[3] as NodeJS.WritableStream;
	// A program that ends early closes its pipes: the result tells, not an EPIPE.
	for (const stream of [child.stdin, control]) stream?.on("error", () => {});

	const end = new Promise<Result>((resolve, reject) => {
		child.on("error", reject);
		child.on("close", (status, signal) => resolve({ status, signal, ...printed }));
	});
	const state: { ended?: Result } = {};
	end.then((result) => (state.ended = result)).catch(() => {});
	const last = (text: string) => JSON.stringify(text.length > 1000 ? `… ${text.slice(-1000)}` : text);
	const soFar = () => `; stdout: ${last(printed.stdout)}; stderr: ${last(printed.stderr)}`;
	const patience = (what: string, deadline?: number): Patience => ({ what, ...(deadline && { deadline }) });

	return {
		pid: child.pid ?? 0,
		stdout: () => printed.stdout,
		stderr: () => printed.stderr,
		write: (text) => child.stdin?.write(text),
		closeStdin: () => child.stdin?.end(),
		signal: (signal) => child.kill(signal),
		resize: (rows, columns) => control.write(`${rows} ${columns}\n`),
		prints: (text, deadline) => {
			const has = () => (typeof text === "string" ? printed.stdout.includes(text) : text.test(printed.stdout));
			const look = () => {
				if (has()) return printed.stdout;
				if (state.ended) throw new Error(`${name} ended without printing ${text}${soFar()}`);
				return undefined;
			};
			const what = `${name} to print ${text}`;
			return waitFor(look, patience(what, deadline)).catch((error: Error) => {
				throw state.ended ? error : new Error(error.message + soFar());
			});
		},
		ended: (deadline) => within(end, patience(`${name} to end`, deadline), soFar),
	};
}
