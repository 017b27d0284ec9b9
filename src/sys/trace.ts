/**
 * `--trace`: because every system call goes through one door, showing them all is wrapping each function of it.
 * As text on stderr, one line per call; or as a file in Chrome's trace event format, one span per call, which
 * Perfetto and chrome://tracing draw as one row per process. The child of clone writes into the same place.
 */
import { CLOCK_MONOTONIC, O_APPEND, O_CREAT, O_TRUNC, O_WRONLY } from "./constants.js";
import type { Door, Fd } from "./door.js";
import { attempt, isSysError } from "./errors.js";
import { sys } from "./index.js";

/** Functions of the door that are not system calls, or too dull to show. */
const silent = new Set(["argv", "environ", "embedded", "embedded_bytes", "fnv1a64", "clock_gettime", "getpid"]);

/** Would close the trace file. What is left open by that is close-on-exec all the same. */
const leftOut = "close_range";

type AnyFunction = (...args: readonly unknown[]) => unknown;

export function enableTrace(options: { readonly file: string | undefined }): void {
	const { write, clock_gettime, getpid } = sys;
	let out: Fd = 2;
	const file = options.file;
	if (file !== undefined) {
		out = attempt("file-failed", `open trace file ${JSON.stringify(file)}`, () =>
			sys.openat(-100, file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o644),
		);
		attempt("file-failed", `write trace file ${JSON.stringify(file)}`, () => write(out, "[\n"));
	}
	const show = file === undefined ? textLine : chromeEvent;
	const door = sys as unknown as Record<string, AnyFunction>;
	for (const name of Object.getOwnPropertyNames(sys) as (keyof Door)[]) {
		if (silent.has(name)) continue;
		const call = file !== undefined && name === leftOut ? () => undefined : (door[name] as AnyFunction);
		door[name] = (...args) => {
			const start = clock_gettime(CLOCK_MONOTONIC);
			const finish = (result: string) => {
				const line = show({ name, args, result, pid: getpid(), start, end: clock_gettime(CLOCK_MONOTONIC) });
				try {
					write(out, line);
				} catch {
					// a reader that has gone, a full disk: what is traced must go on all the same
				}
			};
			if (name === "final_exec" || name === "execve" || name === "exit") finish("…");
			try {
				const result = call(...args);
				finish(brief(result));
				return result;
			} catch (error) {
				finish(isSysError(error) ? `${error.code} (${error.message})` : String(error));
				throw error;
			}
		};
	}
}

interface Call {
	readonly name: string;
	readonly args: readonly unknown[];
	readonly result: string;
	readonly pid: number;
	/** Nanoseconds of the monotonic clock. */
	readonly start: bigint;
	readonly end: bigint;
}

function textLine(call: Call): string {
	const microseconds = Number(call.end - call.start) / 1000;
	return `[${call.pid}] ${call.name}(${call.args.map(brief).join(", ")}) = ${call.result} <${microseconds.toFixed(1)} µs>\n`;
}

/** A complete event ("ph":"X"); times in microseconds. The format lets the closing bracket be missing. */
function chromeEvent(call: Call): string {
	const event = {
		name: call.name,
		ph: "X",
		ts: Number(call.start) / 1000,
		dur: Number(call.end - call.start) / 1000,
		pid: call.pid,
		tid: call.pid,
		args: { args: call.args.map(brief), result: call.result },
	};
	return `${JSON.stringify(event)},\n`;
}

function brief(value: unknown): string {
	if (value === undefined) return "0";
	if (value instanceof ArrayBuffer) return `<${value.byteLength} bytes>`;
	const text =
		JSON.stringify(value, (_key, member) => {
			if (typeof member === "bigint") return `0x${member.toString(16)}`;
			return member instanceof ArrayBuffer ? `<${member.byteLength} bytes>` : member;
		}) ?? String(value);
	return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
