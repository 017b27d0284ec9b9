/**
 * `linux.maskedPaths` and `linux.readonlyPaths`. A masked file is covered by /dev/null, a masked directory by an
 * empty tmpfs, one and the same for all of them: a mount each would slow the host down with thousands. Both are
 * read-only: the null device is the host's, whose mode and owner root in the container must not change for everybody.
 */
import type { Mount } from "../spec/types.js";
import {
	MOUNT_ATTR_NODEV,
	MOUNT_ATTR_NOEXEC,
	MOUNT_ATTR_NOSUID,
	MOUNT_ATTR_RDONLY,
	PROC_SUPER_MAGIC,
	SYSFS_MAGIC,
} from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { attempt, TsrunError } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";
import { openNullDevice } from "./devices.js";
import { asItIs, mountApi, type Place } from "./mount-api.js";
import { components, isDirectory, openInRoot, openInRootIfPresent } from "./safe-path.js";

const stage = "masks";

const emptyDirectory = {
	type: "tmpfs",
	source: "tmpfs",
	superblock: [],
	data: ["nr_inodes=1"],
	attributes: MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
};

/** Paths that do not exist are left alone. */
export function maskPaths(root: Fd, paths: readonly string[], mounts: readonly Mount[]): void {
	if (paths.length === 0) return;
	const api = mountApi();
	const nothing = openNullDevice();
	const seal = (made: Fd) => api.setAttributes(made, { set: MOUNT_ATTR_RDONLY, clear: 0 }, false);
	const masks: { file?: Fd; directory?: Fd } = {};
	try {
		forEachPresent(root, paths, mounts, "mask", (place) => {
			const kind = isDirectory(place.fd) ? "directory" : "file";
			const mask = masks[kind];
			// a copy of a read-only mount is one too
			if (mask !== undefined) sys.close(api.bindTree(mask, false, place, asItIs));
			else if (kind === "file") masks.file = api.bindTree(nothing, false, place, seal);
			else masks.directory = api.mountFilesystem(emptyDirectory, place, asItIs);
		});
	} finally {
		for (const fd of [nothing, ...Object.values(masks)]) sys.close(fd);
	}
}

/** Each path becomes a read-only mount of itself, with what is mounted below. */
export function makePathsReadonly(root: Fd, paths: readonly string[], mounts: readonly Mount[]): void {
	if (paths.length === 0) return;
	const api = mountApi();
	const seal = (made: Fd) => api.setAttributes(made, { set: MOUNT_ATTR_RDONLY, clear: 0 }, true);
	forEachPresent(root, paths, mounts, "protect", (place) => sys.close(api.bindTree(place.fd, true, place, seal)));
}

/** Whatever is named twice is done once. */
function forEachPresent(
	root: Fd,
	paths: readonly string[],
	mounts: readonly Mount[],
	verb: string,
	use: (place: Place) => void,
): void {
	const tops = openTops(root, mounts);
	try {
		for (const path of new Set(paths)) {
			const { base, rest } = startOf(root, tops, path);
			const fd = openInRootIfPresent(base, rest);
			if (fd === null) continue;
			const place = { fd, reopen: () => openInRoot(base, rest) };
			attempt("mount-failed", `${verb} ${JSON.stringify(path)}`, () => withFd(fd, () => use(place)), {
				stage,
				object: path,
			});
		}
	} finally {
		for (const fd of tops.values()) sys.close(fd);
	}
}

/**
 * /proc and /sys are looked up once and must be what was mounted there; what is masked in them is looked up from there.
 * Else an image that puts a link in their place for a moment would have masks left out, of paths that do not exist.
 */
function openTops(root: Fd, mounts: readonly Mount[]): ReadonlyMap<string, Fd> {
	const tops = new Map<string, Fd>();
	try {
		for (const [name, magic] of mountedTops(mounts)) {
			const fd = openInRoot(root, name);
			tops.set(name, fd);
			if (sys.fstatfs(fd).type === magic) continue;
			throw new TsrunError("path-unsafe", `"/${name}" is no longer what was mounted there`, {
				stage,
				object: `/${name}`,
				hint: "nothing may change the root filesystem while the container is made",
			});
		}
		return tops;
	} catch (error) {
		for (const fd of tops.values()) sys.close(fd);
		throw error;
	}
}

/** Where the last mount right below the root is a procfs or sysfs, with its magic. */
function mountedTops(mounts: readonly Mount[]): ReadonlyMap<string, number> {
	const tops = new Map<string, number>();
	for (const { type, destination } of mounts) {
		const [name = "", ...below] = components(destination);
		if (below.length > 0) continue;
		if (type === "proc" || name === "proc") tops.set(name, PROC_SUPER_MAGIC);
		else if (type === "sysfs") tops.set(name, SYSFS_MAGIC);
		else tops.delete(name);
	}
	return tops;
}

function startOf(root: Fd, tops: ReadonlyMap<string, Fd>, path: string): { readonly base: Fd; readonly rest: string } {
	const [name = "", ...below] = components(path);
	const base = below.length === 0 || below.includes("..") ? undefined : tops.get(name);
	return base === undefined ? { base: root, rest: path } : { base, rest: below.join("/") };
}
