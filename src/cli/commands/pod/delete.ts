/** `pod delete`: the end of a pod and of all that is in it. */
import { deletePod } from "../../../runtime/pods/delete-pod.js";
import type { Verb } from "../../verb.js";

interface Values {
	readonly force?: boolean;
}

export const verb: Verb<Values> = {
	usage: "[command options] <pod>",
	description: `Removes the containers of a pod that has been stopped, the last one that was
added first, and the pod.`,
	flags: [{ name: "force", short: "f", help: "kill what still runs; be content when there is no such pod" }],
	operands: { least: 1, most: 1 },
	unit: "changes several",
	run(host, [name = ""], { force = false }) {
		deletePod(host, name, force);
		return 0;
	},
};
