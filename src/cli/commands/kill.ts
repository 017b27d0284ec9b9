/** `kill`: a signal for the container's first process, or for all of them. */
import { parseSignal } from "../../linux/signals.js";
import { killContainer } from "../../runtime/lifecycle/kill.js";
import type { Verb } from "../verb.js";

interface Values {
	readonly all?: boolean;
}

export const verb: Verb<Values> = {
	usage: "[command options] <container-id> [signal]",
	description: `Sends the signal to the first process of the container: TERM unless told, by
name with or without SIG, or by number. 0 sends nothing and shows whether the
process is there.`,
	flags: [{ name: "all", short: "a", help: "send it to every process of the container, also when the first has gone" }],
	operands: { least: 1, most: 2 },
	run(host, [id = "", signal], values) {
		killContainer(host, id, parseSignal(signal || "TERM"), values.all ?? false);
		return 0;
	},
};
