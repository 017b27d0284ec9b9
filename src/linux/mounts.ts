/**
 * `mounts` of config.json, one after the other, onto descriptors inside the container's root (config.md#mounts).
 * The kinds are told apart here; how each is made stands in bind-mounts.ts, filesystem-mounts.ts and cgroup-mount.ts.
 */
import type { Mount } from "../spec/types.js";
import { MOUNT_ATTR_RDONLY, MS_REC } from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { attempt, failure, TsrunError } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { changeAttributes, makeBindMount } from "./bind-mounts.js";
import { reconfigure } from "./classic-mount.js";
import { makeFilesystemMount, staysWritable } from "./filesystem-mounts.js";
import { type MountApi, mountApi } from "./mount-api.js";
import { type MountOptions, parseMountOptions } from "./mount-options.js";
import { openInRoot } from "./safe-path.js";

const stage = "mounts";

export interface MountSurroundings {
	/** The container's root. */
	readonly root: Fd;
	/** Bind sources without a leading "/" are relative to it. */
	readonly bundle: string;
	/** Trees that had to be taken earlier (mapped-mounts.ts). They are closed when they are mounted. */
	readonly taken: ReadonlyMap<Mount, Fd>;
	/** Mounts of type "cgroup" depend on the host's hierarchies. */
	readonly mountCgroups: (mount: Mount, options: MountOptions) => void;
	readonly warn: (message: string) => void;
	/** SELinux context of the mounts (linux.mountLabel), or undefined. */
	readonly label: string | undefined;
}

/** Makes every mount in order. Some stay writable until everything in them is made: {@link finishMounts}. */
export function makeMounts(mounts: readonly Mount[], surroundings: MountSurroundings): void {
	const api = mountApi();
	mounts.forEach((mount, index) => {
		try {
			makeMount(api, mount, parseMountOptions(mount.options ?? []), surroundings);
		} catch (error) {
			throw mountError(mount, index, error);
		}
	});
}

/** runc's words: engines know a failed mount by them. */
export function mountError(mount: Mount, index: number, error: unknown, hint?: string): unknown {
	const source = JSON.stringify(mount.source ?? mount.type ?? "");
	const what = `error mounting ${source} to rootfs at ${JSON.stringify(mount.destination)}`;
	const about = { stage, object: mount.destination, jsonPath: `$.mounts[${index}]`, ...(hint ? { hint } : {}) };
	if (error instanceof TsrunError) {
		return new TsrunError(error.id, `${what}: ${error.message}`, { ...error.details, ...about });
	}
	return failure("mount-failed", what, error, about);
}

function makeMount(api: MountApi, mount: Mount, options: MountOptions, surroundings: MountSurroundings): void {
	const { root, bundle, taken, label, mountCgroups, warn } = surroundings;
	if (options.remount) withFd(openInRoot(root, mount.destination), (place) => remount(api, place, options));
	else if (options.bind !== "none") {
		const { data } = options;
		// the kernel does not look at them (mount(2), MS_BIND)
		if (data.length > 0) warn(`bind mount at ${mount.destination}: file system options are ignored: ${data.join(",")}`);
		withFd(makeBindMount(api, mount, options, { root, bundle, tree: taken.get(mount) }), (made) =>
			propagate(api, made, options),
		);
	} else if (mount.type === "cgroup" || mount.type === "cgroup2") mountCgroups(mount, options);
	else withFd(makeFilesystemMount(api, mount, options, { root, label }), (made) => propagate(api, made, options));
}

/** mount(8)'s `remount`: other attributes for what is mounted there, and other options for its file system if any are named. */
function remount(api: MountApi, place: Fd, options: MountOptions): void {
	if (options.bind === "none" && options.data.length + options.superblock.length > 0) {
		reconfigure(place, options.superblock, options.data);
	}
	changeAttributes(api, place, options);
	propagate(api, place, options);
}

/** mount_namespaces(7), after the mount is in its place: below a shared mount it has become shared itself. */
function propagate(api: MountApi, mount: Fd, options: MountOptions): void {
	for (const flags of options.propagation) api.setPropagation(mount, flags & ~MS_REC, (flags & MS_REC) !== 0);
}

/** Read-only mounts in which other mounts or devices had to be made first. */
export function finishMounts(mounts: readonly Mount[], root: Fd): void {
	for (const mount of mounts.filter(staysWritable)) {
		const { bind, remount, attributes } = parseMountOptions(mount.options ?? []);
		if (bind !== "none" || remount || !(attributes.set & MOUNT_ATTR_RDONLY)) continue;
		attempt(
			"mount-failed",
			`make ${JSON.stringify(mount.destination)} read-only`,
			() =>
				withFd(openInRoot(root, mount.destination), (made) =>
					mountApi().setAttributes(made, { set: MOUNT_ATTR_RDONLY, clear: 0 }, false),
				),
			{ stage, object: mount.destination },
		);
	}
}
