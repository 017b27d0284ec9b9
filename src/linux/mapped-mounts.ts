/**
 * Bind sources that the runtime itself must take before the container's user namespace is entered: those of a container
 * with user namespace, whose root may not reach them, and those with id mappings (mount_setattr(2) MOUNT_ATTR_IDMAP).
 */
import type { Config, IdMapping, Mount } from "../spec/types.js";
import {
	AF_UNIX,
	AT_EMPTY_PATH,
	AT_FDCWD,
	AT_RECURSIVE,
	CLONE_NEWUSER,
	MOUNT_ATTR_IDMAP,
	O_CLOEXEC,
	O_RDONLY,
	SIGCHLD,
	SOCK_SEQPACKET,
} from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { failure, hasCode, TsrunError } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";
import { cloneTree } from "./detached-mount.js";
import { writeIdMaps } from "./id-maps.js";
import { parseMountOptions } from "./mount-options.js";
import { sourcePath } from "./mounts.js";
import { openProc } from "./proc.js";

/** Detached trees by mount; the caller closes them once the container's process has its copies. */
export function takeTrees(config: Config, bundle: string): ReadonlyMap<Mount, Fd> {
	const trees = new Map<Mount, Fd>();
	const newUsers = config.linux?.namespaces?.some(({ type }) => type === "user") ?? false;
	const privileged = sys.geteuid() === 0;
	try {
		config.mounts?.forEach((mount, index) => {
			const options = parseMountOptions(mount.options ?? []);
			const mapped = mount.uidMappings !== undefined || options.idmap !== "none";
			if (options.bind === "none" || !(mapped || (newUsers && privileged))) return;
			try {
				const tree = cloneTree(sourcePath(mount, bundle), options.bind === "rbind");
				trees.set(mount, tree);
				if (mapped) mapIds(tree, mappingsOf(mount, config), options.idmap === "ridmap");
			} catch (error) {
				throw mountError(mount, index, mapped, error);
			}
		});
	} catch (error) {
		for (const tree of trees.values()) sys.close(tree);
		throw error;
	}
	return trees;
}

function mountError(mount: Mount, index: number, mapped: boolean, error: unknown): unknown {
	const hint =
		mapped && hasCode(error, "EINVAL", "EPERM")
			? "the file system of the source may not support id-mapped mounts"
			: undefined;
	return failure(
		"mount-failed",
		`error mounting: mount ${JSON.stringify(mount.source)} to rootfs at ${JSON.stringify(mount.destination)}`,
		error,
		{ stage: "mounts", object: mount.source ?? "", jsonPath: `$.mounts[${index}]`, ...(hint ? { hint } : {}) },
	);
}

interface Mappings {
	readonly uidMappings: readonly IdMapping[];
	readonly gidMappings: readonly IdMapping[];
}

/** The mount's own mappings, else those of the container's user namespace (MO-64, MO-65). */
function mappingsOf(mount: Mount, config: Config): Mappings {
	const uidMappings = mount.uidMappings ?? config.linux?.uidMappings;
	const gidMappings = mount.gidMappings ?? config.linux?.gidMappings;
	if (uidMappings?.length && gidMappings?.length) return { uidMappings, gidMappings };
	throw new TsrunError(
		"config-invalid",
		"the option idmap needs uidMappings and gidMappings, of the mount or of linux",
	);
}

function mapIds(tree: Fd, mappings: Mappings, recursive: boolean): void {
	withFd(namespaceWith(mappings), (users) =>
		sys.mount_setattr(tree, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), MOUNT_ATTR_IDMAP, 0, 0, users),
	);
}

/** A user namespace that exists only to carry mappings: its process waits for our end of a socket to close. */
function namespaceWith(mappings: Mappings): Fd {
	const [ours, theirs] = sys.socketpair(AF_UNIX, SOCK_SEQPACKET);
	const child = sys.clone3(CLONE_NEWUSER, SIGCHLD, -1);
	if (child.pid === 0) {
		sys.close(ours);
		sys.recvmsg(theirs, 1);
		sys.exit(0);
	}
	sys.close(theirs);
	try {
		withFd(openProc(), (proc) => writeIdMaps(proc, child.pid, mappings, "allow"));
		return sys.openat(AT_FDCWD, `/proc/${child.pid}/ns/user`, O_RDONLY | O_CLOEXEC, 0);
	} finally {
		sys.close(ours);
		sys.wait4(child.pid, 0);
		sys.close(child.pidfd);
	}
}
