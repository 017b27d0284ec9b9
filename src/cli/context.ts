/** From global flags and the environment to the {@link Host} that the runtime works for. */
import type { SystemdDriver } from "../linux/cgroups/driver.js";
import type { Host, Logger } from "../runtime/host.js";
import { environmentValue } from "../sys/environment.js";
import { hasCode } from "../sys/errors.js";
import { readFile } from "../sys/files.js";
import { sys } from "../sys/index.js";
import type { Globals } from "./global-flags.js";
import { usageError } from "./usage-error.js";

export function createHost(globals: Globals, log: Logger, systemd?: SystemdDriver): Host {
	let rootless = globals.rootless;
	return {
		root: globals.root === undefined ? defaultRoot() : explicitRoot(globals.root),
		rootIsExplicit: globals.root !== undefined,
		systemdCgroup: globals.systemdCgroup,
		...(systemd && { systemd }),
		...(globals.criu && { criu: globals.criu }),
		get rootless() {
			rootless ??= sys.geteuid() !== 0 || inUserNamespace();
			return rootless;
		},
		debug: globals.debug,
		log,
	};
}

/**
 * /run/tsrun, or below XDG_RUNTIME_DIR for a user without rights. Root of a user namespace counts as such a user
 * unless it says USER=root, which is what `su` and `sudo` in there would set.
 */
function defaultRoot(): string {
	const own = environmentValue("XDG_RUNTIME_DIR");
	if (own === "") return "/run/tsrun";
	const isUser = sys.geteuid() !== 0 || (environmentValue("USER") !== "root" && inUserNamespace());
	return isUser ? `${own}/tsrun` : "/run/tsrun";
}

function explicitRoot(path: string): string {
	const root = absolutePath(path);
	if (path !== "" && root !== "/") return root;
	throw usageError(
		`option --root must not be ${JSON.stringify(path)}`,
		"--root",
		"name a directory for state, such as /run/tsrun",
	);
}

/** From the working directory, without `.`, `..` and surplus slashes; links are not looked at. */
export function absolutePath(path: string): string {
	const parts: string[] = [];
	for (const part of (path.startsWith("/") ? path : `${sys.getcwd()}/${path}`).split("/")) {
		if (part === "..") parts.pop();
		else if (part !== "" && part !== ".") parts.push(part);
	}
	return `/${parts.join("/")}`;
}

/** The initial user namespace maps every id onto itself (user_namespaces(7)); any other map is another namespace. */
function inUserNamespace(): boolean {
	try {
		return !/^\s*0\s+0\s+4294967295\s*$/.test(readFile("/proc/self/uid_map"));
	} catch (error) {
		// a kernel without user namespaces, or no /proc
		if (hasCode(error, "ENOENT")) return false;
		throw error;
	}
}
