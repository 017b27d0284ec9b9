/** `events`: what a container uses and when its memory runs out, as lines of JSON. */
import { containerStats, followContainer } from "../../runtime/events.js";
import { parseDuration } from "../duration.js";
import { oomEvent, statsEvent } from "../event-document.js";
import { printText } from "../output.js";
import { usageError } from "../usage-error.js";
import type { Verb } from "../verb.js";

interface Values {
	readonly interval?: number;
	readonly stats?: boolean;
}

const STDOUT = 1;

export const verb: Verb<Values> = {
	usage: "[command options] <container-id>",
	description: `Prints a line of JSON each time the container runs out of memory, and one
with what it has used at each interval, until the container ends.`,
	flags: [
		{
			name: "interval",
			value: "duration",
			parse: parseDuration,
			help: 'time between two statistics (default: "5s")',
		},
		{ name: "stats", help: "print the statistics once and end" },
	],
	operands: { least: 1, most: 1 },
	run(host, [id = ""], { interval = 5000, stats = false }) {
		if (interval <= 0) throw usageError("duration interval must be greater than 0", "--interval");
		if (stats) printText(statsEvent(id, containerStats(host, id)));
		else {
			followContainer(
				host,
				id,
				{ interval, listener: STDOUT },
				{ stats: (now) => printText(statsEvent(id, now)), oom: () => printText(oomEvent(id)) },
			);
		}
		return 0;
	},
};
