/**
 * `mounts` of config.json, one after the other, onto descriptors inside the container's root: file systems, bind mounts,
 * remounts (config.md#mounts). What is special about /proc, /sys, cgroups and tmpfs is told where it is done.
 */
import type { Mount } from "../spec/types.js";
import {
	AT_EMPTY_PATH,
	MOUNT_ATTR__ATIME,
	MOUNT_ATTR_NODEV,
	MOUNT_ATTR_NODIRATIME,
	MOUNT_ATTR_NOEXEC,
	MOUNT_ATTR_NOSUID,
	MOUNT_ATTR_NOSYMFOLLOW,
	MOUNT_ATTR_RDONLY,
	MS_PRIVATE,
	MS_REC,
	O_CLOEXEC,
	O_DIRECTORY,
	O_NOFOLLOW,
	O_PATH,
	PROC_SUPER_MAGIC,
	S_IFDIR,
	S_IFMT,
} from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { attempt, failure, hasCode, TsrunError } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";
import { copyUp } from "./copy-up.js";
import { attach, cloneTree, makeFilesystem, setAttributes, setPropagation } from "./detached-mount.js";
import { type MountOptions, parseMountOptions } from "./mount-options.js";
import { openInRoot, openOrMakeInRoot } from "./safe-path.js";

const stage = "mounts";

export interface MountSurroundings {
	/** The container's root. */
	readonly root: Fd;
	/** Bind sources without a leading "/" are relative to it. */
	readonly bundle: string;
	/** Trees that had to be taken before the container's user namespace was entered ({@link takeTree}). */
	readonly taken: ReadonlyMap<Mount, Fd>;
	/** Mounts of type "cgroup" depend on the host's hierarchies. */
	readonly mountCgroups: (mount: Mount, options: MountOptions) => void;
	/** SELinux context of the mounts (linux.mountLabel), or undefined. */
	readonly label: string | undefined;
}

/** Makes every mount in order. `/dev` stays writable until its nodes are made: {@link finishMounts}. */
export function makeMounts(mounts: readonly Mount[], surroundings: MountSurroundings): void {
	mounts.forEach((mount, index) => {
		try {
			makeMount(mount, parseMountOptions(mount.options ?? []), surroundings);
		} catch (error) {
			throw mountError(mount, index, error);
		}
	});
}

function mountError(mount: Mount, index: number, error: unknown): unknown {
	const what = `mount ${JSON.stringify(mount.source ?? mount.type ?? "")} to rootfs at ${JSON.stringify(mount.destination)}`;
	const about = { stage, object: mount.destination, jsonPath: `$.mounts[${index}]` };
	if (error instanceof TsrunError) {
		return new TsrunError(error.id, `error mounting: ${what}: ${error.message}`, { ...error.details, ...about });
	}
	return failure("mount-failed", `error mounting: ${what}`, error, about);
}

function makeMount(mount: Mount, options: MountOptions, surroundings: MountSurroundings): void {
	const { root } = surroundings;
	if (options.remount) {
		withFd(openInRoot(root, mount.destination), (place) => {
			changeAttributes(place, options);
			propagate(place, options);
		});
		return;
	}
	if (options.bind !== "none") makeBindMount(mount, options, surroundings);
	else if (mount.type === "cgroup" || mount.type === "cgroup2") surroundings.mountCgroups(mount, options);
	else if (mount.type === "proc" || mount.type === "sysfs") makeKernelMount(mount, options, surroundings);
	else if (mount.type === "tmpfs") makeTmpfs(mount, options, surroundings);
	else {
		withFd(openOrMakeInRoot(root, mount.destination, "directory"), (place) =>
			attachFilesystem(mount, options, surroundings, options.data, place),
		);
	}
}

function isDev({ destination }: Mount): boolean {
	return destination.replace(/\/+$/, "") === "/dev";
}

