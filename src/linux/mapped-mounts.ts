/**
 * Bind sources that the runtime itself must take before the container's process goes its way: those of a container with
 * a user namespace, whose root may not reach them; those with id mappings (mount_setattr(2) MOUNT_ATTR_IDMAP); and
 * those that stay tied to the host's mounts, before the container's mount namespace cuts that tie.
 */
import type { Config, IdMapping, Mount } from "../spec/types.js";
import {
	AF_UNIX,
	AT_EMPTY_PATH,
	AT_FDCWD,
	AT_RECURSIVE,
	CLONE_NEWUSER,
	MOUNT_ATTR_IDMAP,
	MS_PRIVATE,
	MS_SHARED,
	MS_SLAVE,
	O_CLOEXEC,
	O_RDONLY,
	SIGCHLD,
	SOCK_SEQPACKET,
} from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { hasCode, TsrunError } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";
import { changeAttributes, isShared, missingSource, sourcePath } from "./bind-mounts.js";
import { cloneTree, detachedMounts } from "./detached-mount.js";
import { writeIdMaps } from "./id-maps.js";
import { mountApi } from "./mount-api.js";
import { type MountOptions, parseMountOptions } from "./mount-options.js";
import { mountError } from "./mounts.js";
import { openProc } from "./proc.js";
import { isClosed } from "./rootfs.js";

/** Detached trees by mount; the caller closes them once the container's process has its copies. */
export function takeTrees(config: Config, bundle: string): ReadonlyMap<Mount, Fd> {
	const trees = new Map<Mount, Fd>();
	try {
		config.mounts?.forEach((mount, index) => {
			const options = parseMountOptions(mount.options ?? []);
			const mapped = isMapped(mount, options);
			try {
				if (mapped) refuseUnlessBind(options);
				if (!mapped && !isTakenEarly(config, options)) return;
				const tree = take(mount, options, bundle, mapped);
				if (tree === null) return;
				trees.set(mount, tree);
				setUp(tree, config, options);
				if (mapped) mapIds(tree, mount, config, options.idmap === "ridmap");
			} catch (error) {
				throw mountError(mount, index, error, mapped ? mappingHint(error) : undefined);
			}
		});
	} catch (error) {
		for (const tree of trees.values()) sys.close(tree);
		throw error;
	}
	return trees;
}

function isMapped({ uidMappings }: Mount, { idmap }: MountOptions): boolean {
	return (uidMappings?.length ?? 0) > 0 || idmap !== "none";
}

function refuseUnlessBind({ bind }: MountOptions): void {
	if (bind !== "none") return;
	throw new TsrunError("config-unsupported", "only bind mounts can have id mappings", {
		hint: "mount the file system on the host and bind it, or leave out idmap, uidMappings and gidMappings",
	});
}

function isTakenEarly(config: Config, options: MountOptions): boolean {
	// the user namespace of an unprivileged caller is the only place where it may mount anything
	if (options.bind === "none" || options.remount || sys.geteuid() !== 0) return false;
	return hasUsers(config) || isTied(options);
}

function hasUsers({ linux }: Config): boolean {
	return linux?.namespaces?.some(({ type }) => type === "user") ?? false;
}

function isTied({ propagation }: MountOptions): boolean {
	return propagation.some((flags) => flags & (MS_SHARED | MS_SLAVE));
}

/** null where the kernel has no detached mounts: the container's process binds the path then, as far as it can. */
function take(mount: Mount, { bind }: MountOptions, bundle: string, mapped: boolean): Fd | null {
	if (!mapped && mountApi() !== detachedMounts) return null;
	const source = sourcePath(mount, bundle);
	try {
		return cloneTree(source, bind === "rbind");
	} catch (error) {
		throw hasCode(error, "ENOENT") ? missingSource(source) : error;
	}
}

function setUp(tree: Fd, config: Config, options: MountOptions): void {
	if (hasUsers(config)) {
		// in the container's user namespace the flags of the source would be locked: no option drops them by not naming them
		detachedMounts.setAttributes(tree, options.attributes, false);
		detachedMounts.setAttributes(tree, options.recursiveAttributes, true);
	} else {
		changeAttributes(detachedMounts, tree, options);
	}
	// it is a peer of the host's mount, which it stays only where `shared` asks for it
	if (isShared(options) && !hasUsers(config)) return;
	const apart = isClosed(config.linux?.rootfsPropagation) && !isTied(options);
	detachedMounts.setPropagation(tree, apart ? MS_PRIVATE : MS_SLAVE, true);
}

function mappingHint(error: unknown): string | undefined {
	if (hasCode(error, "ENOSYS")) return "id-mapped mounts need Linux 5.12";
	return hasCode(error, "EINVAL", "EPERM") ? "the source's file system may not support id-mapped mounts" : undefined;
}

/** By the mount's own mappings, else by those of the container's user namespace (MO-64, MO-65). */
function mapIds(tree: Fd, mount: Mount, { linux }: Config, recursive: boolean): void {
	const flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
	withFd(mappingNamespace(mount, linux), (users) => sys.mount_setattr(tree, "", flags, MOUNT_ATTR_IDMAP, 0, 0, users));
}

function mappingNamespace(mount: Mount, linux: Config["linux"]): Fd {
	const uidMappings = mount.uidMappings ?? linux?.uidMappings;
	const gidMappings = mount.gidMappings ?? linux?.gidMappings;
	if (uidMappings?.length && gidMappings?.length) return namespaceWith({ uidMappings, gidMappings });
	const joined = linux?.namespaces?.find(({ type }) => type === "user")?.path;
	if (joined) return sys.openat(AT_FDCWD, joined, O_RDONLY | O_CLOEXEC, 0);
	throw new TsrunError(
		"config-invalid",
		"the option idmap needs uidMappings and gidMappings, of the mount or of linux",
	);
}

interface Mappings {
	readonly uidMappings: readonly IdMapping[];
	readonly gidMappings: readonly IdMapping[];
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
