/** What the command line tells the runtime about its surroundings: where state lives, whose rights apply, whom to talk to. */
import type { SystemdDriver } from "../linux/cgroups/driver.js";
import type { ErrorDetails, ErrorId } from "../sys/errors.js";

/** What a line of the log says besides its message; each member becomes one of the line. */
export interface LogFields extends Pick<ErrorDetails, "stage" | "syscall" | "errno" | "object" | "jsonPath" | "hint"> {
	readonly id?: ErrorId;
	/** Where a bug happened, in lines of TypeScript. */
	readonly stack?: string;
}

/**
 * Lines for whoever watches: the file of `--log`, else stderr. A file is open from the start, so a child of clone
 * may write lines when the log's path leads nowhere any more. Engines read the last error of the file as the
 * reason of a failure: {@link Logger.error} is for what ends a command, anything less is a warning.
 */
export interface Logger {
	/** Nothing without `--debug`. Where the message costs something to make, ask {@link Host.debug} first. */
	debug(message: string): void;
	warning(message: string): void;
	error(message: string, fields?: LogFields): void;
}

export interface Host {
	/** The directory of all state directories; absolute, and it need not exist yet. */
	readonly root: string;
	/** `--root` was given: its absence is then an error for verbs that only look. */
	readonly rootIsExplicit: boolean;
	/** `--systemd-cgroup`: cgroups are made by systemd, and cgroupsPath has the form `slice:prefix:name`. */
	readonly systemdCgroup: boolean;
	/** The driver for that, and for containers that have such a cgroup; loaded for those who need it. */
	readonly systemd?: SystemdDriver;
	/** `--rootless`, or what the caller's rights say. Looked up when first read, since most verbs never ask. */
	readonly rootless: boolean;
	/** `--criu`: the program; without it the one in PATH. */
	readonly criu?: string;
	readonly debug: boolean;
	readonly log: Logger;
}
