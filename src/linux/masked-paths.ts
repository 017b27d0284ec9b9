/**
 * `linux.maskedPaths` and `linux.readonlyPaths`. A masked file is covered by /dev/null, a masked directory by an
 * empty read-only tmpfs, one and the same for all of them: a mount each would slow the host down with thousands.
 */
import { MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY } from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { attempt } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";
import { openNullDevice } from "./devices.js";
import { asItIs, mountApi, type Place } from "./mount-api.js";
import { isDirectory, openInRoot, openInRootIfPresent } from "./safe-path.js";

const stage = "masks";

const emptyDirectory = {
	type: "tmpfs",
	source: "tmpfs",
	superblock: [],
	data: ["nr_inodes=1"],
	attributes: MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
};

/** Paths that do not exist are left alone. */
export function maskPaths(root: Fd, paths: readonly string[]): void {
	if (paths.length === 0) return;
	const api = mountApi();
	const nothing = openNullDevice();
	let empty: Fd | null = null;
	try {
		forEachPresent(root, paths, "mask", (place) => {
			if (!isDirectory(place.fd)) sys.close(api.bindTree(nothing, false, place, asItIs));
			else if (empty === null) empty = api.mountFilesystem(emptyDirectory, place, asItIs);
			else sys.close(api.bindTree(empty, false, place, asItIs));
		});
	} finally {
		sys.close(nothing);
		if (empty !== null) sys.close(empty);
	}
}

/** Each path becomes a read-only mount of itself, with what is mounted below. */
export function makePathsReadonly(root: Fd, paths: readonly string[]): void {
	if (paths.length === 0) return;
	const api = mountApi();
	const seal = (made: Fd) => api.setAttributes(made, { set: MOUNT_ATTR_RDONLY, clear: 0 }, true);
	forEachPresent(root, paths, "protect", (place) => sys.close(api.bindTree(place.fd, true, place, seal)));
}

/** Whatever is named twice is done once. */
function forEachPresent(root: Fd, paths: readonly string[], verb: string, use: (place: Place) => void): void {
	for (const path of new Set(paths)) {
		const fd = openInRootIfPresent(root, path);
		if (fd === null) continue;
		const place = { fd, reopen: () => openInRoot(root, path) };
		attempt("mount-failed", `${verb} ${JSON.stringify(path)}`, () => withFd(fd, () => use(place)), {
			stage,
			object: path,
		});
	}
}
