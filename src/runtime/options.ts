/** What the verbs can be told, as the runtime takes it. Relative paths start at the caller's working directory. */

import type { Config } from "../spec/types.js";
import type { InitMode } from "./built-in-init/plan.js";

/** Where the container's process gets its terminal and descriptors, and where its pid goes. */
export interface ProcessOptions {
	/** Receives the decimal pid, without a newline; absolute. */
	readonly pidFile: string | undefined;
	/** A listening AF_UNIX socket that receives the master of the pseudoterminal. */
	readonly consoleSocket: string | undefined;
	/** A listening AF_UNIX socket that receives the pidfd of the process. */
	readonly pidfdSocket: string | undefined;
	/** This many descriptors after stderr are handed to the process. */
	readonly preserveFds: number;
}

export interface CreateOptions extends ProcessOptions {
	/** So many of the preserved descriptors are sockets of $LISTEN_FDS. */
	readonly listenFds: number;
	/** $NOTIFY_SOCKET of a service manager, which is to hear that the program is ready; undefined without one. */
	readonly notifySocket?: string | undefined;
	/** The directory that holds config.json. */
	readonly bundle: string;
	/** What is read in its place; absolute. */
	readonly config?: string | undefined;
	/** chroot(2) in place of pivot_root(2). */
	readonly noPivot: boolean;
	/** Stay in the caller's session keyring. */
	readonly noNewKeyring: boolean;
	/** The built-in init's mode; true takes the annotation's, or forward. */
	readonly init?: InitMode | true | undefined;
	/** What the container is made of instead of the bundle's configuration, which has been checked: a pod's namespaces. */
	readonly adapt?: ((config: Config) => Config) | undefined;
}

export interface RunOptions extends CreateOptions {
	/** Return as soon as the program runs. */
	readonly detach: boolean;
	/** Leave the stopped container for `delete`. */
	readonly keep: boolean;
	/** Do not adopt orphans of the container. */
	readonly noSubreaper: boolean;
}

export interface ExecOptions extends ProcessOptions {
	/** A `process` object in JSON; when given, of the members below only `detach`, `tty` and `ignorePaused` count. */
	readonly processFile: string | undefined;
	/** The program and its arguments; empty when a process file is given. */
	readonly args: readonly string[];
	readonly cwd: string | undefined;
	/** NAME=value entries that are added to the container's. */
	readonly env: readonly string[];
	readonly tty: boolean;
	/** Without it the container's own user. */
	readonly user: UserOption | undefined;
	readonly additionalGids: readonly number[];
	readonly detach: boolean;
	/** SELinux label. */
	readonly processLabel: string | undefined;
	/** AppArmor profile. */
	readonly apparmor: string | undefined;
	/** undefined leaves what the container's process has. */
	readonly noNewPrivileges: boolean | undefined;
	/** Names that are added to the container's capabilities. */
	readonly capabilities: readonly string[];
	/** `path` or `controller[,controller…]:path`, below the container's cgroup. */
	readonly cgroups: readonly string[];
	readonly ignorePaused: boolean;
}

export interface UserOption {
	readonly uid: number;
	/** Without it the container's own group. */
	readonly gid: number | undefined;
}
