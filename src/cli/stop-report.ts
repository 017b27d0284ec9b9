/** What `stop` and `pod stop` share: their flags, a line for each container that ended, and the exit status. */
import { parseRealSignal, signalName } from "../linux/signals.js";
import { describeWaitStatus } from "../linux/wait-status.js";
import type { StopOptions, StopReport, StopWatcher } from "../runtime/lifecycle/stop.js";
import { messageOf, TsrunError } from "../sys/errors.js";
import { printText, writeText } from "./output.js";
import { invalidValue } from "./usage-error.js";
import type { Flag } from "./verb.js";

export interface StopValues {
	readonly time?: number | "unlimited";
	readonly signal?: number;
}

/** As timeout(1) has it. */
export const forcedStatus = 124;

const defaultTime = 10;
const longestTime = 1_000_000;

export const stopFlags: readonly Flag[] = [
	{
		name: "time",
		short: "t",
		value: "seconds",
		parse: parseTime,
		help: `how long to wait before KILL, -1 for as long as it takes (default: ${defaultTime})`,
	},
	{ name: "signal", short: "s", value: "signal", parse: parseRealSignal, help: "the signal to send" },
];

/** Has `stop` stop containers, and tells of each. `several`: an error says which one it is about. */
export function tellStops(
	{ time = defaultTime, signal }: StopValues,
	several: boolean,
	stop: (options: StopOptions, watcher: StopWatcher) => void,
): number {
	let forced = false;
	const failures: { readonly id: string; readonly error: unknown }[] = [];
	stop(
		{ time: time === "unlimited" ? null : time, signal },
		{
			concern: (id, text) => writeText(2, `warning: ${id}: ${text}\n`),
			done(report) {
				forced ||= report.outcome === "killed";
				printText(`${report.id}: ${describe(report, time)}\n`);
			},
			failed: (id, error) => failures.push({ id, error }),
		},
	);
	const [first, ...others] = failures;
	for (const { id, error } of others) writeText(2, `${id}: ${messageOf(error)}\n`);
	if (first !== undefined) throw several ? withId(first.id, first.error) : first.error;
	return forced ? forcedStatus : 0;
}

function describe({ outcome, signal, seconds, status, leftBehind }: StopReport, time: number | "unlimited"): string {
	const how = status === null ? "" : ` ${describeWaitStatus(status)}`;
	const took = seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
	const killed = leftBehind === 0 ? "" : `; ${leftBehind} process(es) that outlived its first one were killed`;
	switch (outcome) {
		case "already":
			return `had stopped before${killed}`;
		case "unstarted":
			return `had not been started, and was ended at once${killed}`;
		case "ended":
			return `ended${how}, ${took} after ${signalName(signal)}${killed}`;
		case "killed":
			return `did not end within ${time} s of ${signalName(signal)} and was killed, ${took} after it${killed}`;
	}
}

/** The message alone does not tell which of several it is about. */
function withId(id: string, error: unknown): unknown {
	return error instanceof TsrunError ? new TsrunError(error.id, `${id}: ${error.message}`, error.details) : error;
}

function parseTime(value: string, flag: string): number | "unlimited" {
	if (value === "-1") return "unlimited";
	const seconds = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
	if (seconds <= longestTime) return seconds;
	throw invalidValue(value, flag, `it is a number of seconds up to ${longestTime}, or -1`);
}
