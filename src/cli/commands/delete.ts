/** `delete`: the end of a container. */
import { deleteContainer } from "../../runtime/lifecycle/delete.js";
import type { Verb } from "../verb.js";

interface Values {
	readonly force?: boolean;
}

export const verb: Verb<Values> = {
	usage: "[command options] <container-id>",
	description: `Removes the state, the cgroup and everything else that was made for a
container whose program has ended or was never started.`,
	flags: [{ name: "force", short: "f", help: "kill a container that still runs; be content when there is none" }],
	operands: { least: 1, most: 1 },
	unit: "changes",
	run(host, [id = ""], values) {
		deleteContainer(host, id, values.force ?? false);
		return 0;
	},
};
