/** `stats`: a table of what containers use, drawn again at each interval; plain lines or JSON for programs. */
import type { Host } from "../../runtime/host.js";
import { listContainers } from "../../runtime/state.js";
import { type Sample, takeSample, type Usage, usageBetween } from "../../runtime/usage.js";
import { exactJson } from "../../spec/json.js";
import { TsrunError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import { parseDuration } from "../duration.js";
import { printText } from "../output.js";
import { type History, remember, statsTable } from "../stats-table.js";
import { usageError } from "../usage-error.js";
import type { Verb } from "../verb.js";

interface Values {
	readonly interval?: number;
	readonly json?: boolean;
	readonly once?: boolean;
}

const STDOUT = 1;

export const verb: Verb<Values> = {
	usage: "[command options] [<container-id>...]",
	description: `Shows what containers use, all that live when none is named:
CPU        time of CPUs, 100% is one CPU
MEMORY     without file pages that were not used lately; share of the limit
THROTTLED  share of the interval for which the CPU quota kept threads waiting
STALLED    share of the last ten seconds in which some thread waited for CPU,
           memory or I/O, where the kernel tells
OOM        processes killed for want of memory

On a terminal the table is drawn again at each interval, with what was
before as a picture; elsewhere lines are added. It ends with the containers.`,
	flags: [
		{ name: "interval", value: "duration", parse: parseDuration, help: 'time that is measured (default: "1s")' },
		{ name: "json", help: "print a line of JSON per container and interval" },
		{ name: "once", help: "print one interval and end" },
	],
	operands: { least: 0, most: Number.POSITIVE_INFINITY },
	run(host, ids, { interval = 1000, json = false, once = false }) {
		if (interval < 1) throw usageError("duration interval must be at least 1ms", "--interval");
		const show = json ? printJson : !once && sys.isatty(STDOUT) ? drawer() : printer();
		const take = (id: string) => takeSample(host, id);
		const takeIfKnown = (id: string) => ifKnown(() => take(id));
		let before = ids.length > 0 ? samplesOf(ids, take) : samplesOf(livingIds(host), takeIfKnown);
		if (ids.length > 0 && before.length === 0) {
			throw new TsrunError("container-status", "container not running", { object: ids.join(" ") });
		}
		while (before.length > 0) {
			// nothing is awaited of stdout but its reader's end
			if (sys.poll([{ fd: STDOUT, events: 0 }], Math.ceil(interval))[0]) return 0;
			const known = new Map(before.map((sample) => [sample.id, sample]));
			const after = samplesOf([...known.keys()], takeIfKnown);
			if (after.length > 0) show(after.map((sample) => usageBetween(known.get(sample.id) ?? sample, sample)));
			if (once) return 0;
			before = after;
		}
		return 0;
	},
};

function livingIds(host: Host): readonly string[] {
	const living = listContainers(host).filter(({ status }) => status !== "creating" && status !== "stopped");
	return living.map(({ id }) => id);
}

function samplesOf(ids: readonly string[], take: (id: string) => Sample | null): readonly Sample[] {
	return ids.map(take).filter((sample) => sample !== null);
}

/** One that was not asked for by name may have no cgroup of its own, and any may be deleted while it is watched. */
function ifKnown(take: () => Sample | null): Sample | null {
	try {
		return take();
	} catch (error) {
		if (error instanceof TsrunError && (error.id === "container-missing" || error.id === "config-unsupported"))
			return null;
		throw error;
	}
}

type Show = (usages: readonly Usage[]) => void;

function printJson(usages: readonly Usage[]): void {
	for (const usage of usages) printText(`${exactJson(usage)}\n`);
}

/** The titles stand once. */
function printer(): Show {
	let isFirst = true;
	return (usages) => {
		const lines = statsTable(usages);
		printText((isFirst ? lines : lines.slice(1)).map((line) => `${line}\n`).join(""));
		isFirst = false;
	};
}

/** Over the table that was drawn before: up by its lines, each line's rest and what is below erased (console_codes(4)). */
function drawer(): Show {
	const histories = new Map<string, History>();
	let drawn = 0;
	return (usages) => {
		for (const usage of usages) histories.set(usage.id, remember(histories.get(usage.id), usage));
		const { rows, columns } = sys.ioctl_winsize_get(STDOUT);
		// a line that wraps, or one too many, would make the cursor miss the table's beginning
		const lines = statsTable(usages, histories)
			.slice(0, Math.max(1, (rows || 24) - 1))
			.map((line) => [...line].slice(0, columns || 80).join(""));
		const up = drawn > 0 ? `\x1b[${drawn}A` : "";
		printText(`${up}${lines.map((line) => `${line}\x1b[K\n`).join("")}\x1b[J`);
		drawn = lines.length;
	};
}
