/**
 * `linux.maskedPaths` and `linux.readonlyPaths`. A masked file is covered by /dev/null, a masked directory by an
 * empty read-only tmpfs, one and the same for all of them: a mount each would slow the host down with thousands.
 */
import { MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY } from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { attempt } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";
import { attach, cloneTree, makeFilesystem, setAttributes } from "./detached-mount.js";
import { openNullDevice } from "./devices.js";
import { isDirectory, openInRootIfPresent } from "./safe-path.js";

const sealed = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

/** Paths that do not exist are left alone. */
export function maskPaths(root: Fd, paths: readonly string[]): void {
	if (paths.length === 0) return;
	let empty: Fd | null = null;
	const nothing = openNullDevice();
	try {
		for (const path of new Set(paths)) {
			const target = openInRootIfPresent(root, path);
			if (target === null) continue;
			attempt(
				"mount-failed",
				`mask ${JSON.stringify(path)}`,
				() =>
					withFd(target, () => {
						if (!isDirectory(target)) {
							withFd(cloneTree(nothing, false), (tree) => attach(tree, target));
						} else if (empty === null) {
							empty = makeFilesystem({ type: "tmpfs", source: "tmpfs", data: ["nr_inodes=1"], attributes: sealed });
							attach(empty, target);
						} else {
							withFd(cloneTree(empty, false), (tree) => attach(tree, target));
						}
					}),
				{ stage: "masks", object: path },
			);
		}
	} finally {
		sys.close(nothing);
		if (empty !== null) sys.close(empty);
	}
}

/** Each path becomes a read-only mount of itself, with what is mounted below. */
export function makePathsReadonly(root: Fd, paths: readonly string[]): void {
	for (const path of new Set(paths)) {
		const target = openInRootIfPresent(root, path);
		if (target === null) continue;
		attempt(
			"mount-failed",
			`make ${JSON.stringify(path)} read-only`,
			() =>
				withFd(target, () =>
					withFd(cloneTree(target, true), (tree) => {
						setAttributes(tree, { set: MOUNT_ATTR_RDONLY, clear: 0 }, true);
						attach(tree, target);
					}),
				),
			{ stage: "masks", object: path },
		);
	}
}
