/** Bind mounts: a directory or file of the host once more inside the container, with attributes of its own. */
import type { Mount } from "../spec/types.js";
import {
	AT_FDCWD,
	MOUNT_ATTR__ATIME,
	MOUNT_ATTR_NODEV,
	MOUNT_ATTR_NODIRATIME,
	MOUNT_ATTR_NOEXEC,
	MOUNT_ATTR_NOSUID,
	MOUNT_ATTR_NOSYMFOLLOW,
	MOUNT_ATTR_RDONLY,
	MS_SHARED,
	MS_SLAVE,
	PROC_SUPER_MAGIC,
	S_IFDIR,
	S_IFMT,
} from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { hasCode, TsrunError } from "../sys/errors.js";
import { sys } from "../sys/index.js";
import { attachTree } from "./detached-mount.js";
import { type MountApi, type Settle, withPlace } from "./mount-api.js";
import type { MountOptions } from "./mount-options.js";
import { components, isDirectory, type PlaceKind } from "./safe-path.js";

export interface BindSurroundings {
	readonly root: Fd;
	readonly bundle: string;
	/** The source as a detached tree, complete, when it was taken before (mapped-mounts.ts). */
	readonly tree: Fd | undefined;
}

/** The mount's descriptor. Unless it is to be shared, nothing that happens in it gets out to the host. */
export function makeBindMount(api: MountApi, mount: Mount, options: MountOptions, around: BindSurroundings): Fd {
	const { root, tree } = around;
	const source = sourcePath(mount, around.bundle);
	const kind = tree === undefined ? kindOfSource(source) : kindOf(isDirectory(tree));
	return withPlace(root, mount.destination, kind, (place) => {
		refuseInsideProc(mount, place.fd);
		const settle: Settle = (made) => {
			refuseFakeProc(mount, made);
			if (tree !== undefined) return;
			changeAttributes(api, made, options);
			if (!isShared(options)) api.setPropagation(made, MS_SLAVE, true);
		};
		try {
			return tree === undefined
				? api.bindTree(source, options.bind === "rbind", place, settle)
				: attachTree(tree, place, settle);
		} catch (error) {
			throw hasCode(error, "EINVAL") && isDirectory(place.fd) !== (kind === "directory")
				? differentKinds(mount, kind)
				: error;
		}
	});
}

/** mount(2)'s answer, by which engines know the mistake; move_mount(2) says less. */
function differentKinds({ source, destination }: Mount, kind: PlaceKind): TsrunError {
	const other = kind === "directory" ? "file" : "directory";
	const what = `${JSON.stringify(source)} is a ${kind}, ${JSON.stringify(destination)} in the root filesystem a ${other}`;
	return new TsrunError("mount-failed", `not a directory: ${what}`, {
		errno: "ENOTDIR",
		hint: "mount a directory onto a directory, or a file onto a file",
	});
}

export function isShared({ propagation }: MountOptions): boolean {
	return propagation.some((flags) => flags & MS_SHARED);
}

/** The absolute path of a bind mount's source. */
export function sourcePath({ source = "" }: Mount, bundle: string): string {
	return source.startsWith("/") ? source : `${bundle}/${source}`;
}

function kindOf(directory: boolean): PlaceKind {
	return directory ? "directory" : "file";
}

function kindOfSource(source: string): PlaceKind {
	try {
		return kindOf((sys.fstatat(AT_FDCWD, source, 0).mode & S_IFMT) === S_IFDIR);
	} catch (error) {
		throw hasCode(error, "ENOENT", "ENOTDIR") ? missingSource(source) : error;
	}
}

/** Says that it is the source that is missing, not the destination. */
export function missingSource(source: string): TsrunError {
	return new TsrunError("mount-failed", `bind source ${JSON.stringify(source)}: no such file or directory`, {
		errno: "ENOENT",
		hint: "make it before the container is created: only destinations are made",
	});
}

/** Single files of /proc that tools such as lxcfs replace, and that no security decision is read from. */
const replaceableInProc: readonly string[] = [
	"cpuinfo",
	"diskstats",
	"meminfo",
	"stat",
	"swaps",
	"uptime",
	"loadavg",
	"slabinfo",
	"net/dev",
	"sys/kernel/ns_last_pid",
	"sys/crypto/fips_enabled",
];

/** CVE-2019-16884: a file of the image in the place of one of procfs would swallow security labels written there. */
export function refuseInsideProc({ destination }: Mount, place: Fd): void {
	const [top, ...names] = components(destination);
	const named = top === "proc" && names.length > 0;
	// whatever its name, a link may lead there
	if (!named && (top === "proc" || sys.fstatfs(place).type !== PROC_SUPER_MAGIC)) return;
	if (named && replaceableInProc.includes(names.join("/"))) return;
	const what = JSON.stringify(destination);
	throw new TsrunError("path-unsafe", `${what} cannot be mounted because it is inside /proc`, {
		hint: "mask or protect files of /proc with linux.maskedPaths and linux.readonlyPaths",
	});
}

/** CVE-2019-19921: the same for /proc as a whole. */
export function refuseFakeProc({ destination }: Mount, made: Fd): void {
	const names = components(destination);
	if (names.length !== 1 || names[0] !== "proc" || sys.fstatfs(made).type === PROC_SUPER_MAGIC) return;
	const what = JSON.stringify(destination);
	throw new TsrunError("path-unsafe", `${what} cannot be mounted because it is not of type proc`, {
		hint: "only a procfs may be mounted at /proc",
	});
}

/** Every attribute that mount(8) resets on a remount when no option says it. */
const resettable =
	MOUNT_ATTR_RDONLY |
	MOUNT_ATTR_NOSUID |
	MOUNT_ATTR_NODEV |
	MOUNT_ATTR_NOEXEC |
	MOUNT_ATTR_NOSYMFOLLOW |
	MOUNT_ATTR_NODIRATIME;

/**
 * As mount(8): options that name flags replace the flags of the source; without any they stay as they are.
 * Flags that a user namespace has locked cannot be taken away; then only what was asked for is changed.
 */
export function changeAttributes(api: MountApi, mount: Fd, options: MountOptions): void {
	const { set, clear } = options.attributes;
	if (set !== 0 || clear !== 0) {
		const everything = { set, clear: (resettable & ~set) | (clear & MOUNT_ATTR__ATIME) };
		try {
			api.setAttributes(mount, everything, false);
		} catch (error) {
			if (!hasCode(error, "EPERM")) throw error;
			api.setAttributes(mount, options.attributes, false);
		}
	}
	api.setAttributes(mount, options.recursiveAttributes, true);
}