/** A new file system, configured, attached to its place, with its propagation. */
function attachFilesystem(
	mount: Mount,
	options: MountOptions,
	{ label }: Pick<MountSurroundings, "label">,
	data: readonly string[],
	place: Fd,
): void {
	const type = mount.type ?? "";
	if (type === "") {
		throw new TsrunError("config-invalid", "the mount has no type and is no bind mount", {
			hint: 'set "type", or add "bind" to its options',
		});
	}
	const labelled = label && !withoutLabel.has(type) ? [...data, `context=${label}`] : data;
	// what is in /dev is still to be made, and a tmpfs may have to be filled
	const late = isDev(mount) || options.tmpcopyup;
	const attributes = late ? options.attributes.set & ~MOUNT_ATTR_RDONLY : options.attributes.set;
	const request = { type, source: mount.source ?? "", data: [...options.superblock, ...labelled], attributes };
	withFd(makeFilesystem(request), (filesystem) => {
		if (options.tmpcopyup) {
			copyUp(place, filesystem);
			if (!isDev(mount))
				setAttributes(filesystem, { set: options.attributes.set & MOUNT_ATTR_RDONLY, clear: 0 }, false);
		}
		attach(filesystem, place);
		propagate(filesystem, options);
	});
}

/** Their files carry labels of the kernel's own. */
const withoutLabel = new Set(["proc", "sysfs", "mqueue", "cgroup", "cgroup2"]);

/** proc and sysfs: a link in their place could send the host's runtime or the container's programs anywhere (CVE-2023-27561). */
function makeKernelMount(mount: Mount, options: MountOptions, surroundings: MountSurroundings): void {
	const place = openOrdinaryDirectory(surroundings.root, mount);
	withFd(place, () => {
		try {
			attachFilesystem(mount, options, surroundings, options.data, place);
		} catch (error) {
			const refused = error instanceof TsrunError ? error.details.errno === "EPERM" : hasCode(error, "EPERM");
			if (mount.type !== "sysfs" || !refused) throw error;
			// a user namespace may mount sysfs only with a network namespace of its own: the host's, read-only, instead
			withFd(cloneTree("/sys", true), (tree) => {
				setAttributes(tree, { set: options.attributes.set | MOUNT_ATTR_RDONLY, clear: 0 }, true);
				attach(tree, place);
			});
		}
	});
}

function openOrdinaryDirectory(root: Fd, mount: Mount): Fd {
	const names = mount.destination.split("/").filter((name) => name !== "");
	const expected = mount.type === "proc" ? "proc" : "sys";
	const flags = O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC;
	const complain = () =>
		new TsrunError(
			"path-unsafe",
			`filesystem ${JSON.stringify(mount.destination)} must be mounted on ordinary directory`,
			{
				hint: `mount ${mount.type} at /${expected}, and let that be a directory in the root filesystem, not a link`,
			},
		);
	if (mount.type === "proc" && (names.length !== 1 || names[0] !== expected)) throw complain();
	// elsewhere than directly below the root the last step must still be no link
	if (names.length !== 1) return openOrMakeInRoot(root, mount.destination, "directory");
	const name = names[0] ?? expected;
	try {
		sys.mkdirat(root, name, 0o755);
	} catch (error) {
		if (!hasCode(error, "EEXIST", "EROFS")) throw error;
	}
	try {
		return sys.openat(root, name, flags, 0);
	} catch (error) {
		throw hasCode(error, "ENOTDIR", "ELOOP") ? complain() : error;
	}
}

/** A tmpfs takes over the mode of the directory that it covers, unless told otherwise. */
function makeTmpfs(mount: Mount, options: MountOptions, surroundings: MountSurroundings): void {
	withFd(openOrMakeInRoot(surroundings.root, mount.destination, "directory"), (place) => {
		const { mode } = sys.fstatat(place, "", AT_EMPTY_PATH);
		const own = options.data.some((item) => item.startsWith("mode=")) ? [] : [`mode=${(mode & 0o7777).toString(8)}`];
		attachFilesystem(mount, options, surroundings, [...options.data, ...own], place);
	});
}

