/** One call of the program while its meaning becomes known; a failure is told with as much of it as there is. */
import type { Logger } from "../runtime/host.js";
import type { Verb } from "./verb.js";

export interface Command {
	/** The base name of what the program was called by: a link named `runc` answers as runc. */
	readonly program: string;
	/** Global flags by name, the last of each. */
	readonly globals: Map<string, string | boolean>;
	verb: { readonly name: string; readonly does: Verb } | undefined;
	log: Logger | undefined;
	tracing: boolean;
	/** The words were right: what fails from here on is the verb. */
	running: boolean;
}

export function newCommand(calledBy: string): Command {
	const program = calledBy.slice(calledBy.lastIndexOf("/") + 1) || "tsrun";
	return { program, globals: new Map(), verb: undefined, log: undefined, tracing: false, running: false };
}
