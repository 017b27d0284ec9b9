/** `start`: lets the program of a created container go. */
import { startContainer } from "../../runtime/lifecycle/start.js";
import { managerSocket } from "../../runtime/process/notify.js";
import type { Verb } from "../verb.js";

export const verb: Verb = {
	usage: "<container-id>",
	description: `Lets the program run for which "create" has made the container, and returns
when it does. A service manager that has set $NOTIFY_SOCKET, for "create" as
well, hears first that the program is ready.`,
	flags: [],
	operands: { least: 1, most: 1 },
	run(host, [id = ""]) {
		startContainer(host, id, managerSocket());
		return 0;
	},
};
