/** `resume`: lets the processes of a paused container go on. */
import { resumeContainer } from "../../runtime/lifecycle/pause.js";
import type { Verb } from "../verb.js";

export const verb: Verb = {
	usage: "<container-id>",
	description: `Lets the processes of a paused container go on where they were.`,
	flags: [],
	operands: { least: 1, most: 1 },
	run(host, [id = ""]) {
		resumeContainer(host, id);
		return 0;
	},
};
