/**
 * How mounts are made: one interface, two ways. Where the kernel has the calls that work on descriptors (Linux 5.12)
 * a mount is completed before anybody can see it (detached-mount.ts); elsewhere mount(2) does it (classic-mount.ts).
 */
import { AT_EMPTY_PATH, AT_FDCWD } from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { hasCode } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";
import { classicMounts } from "./classic-mount.js";
import { detachedMounts } from "./detached-mount.js";
import { openInRoot, openOrMakeInRoot, type PlaceKind } from "./safe-path.js";

export interface FilesystemRequest {
	readonly type: string;
	readonly source: string;
	/** Flags of the file system by name: "ro", "sync", "async" … */
	readonly superblock: readonly string[];
	/** The file system's own options: "size=64m", "newinstance". */
	readonly data: readonly string[];
	/** MOUNT_ATTR_*, of this mount alone. */
	readonly attributes: number;
}

/** MOUNT_ATTR_*; what is not named stays. */
export interface Attributes {
	readonly set: number;
	readonly clear: number;
}

/** Where a mount goes. */
export interface Place {
	/** The directory or file to be covered, O_PATH. */
	readonly fd: Fd;
	/** Opens the place again, once something is mounted on it. */
	readonly reopen: () => Fd;
}

/** Completes a mount; the descriptor is its root. */
export type Settle = (mount: Fd) => void;

export interface MountApi {
	/** A new file system on `place`: its root, which the caller closes. */
	mountFilesystem(request: FilesystemRequest, place: Place, settle: Settle): Fd;
	/** What is at a path of the host or at a descriptor, once more, on `place`; with all that is mounted below if `recursive`. */
	bindTree(source: string | Fd, recursive: boolean, place: Place, settle: Settle): Fd;
	setAttributes(mount: Fd, attributes: Attributes, recursive: boolean): void;
	/** `propagation` is MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE. */
	setPropagation(mount: Fd, propagation: number, recursive: boolean): void;
}

/** mount_setattr(2) is the youngest of the calls on descriptors: where it answers, the others do. */
export function mountApi(): MountApi {
	try {
		// no change: permitted, and without effect, wherever the call is known
		sys.mount_setattr(AT_FDCWD, "", AT_EMPTY_PATH, 0, 0, 0, 0);
	} catch (error) {
		// EPERM: an outer seccomp filter older than the call
		if (hasCode(error, "ENOSYS", "EPERM")) return classicMounts;
		throw error;
	}
	return detachedMounts;
}

/** The place at `path` in the container's root, made when missing. */
export function withPlace<T>(root: Fd, path: string, kind: PlaceKind, use: (place: Place) => T): T {
	return withFd(openOrMakeInRoot(root, path, kind), (fd) => use({ fd, reopen: () => openInRoot(root, path) }));
}

/** To settle nothing. */
export function asItIs(): void {}
