/** `start`: lets the program of a created container go. */
import { startContainer } from "../../runtime/lifecycle/start.js";
import type { Verb } from "../verb.js";

export const verb: Verb = {
	usage: "<container-id>",
	description: `Lets the program run for which "create" has made the container, and returns
when it does.`,
	flags: [],
	operands: { least: 1, most: 1 },
	run(host, [id = ""]) {
		startContainer(host, id);
		return 0;
	},
};
