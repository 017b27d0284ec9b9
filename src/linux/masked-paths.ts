/**
 * `linux.maskedPaths` and `linux.readonlyPaths`. A masked file is covered by /dev/null, a masked directory by an
 * empty tmpfs, one and the same for all of them: a mount each would slow the host down with thousands. Both are
 * read-only: the null device is the host's, whose mode and owner root in the container must not change for everybody.
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
	const seal = (made: Fd) => api.setAttributes(made, { set: MOUNT_ATTR_RDONLY, clear: 0 }, false);
	const masks: { file?: Fd; directory?: Fd } = {};
	try {
		forEachPresent(root, paths, "mask", (place) => {
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
