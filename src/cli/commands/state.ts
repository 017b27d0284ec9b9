/** `state`: the state document of the specification (runtime.md#state), with what runc adds to it. */
import { containerState } from "../../runtime/state.js";
import { formatJson, printText } from "../output.js";
import type { Verb } from "../verb.js";

export const verb: Verb = {
	usage: "<container-id>",
	description: `Shows the state of the container as JSON: id, status (creating, created,
running, paused or stopped), the pid of its first process, bundle, root
filesystem, time of creation and annotations.`,
	flags: [],
	operands: { least: 1, most: 1 },
	run(host, [id = ""]) {
		printText(formatJson(containerState(host, id), "  "));
		return 0;
	},
};
