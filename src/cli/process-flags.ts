/** Flags that several verbs share because each of them starts a process, and the options that they become. */
import { type InitMode, initModes, isInitMode } from "../runtime/built-in-init/plan.js";
import type { CreateOptions, ProcessOptions } from "../runtime/options.js";
import { listenFds } from "../runtime/process/listen-fds.js";
import { managerSocket } from "../runtime/process/notify.js";
import { parseWholeNumber } from "./arguments.js";
import { absolutePath } from "./context.js";
import { invalidValue } from "./usage-error.js";
import type { Flag } from "./verb.js";

export const processFlags = {
	consoleSocket: {
		name: "console-socket",
		value: "path",
		help: "AF_UNIX socket that receives the master of the terminal",
	},
	pidfdSocket: { name: "pidfd-socket", value: "path", help: "AF_UNIX socket that receives a pidfd of the process" },
	pidFile: { name: "pid-file", value: "file", help: "write the pid of the process to this file" },
	preserveFds: {
		name: "preserve-fds",
		value: "N",
		parse: parseWholeNumber,
		help: "hand on the N descriptors after stderr (default: 0)",
	},
	detach: { name: "detach", short: "d", help: "return as soon as the program runs" },
} as const satisfies Record<string, Flag>;

/** `create` and `run`. */
export const createFlags = {
	bundle: { name: "bundle", short: "b", value: "dir", help: 'directory of config.json (default: ".")' },
	config: { name: "config", short: "f", value: "file", help: "read this in place of the bundle's config.json" },
	noPivot: { name: "no-pivot", help: "chroot instead of pivot_root; unsafe, for a rootfs on a ramdisk" },
	init: {
		name: "init",
		value: "mode",
		valueOptional: true,
		parse: parseInitMode,
		help: `let an init of tsrun's be process 1: ${initModes.join(", ")} (default: "forward")`,
	},
	noNewKeyring: { name: "no-new-keyring", help: "stay in the caller's session keyring" },
} as const satisfies Record<string, Flag>;

export interface ProcessValues {
	readonly consoleSocket?: string;
	readonly pidfdSocket?: string;
	readonly pidFile?: string;
	readonly preserveFds?: number;
	readonly detach?: boolean;
}

export interface CreateValues extends ProcessValues {
	readonly bundle?: string;
	readonly config?: string;
	/** `--no-pivot` is the pivot switched off. */
	readonly pivot?: boolean;
	readonly newKeyring?: boolean;
	readonly init?: InitMode | true;
}

function parseInitMode(value: string, flag: string): InitMode {
	if (isInitMode(value)) return value;
	throw invalidValue(value, flag, `expected ${initModes.join(", ")}`);
}

export function processOptions(values: ProcessValues): ProcessOptions {
	return {
		pidFile: values.pidFile ? absolutePath(values.pidFile) : undefined,
		consoleSocket: values.consoleSocket || undefined,
		pidfdSocket: values.pidfdSocket || undefined,
		preserveFds: values.preserveFds ?? 0,
	};
}

export function createOptions(values: CreateValues): CreateOptions {
	const sockets = listenFds();
	const options = processOptions(values);
	return {
		...options,
		preserveFds: sockets + options.preserveFds,
		listenFds: sockets,
		notifySocket: managerSocket(),
		bundle: values.bundle || ".",
		config: values.config ? absolutePath(values.config) : undefined,
		noPivot: values.pivot === false,
		noNewKeyring: values.newKeyring === false,
		init: values.init,
	};
}
