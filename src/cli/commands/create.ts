/** `create`: the container is made and its program waits for `start`. */
import { createContainer } from "../../runtime/lifecycle/create.js";
import { type CreateValues, createFlags, createOptions, processFlags } from "../process-flags.js";
import type { Verb } from "../verb.js";

export const verb: Verb<CreateValues> = {
	usage: "[command options] <container-id>",
	description: `Makes the container that a bundle describes: a directory with a
configuration, config.json, and a root filesystem. Everything is in place
afterwards except the program itself, which waits for the command "start".
The id is chosen by the caller and names the container in all other commands;
it must be unique below one --root.`,
	flags: [
		createFlags.bundle,
		createFlags.config,
		processFlags.consoleSocket,
		processFlags.pidfdSocket,
		processFlags.pidFile,
		createFlags.init,
		createFlags.noPivot,
		createFlags.noNewKeyring,
		processFlags.preserveFds,
	],
	operands: { least: 1, most: 1 },
	unit: "makes",
	failurePrefix: (program) => `${program} create failed`,
	run(host, [id = ""], values) {
		createContainer(host, id, createOptions(values));
		return 0;
	},
};