function makeBindMount(mount: Mount, options: MountOptions, { root, bundle, taken }: MountSurroundings): void {
	if (options.data.length > 0) {
		throw new TsrunError(
			"config-invalid",
			`a bind mount takes no file system options, but has ${JSON.stringify(options.data.join(","))}`,
			{
				hint: "remove them, or the option bind",
			},
		);
	}
	withFd(taken.get(mount) ?? cloneTree(sourcePath(mount, bundle), options.bind === "rbind"), (tree) => {
		refuseToCoverProc(mount, tree);
		const kind = (sys.fstatat(tree, "", AT_EMPTY_PATH).mode & S_IFMT) === S_IFDIR ? "directory" : "file";
		changeAttributes(tree, options);
		// a peer of the host's mount would carry what happens in the container out to the host
		setPropagation(tree, MS_PRIVATE, true);
		withFd(openOrMakeInRoot(root, mount.destination, kind), (place) => attach(tree, place));
		propagate(tree, options);
	});
}

/** The absolute path of a bind mount's source. */
export function sourcePath({ source = "" }: Mount, bundle: string): string {
	return source.startsWith("/") ? source : `${bundle}/${source}`;
}

/** Single files of /proc that tools such as lxcfs replace, and that no security decision is read from. */
const replaceableInProc = new Set(
	[
		"cpuinfo",
		"diskstats",
		"meminfo",
		"stat",
		"swaps",
		"uptime",
		"loadavg",
		"slabinfo",
		"sys/kernel/ns_last_pid",
	].concat(["net/dev", "sys/crypto/fips_enabled"]),
);

/** CVE-2019-16884: a file system of the image in place of /proc would swallow security labels written there. */
function refuseToCoverProc(mount: Mount, tree: Fd): void {
	const names = mount.destination.split("/").filter((name) => name !== "" && name !== ".");
	if (names.shift() !== "proc") return;
	if (names.length === 0 ? sys.fstatfs(tree).type === PROC_SUPER_MAGIC : replaceableInProc.has(names.join("/"))) return;
	throw new TsrunError(
		"path-unsafe",
		`${JSON.stringify(mount.destination)} cannot be mounted because it is inside /proc`,
		{
			hint: "only a procfs may be bind-mounted at /proc",
		},
	);
}

/** Every attribute that mount(8) resets on a remount when the option does not say it. */
const resettable =
	MOUNT_ATTR_RDONLY |
	MOUNT_ATTR_NOSUID |
	MOUNT_ATTR_NODEV |
	MOUNT_ATTR_NOEXEC |
	MOUNT_ATTR_NOSYMFOLLOW |
	MOUNT_ATTR_NODIRATIME;

/**
 * As mount(8): options that name flags replace the flags of the source; without any they stay as they are.
 * Flags that a user namespace has locked cannot be taken away; then only what was asked for is set.
 */
function changeAttributes(mount: Fd, options: MountOptions): void {
	const { set, clear } = options.attributes;
	if (set !== 0 || clear !== 0) {
		try {
			setAttributes(mount, { set, clear: (resettable & ~set) | (clear & MOUNT_ATTR__ATIME) }, false);
		} catch (error) {
			if (!hasCode(error, "EPERM")) throw error;
			setAttributes(mount, { set, clear }, false);
		}
	}
	setAttributes(mount, options.recursiveAttributes, true);
}

function propagate(mount: Fd, options: MountOptions): void {
	for (const flags of options.propagation) setPropagation(mount, flags & ~MS_REC, (flags & MS_REC) !== 0);
}

/** What had to wait until everything in the mounts was made: a read-only /dev. */
export function finishMounts(mounts: readonly Mount[], root: Fd): void {
	for (const mount of mounts.filter(isDev)) {
		const options = parseMountOptions(mount.options ?? []);
		if (options.bind !== "none" || !(options.attributes.set & MOUNT_ATTR_RDONLY)) continue;
		attempt(
			"mount-failed",
			'make "/dev" read-only',
			() => withFd(openInRoot(root, "/dev"), (dev) => setAttributes(dev, { set: MOUNT_ATTR_RDONLY, clear: 0 }, false)),
			{ stage, object: "/dev" },
		);
	}
}
