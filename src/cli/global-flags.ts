/** The flags that every verb understands, before it and after it. */
import { parseBoolean } from "./arguments.js";
import type { LogFormat } from "./log.js";
import { invalidValue, usageError } from "./usage-error.js";
import type { Flag } from "./verb.js";

export const globalFlags: readonly Flag[] = [
	{ name: "debug", help: "log what is being done, line by line" },
	{ name: "log", value: "file", help: "append log lines to this file instead of writing them to stderr" },
	{ name: "log-format", value: "format", help: 'format of log lines: text or json (default: "text")' },
	{
		name: "root",
		value: "dir",
		help: 'where the state of containers is kept, best on a tmpfs (default: "/run/tsrun")',
	},
	{ name: "criu", value: "path", help: "the criu that checkpoint and restore call (default: the one in PATH)" },
	{ name: "systemd-cgroup", help: "let systemd make the cgroups; cgroupsPath then reads slice:prefix:name" },
	{
		name: "rootless",
		value: "mode",
		help: 'tolerate cgroups without permission: true, false or auto (default: "auto")',
	},
	{
		name: "trace",
		value: "file",
		valueOptional: true,
		help: "show every system call on stderr, or record them in FILE",
	},
	{ name: "help", short: "h", help: "show help" },
];

/** Before a verb only: after it `-v` may be the verb's own. */
export const versionFlag: Flag = { name: "version", short: "v", help: "show the version" };

export interface Globals {
	readonly debug: boolean;
	readonly log: string | undefined;
	readonly logFormat: LogFormat;
	readonly root: string | undefined;
	readonly systemdCgroup: boolean;
	readonly criu: string | undefined;
	/** undefined: look at the caller's rights. */
	readonly rootless: boolean | undefined;
}

/** `given` has the last value of each flag by name. */
export function readGlobals(given: ReadonlyMap<string, string | boolean>): Globals {
	const text = (name: string) => given.get(name) as string | undefined;
	return {
		debug: given.get("debug") === true,
		// an empty value counts as none, as it does for runc
		log: text("log") || undefined,
		logFormat: parseLogFormat(text("log-format") ?? "text"),
		root: text("root"),
		criu: criuPath(text("criu")),
		systemdCgroup: given.get("systemd-cgroup") === true,
		rootless: parseRootless(text("rootless") ?? "auto"),
	};
}

function parseLogFormat(text: string): LogFormat {
	if (text === "text" || text === "json") return text;
	throw usageError(`invalid log-format: ${text}`, "--log-format", "it is text or json");
}

function parseRootless(text: string): boolean | undefined {
	if (text === "" || text.toLowerCase() === "auto") return undefined;
	const value = parseBoolean(text);
	if (value === undefined) throw invalidValue(text, "rootless", "it is true, false or auto");
	return value;
}

/** A bare name is the one in PATH, as without the flag: older callers pass "criu". */
function criuPath(path: string | undefined): string | undefined {
	return path?.includes("/") ? path : undefined;
}
