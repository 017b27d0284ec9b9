/**
 * Mounts by mount(2) alone, for kernels before 5.12 and under outer seccomp filters that do not know the newer calls.
 * Paths are still resolved only once: mount(2) gets /proc/self/fd/N of a verified descriptor. A mount is there before
 * its attributes are, so the destination is opened again to set them.
 */
import {
	MOUNT_ATTR__ATIME,
	MOUNT_ATTR_NOATIME,
	MOUNT_ATTR_NODEV,
	MOUNT_ATTR_NODIRATIME,
	MOUNT_ATTR_NOEXEC,
	MOUNT_ATTR_NOSUID,
	MOUNT_ATTR_NOSYMFOLLOW,
	MOUNT_ATTR_RDONLY,
	MOUNT_ATTR_STRICTATIME,
	MS_BIND,
	MS_DIRSYNC,
	MS_I_VERSION,
	MS_LAZYTIME,
	MS_MANDLOCK,
	MS_NOATIME,
	MS_NODEV,
	MS_NODIRATIME,
	MS_NOEXEC,
	MS_NOSUID,
	MS_NOSYMFOLLOW,
	MS_RDONLY,
	MS_REC,
	MS_RELATIME,
	MS_REMOUNT,
	MS_SILENT,
	MS_STRICTATIME,
	MS_SYNCHRONOUS,
	ST_NOATIME,
	ST_NODEV,
	ST_NODIRATIME,
	ST_NOEXEC,
	ST_NOSUID,
	ST_NOSYMFOLLOW,
	ST_RDONLY,
	ST_RELATIME,
} from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";
import type { Attributes, MountApi, Place, Settle } from "./mount-api.js";
import { mountId, readMountinfo } from "./mountinfo.js";
import { openInRootIfPresent } from "./safe-path.js";

export const classicMounts: MountApi = {
	mountFilesystem({ type, source, superblock, data, attributes }, place, settle) {
		const flags = superblock.reduce((sum, name) => sum | (superblockFlags[name] ?? 0), mountFlags(attributes));
		sys.mount(source, pathOf(place.fd), type, flags, data.join(","));
		return settled(place, settle);
	},

	bindTree(source, recursive, place, settle) {
		const from = typeof source === "string" ? source : pathOf(source);
		sys.mount(from, pathOf(place.fd), null, MS_BIND | (recursive ? MS_REC : 0), null);
		return settled(place, settle);
	},

	setAttributes(mount, attributes, recursive) {
		if (attributes.set === 0 && attributes.clear === 0) return;
		remount(mount, attributes);
		if (recursive) forEachBelow(mount, (below) => remount(below, attributes));
	},

	setPropagation(mount, propagation, recursive) {
		sys.mount(null, pathOf(mount), null, propagation | (recursive ? MS_REC : 0), null);
	},
};

/** New options for the file system of a mount: what `remount` means besides attributes. The mount keeps its own. */
export function reconfigure(mount: Fd, superblock: readonly string[], data: readonly string[]): void {
	const flags = superblock.reduce((sum, name) => sum | (superblockFlags[name] ?? 0), mountFlags(attributesOf(mount)));
	sys.mount(null, pathOf(mount), null, MS_REMOUNT | flags, data.join(","));
}

/** A path that leads to a descriptor's file and nowhere else. The host's /proc is still in view. */
function pathOf(fd: Fd): string {
	return `/proc/self/fd/${fd}`;
}

function settled(place: Place, settle: Settle): Fd {
	const mount = place.reopen();
	try {
		settle(mount);
		return mount;
	} catch (error) {
		sys.close(mount);
		throw error;
	}
}

/** mount(2) replaces all attributes at once, so the present ones are read first. */
function remount(mount: Fd, { set, clear }: Attributes): void {
	const attributes = (attributesOf(mount) & ~clear) | set;
	sys.mount(null, pathOf(mount), null, MS_REMOUNT | MS_BIND | mountFlags(attributes), null);
}

/** What mount_setattr(2) does with AT_RECURSIVE. Mounts that another one hides are out of everybody's reach. */
function forEachBelow(mount: Fd, change: (below: Fd) => void): void {
	const entries = readMountinfo();
	const top = mountId(mount);
	const prefix = entries.find(({ id }) => id === top)?.point.length ?? 0;
	const visit = (parent: number) => {
		for (const { id, point } of entries.filter((entry) => entry.parent === parent)) {
			const below = openInRootIfPresent(mount, point.slice(prefix));
			if (below === null) continue;
			withFd(below, () => {
				if (mountId(below) === id) change(below);
			});
			visit(id);
		}
	};
	visit(top);
}

/** Those that clear a flag ("async") need none here. */
const superblockFlags: Readonly<Record<string, number>> = {
	ro: MS_RDONLY,
	sync: MS_SYNCHRONOUS,
	dirsync: MS_DIRSYNC,
	lazytime: MS_LAZYTIME,
	mand: MS_MANDLOCK,
	iversion: MS_I_VERSION,
	silent: MS_SILENT,
};

/** The same attribute for mount_setattr(2), statfs(2) and mount(2). */
const equivalents: readonly (readonly [attribute: number, statfs: number, mount: number])[] = [
	[MOUNT_ATTR_RDONLY, ST_RDONLY, MS_RDONLY],
	[MOUNT_ATTR_NOSUID, ST_NOSUID, MS_NOSUID],
	[MOUNT_ATTR_NODEV, ST_NODEV, MS_NODEV],
	[MOUNT_ATTR_NOEXEC, ST_NOEXEC, MS_NOEXEC],
	[MOUNT_ATTR_NOSYMFOLLOW, ST_NOSYMFOLLOW, MS_NOSYMFOLLOW],
	[MOUNT_ATTR_NODIRATIME, ST_NODIRATIME, MS_NODIRATIME],
	[MOUNT_ATTR_NOATIME, ST_NOATIME, MS_NOATIME],
];

function attributesOf(mount: Fd): number {
	const { flags } = sys.fstatfs(mount);
	const known = equivalents.reduce((sum, [attribute, statfs]) => sum | (flags & statfs ? attribute : 0), 0);
	// the access time is always one of three, and of the strict one statfs(2) says nothing
	return flags & (ST_NOATIME | ST_RELATIME) ? known : known | MOUNT_ATTR_STRICTATIME;
}

function mountFlags(attributes: number): number {
	const known = equivalents.reduce((sum, [attribute, , flag]) => sum | (attributes & attribute ? flag : 0), 0);
	if (attributes & MOUNT_ATTR_STRICTATIME) return known | MS_STRICTATIME;
	return attributes & MOUNT_ATTR__ATIME ? known : known | MS_RELATIME;
}
