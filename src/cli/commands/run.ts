/** `run`: create and start in one, and in the foreground also wait and delete. */
import { runContainer } from "../../runtime/lifecycle/run.js";
import { type CreateValues, createFlags, createOptions, processFlags } from "../process-flags.js";
import type { Verb } from "../verb.js";

interface Values extends CreateValues {
	readonly keep?: boolean;
	readonly subreaper?: boolean;
}

export const verb: Verb<Values> = {
	usage: "[command options] <container-id>",
	description: `Makes the container that a bundle describes and starts its program at once.
Without --detach the command stays until the program has ended, hands signals
on to it, deletes the container and ends with the program's exit status (128
and the signal's number if a signal ended it).`,
	flags: [
		createFlags.bundle,
		createFlags.config,
		processFlags.consoleSocket,
		processFlags.pidfdSocket,
		processFlags.detach,
		{ name: "keep", help: "leave the stopped container for the command delete" },
		processFlags.pidFile,
		{ name: "no-subreaper", help: "do not adopt processes that the container leaves behind" },
		createFlags.init,
		createFlags.noPivot,
		createFlags.noNewKeyring,
		processFlags.preserveFds,
	],
	operands: { least: 1, most: 1 },
	unit: "makes",
	failurePrefix: (program) => `${program} run failed`,
	run(host, [id = ""], values) {
		return runContainer(host, id, {
			...createOptions(values),
			detach: values.detach ?? false,
			keep: values.keep ?? false,
			noSubreaper: values.subreaper === false,
		});
	},
};
