/**
 * The root filesystem: its propagation, the mount it becomes, and the moment when it is "/" (pivot_root(2)).
 * It is opened once; everything afterwards is relative to that descriptor.
 */
import type { RootfsPropagation } from "../spec/types.js";
import {
	AT_FDCWD,
	MNT_DETACH,
	MOUNT_ATTR_RDONLY,
	MS_MOVE,
	MS_PRIVATE,
	MS_REC,
	MS_SHARED,
	MS_SLAVE,
	MS_UNBINDABLE,
	O_CLOEXEC,
	O_DIRECTORY,
	O_PATH,
} from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { attempt, TsrunError } from "../sys/errors.js";
import { sys } from "../sys/index.js";
import { attach, cloneTree, setAttributes, setPropagation } from "./detached-mount.js";

const stage = "rootfs";

/**
 * Cuts the tie by which mounts of ours would show up on the host. Slave still lets the host's later mounts in; it is
 * also what `shared` starts from, since the container must get a peer group of its own, never join the host's.
 */
export function isolatePropagation(propagation: RootfsPropagation | undefined): void {
	const closed = propagation?.endsWith("private") || propagation?.endsWith("unbindable");
	attempt(
		"rootfs-failed",
		"change the propagation of /",
		() => sys.mount(null, "/", null, (closed ? MS_PRIVATE : MS_SLAVE) | MS_REC, null),
		{ stage, object: "/", hint: 'in a chroot "/" is no mount point: bind-mount the root onto itself first' },
	);
}

/** Makes a mount of the root filesystem's directory (pivot_root wants one) and returns its descriptor. */
export function mountRoot(path: string): Fd {
	return attempt(
		"rootfs-failed",
		`mount root filesystem ${JSON.stringify(path)}`,
		() => {
			const directory = sys.openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
			// recursive: an engine may have mounted volumes below its rootfs
			const tree = cloneTree(directory, true);
			attach(tree, directory);
			sys.close(directory);
			return tree;
		},
		{ stage, object: path },
	);
}

/** "/" of the mount namespace becomes the root; the old one is let go of, with all that hangs there. */
export function pivotRoot(root: Fd): void {
	attempt(
		"rootfs-failed",
		"pivot_root into the root filesystem",
		() => {
			sys.fchdir(root);
			// both on the same place: the old root ends up on top, at "."
			sys.pivot_root(".", ".");
			// slave first, or the unmount would propagate back to the host
			sys.mount(null, ".", null, MS_SLAVE | MS_REC, null);
			sys.umount2(".", MNT_DETACH);
			sys.chdir("/");
		},
		{ stage, hint: "on an initial ramfs the root cannot be pivoted: use --no-pivot" },
	);
}

/** For ramfs roots and containers without a mount namespace of their own (--no-pivot): less tight than pivot_root. */
export function moveRoot(root: Fd): void {
	attempt(
		"rootfs-failed",
		"move the root filesystem to /",
		() => {
			sys.fchdir(root);
			sys.mount(".", "/", null, MS_MOVE, null);
			sys.chroot(".");
			sys.chdir("/");
		},
		{ stage },
	);
}

/** Without a mount namespace of its own the container shares the host's mounts and only changes its root. */
export function chrootInto(root: Fd): void {
	attempt(
		"rootfs-failed",
		"chroot into the root filesystem",
		() => {
			sys.fchdir(root);
			sys.chroot(".");
			sys.chdir("/");
		},
		{ stage },
	);
}

export function makeReadonly(root: Fd): void {
	attempt(
		"rootfs-failed",
		"make the root filesystem read-only",
		() => setAttributes(root, { set: MOUNT_ATTR_RDONLY, clear: 0 }, false),
		{ stage },
	);
}

const propagations: Readonly<Record<string, number>> = {
	shared: MS_SHARED,
	slave: MS_SLAVE,
	private: MS_PRIVATE,
	unbindable: MS_UNBINDABLE,
};

/** `linux.rootfsPropagation` on the finished root. */
export function setRootPropagation(root: Fd, propagation: RootfsPropagation | undefined): void {
	if (propagation === undefined) return;
	const recursive = propagation.startsWith("r");
	const flag = propagations[recursive ? propagation.slice(1) : propagation];
	if (flag === undefined)
		throw new TsrunError("config-invalid", `unknown rootfsPropagation ${JSON.stringify(propagation)}`);
	attempt("rootfs-failed", `make the root mount ${propagation}`, () => setPropagation(root, flag, recursive), {
		stage,
	});
}
