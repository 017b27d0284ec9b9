/** `pause`: stops every process of a container where it is. */
import { pauseContainer } from "../../runtime/lifecycle/pause.js";
import type { Verb } from "../verb.js";

export const verb: Verb = {
	usage: "<container-id>",
	description: `Stops every process of the container where it is, without any of them
noticing, until "resume". A paused container can be killed, but not executed
in.`,
	flags: [],
	operands: { least: 1, most: 1 },
	run(host, [id = ""]) {
		pauseContainer(host, id);
		return 0;
	},
};
