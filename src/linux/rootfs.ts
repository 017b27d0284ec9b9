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
import { attempt, failure, hasCode } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";
import { asItIs, mountApi } from "./mount-api.js";
import { mountId, readMountinfo } from "./mountinfo.js";

const stage = "rootfs";

/** With these nothing that is mounted on the host later comes in. */
export function isClosed(propagation: RootfsPropagation | undefined): boolean {
	return (propagation?.endsWith("private") || propagation?.endsWith("unbindable")) ?? false;
}

/**
 * Cuts the tie by which mounts of ours would show up on the host. Slave still lets the host's later mounts in; it is
 * also what `shared` starts from, since the container must get a peer group of its own, never join the host's.
 */
export function isolatePropagation(propagation: RootfsPropagation | undefined): void {
	attempt(
		"rootfs-failed",
		"change the propagation of /",
		() => sys.mount(null, "/", null, (isClosed(propagation) ? MS_PRIVATE : MS_SLAVE) | MS_REC, null),
		{ stage, object: "/", hint: 'in a chroot "/" is no mount point: bind-mount the root onto itself first' },
	);
}

/** Makes a mount of the root filesystem's directory (pivot_root wants one) and returns its descriptor. */
export function mountRoot(path: string): Fd {
	const open = () => sys.openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	return attempt(
		"rootfs-failed",
		`mount root filesystem ${JSON.stringify(path)}`,
		// recursive: an engine may have mounted volumes below its rootfs
		() => withFd(open(), (fd) => mountApi().bindTree(fd, true, { fd, reopen: open }, asItIs)),
		{ stage, object: path },
	);
}

/** "/" of the mount namespace becomes the root; the old one is let go of, with all that hangs there. */
export function pivotRoot(root: Fd): void {
	attempt(
		"rootfs-failed",
		"pivot_root into the root filesystem",
		() =>
			withFd(sys.openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0), (old) => {
				sys.fchdir(root);
				// both on the same place: the old root ends up on top of the new one
				sys.pivot_root(".", ".");
				sys.fchdir(old);
				// a hook may have shared mounts with the host, and the unmount would pass on to it
				sys.mount(null, ".", null, MS_SLAVE | MS_REC, null);
				sys.umount2(".", MNT_DETACH);
				sys.chdir("/");
			}),
		{ stage, hint: "on an initial ramfs the root cannot be pivoted: use --no-pivot" },
	);
}

/** For roots on an initial ramfs (--no-pivot): less tight than pivot_root, the old root stays underneath. */
export function moveRoot(root: Fd): void {
	attempt(
		"rootfs-failed",
		"move the root filesystem to /",
		() => {
			removeHostProcAndSys(root);
			sys.fchdir(root);
			sys.mount(".", "/", null, MS_MOVE, null);
			sys.chroot(".");
			sys.chdir("/");
		},
		{ stage },
	);
}

/**
 * The kernel lets a user namespace inside the container mount a new, unmasked procfs or sysfs as long as one without
 * masks is somewhere in its mount namespace (mount_too_revealing in fs/namespace.c): the host's must not be.
 */
function removeHostProcAndSys(root: Fd): void {
	const mounts = readMountinfo();
	const id = mountId(root);
	const inside = `${mounts.find((mount) => mount.id === id)?.point}/`;
	const revealing = mounts.filter(
		(mount) =>
			(mount.type === "proc" || mount.type === "sysfs") && mount.root === "/" && !mount.point.startsWith(inside),
	);
	for (const { point } of revealing.reverse()) {
		try {
			sys.umount2(point, MNT_DETACH);
		} catch (error) {
			// in a user namespace the host's mounts are locked: covered, they count no more
			if (!hasCode(error, "EINVAL", "EPERM")) throw error;
			sys.mount("tmpfs", point, "tmpfs", 0, null);
		}
	}
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

/** A root that was mounted in the host's own mount namespace: what has to go again. */
export interface HostRoot {
	/** Where it is mounted. */
	readonly path: string;
	/** The mount that one finds there without it. */
	readonly below: number;
}

/** To be kept before {@link mountRoot}. */
export function hostRootAt(path: string): HostRoot {
	return { path, below: Number(sys.statx_mount_id(AT_FDCWD, path, 0)) };
}

/** Unmounts it with everything below, if it is there. */
export function unmountHostRoot({ path, below }: HostRoot): void {
	try {
		if (hostRootAt(path).below !== below) sys.umount2(path, MNT_DETACH);
	} catch (error) {
		// the bundle may have gone
		if (hasCode(error, "ENOENT")) return;
		throw failure("rootfs-failed", `unmount the root filesystem ${JSON.stringify(path)}`, error, {
			stage,
			object: path,
		});
	}
}

export function makeReadonly(root: Fd): void {
	attempt(
		"rootfs-failed",
		"make the root filesystem read-only",
		() => mountApi().setAttributes(root, { set: MOUNT_ATTR_RDONLY, clear: 0 }, false),
		{ stage },
	);
}

/**
 * `linux.rootfsPropagation` on the finished root: shared and unbindable, which would be in the way while it is
 * made. Slave and private is everything already, by {@link isolatePropagation}.
 */
export function setRootPropagation(root: Fd, propagation: RootfsPropagation | undefined): void {
	const flag = propagation?.endsWith("shared") ? MS_SHARED : propagation?.endsWith("unbindable") ? MS_UNBINDABLE : 0;
	if (flag === 0) return;
	attempt(
		"rootfs-failed",
		`make the root mount ${propagation}`,
		() => mountApi().setPropagation(root, flag, propagation?.startsWith("r") ?? false),
		{ stage },
	);
}
