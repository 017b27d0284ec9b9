/** `signals`: who is in a container, and what will become of each signal for each of them. */
import { parseRealSignal } from "../../linux/signals.js";
import { trySignal } from "../../runtime/experiment/try-signal.js";
import { containerSignals } from "../../runtime/signals.js";
import { SIGCONT, SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGSTOP, SIGTERM, SIGUSR1, SIGUSR2 } from "../../sys/constants.js";
import { formatJson, printText } from "../output.js";
import { signalsAsJson, signalsPage } from "../signals-page.js";
import { trialsAsJson, trialsPage } from "../trials-page.js";
import { usageError } from "../usage-error.js";
import type { Verb } from "../verb.js";

interface Values {
	readonly json?: boolean;
	readonly try?: number;
}

/** What people send to containers. */
const usual = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, SIGSTOP, SIGKILL];

export const verb: Verb<Values> = {
	usage: "[command options] <container-id> [signal...]",
	description: `Shows the processes of a container with their pids here and inside, the
signals that are pending, blocked, ignored and caught by each, and what will
become of a signal when it is sent from the host or by a process inside: of
those that people send, or of those that are named.

--try does the experiment. The program is started once more, with a file
system of its own on top of the container's, volumes that it cannot write to,
a network of its own, and without hooks; its end is cleared away.`,
	flags: [
		{ name: "json", help: "as JSON" },
		{
			name: "try",
			value: "signal",
			parse: parseRealSignal,
			help: "send it to a throw-away copy of the container, and show what was foretold beside what happened",
		},
	],
	operands: { least: 1, most: Number.POSITIVE_INFINITY },
	run(host, [id = "", ...names], { json, try: tried }) {
		if (tried !== undefined) {
			if (names.length > 0) throw usageError("--try takes one signal, and no others beside it", names.join(" "));
			const trials = trySignal(host, id, tried);
			printText(json ? formatJson(trialsAsJson(id, tried, trials), "  ") : trialsPage(id, tried, trials));
			return 0;
		}
		const asked = names.map(parseRealSignal);
		const found = containerSignals(host, id);
		const signals = asked.length > 0 ? asked : [...new Set([...usual, found.stopSignal])];
		printText(json ? formatJson(signalsAsJson(found, signals), "  ") : signalsPage(found, signals));
		return 0;
	},
};
