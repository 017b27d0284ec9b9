/** Mounts of a file system type. What is special about /proc, /sys, /dev and tmpfs is told where it is done. */
import type { Mount } from "../spec/types.js";
import { MOUNT_ATTR_RDONLY, O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, O_PATH } from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { hasCode, TsrunError } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";
import { refuseFakeProc, refuseInsideProc } from "./bind-mounts.js";
import { copyUp } from "./copy-up.js";
import { asItIs, type MountApi, type Place, type Settle, withPlace } from "./mount-api.js";
import type { MountOptions } from "./mount-options.js";
import { components, openInRoot, openInRootIfPresent, openOrMakeInRoot, openParentInRoot } from "./safe-path.js";

export interface FilesystemSurroundings {
	readonly root: Fd;
	readonly label: string | undefined;
}

/** The mount's descriptor. */
export function makeFilesystemMount(
	api: MountApi,
	mount: Mount,
	options: MountOptions,
	around: FilesystemSurroundings,
): Fd {
	const { root } = around;
	switch (mount.type ?? "") {
		case "":
			throw new TsrunError("config-invalid", "the mount has no type and is no bind mount", {
				hint: 'set "type", or add "bind" to its options',
			});
		case "proc":
			return withOrdinaryDirectory(root, mount, (place) => mountOn(api, mount, options, around, place));
		case "sysfs":
			return withOrdinaryDirectory(root, mount, (place) => mountSysfs(api, mount, options, around, place));
		case "tmpfs":
			return mountTmpfs(api, mount, options, around);
		default:
			return withPlace(root, mount.destination, "directory", (place) => {
				refuseInsideProc(mount, place.fd);
				return mountOn(api, mount, options, around, place, (made) => refuseFakeProc(mount, made));
			});
	}
}

function mountOn(
	api: MountApi,
	mount: Mount,
	options: MountOptions,
	{ label }: FilesystemSurroundings,
	place: Place,
	settle: Settle = asItIs,
): Fd {
	const { type = "", source = "" } = mount;
	const attributes = options.attributes.set & ~(staysWritable(mount) ? MOUNT_ATTR_RDONLY : 0);
	// a device that cannot be written to wants to be told that nobody will; elsewhere the mount is enough
	const readonly = source.startsWith("/") && attributes & MOUNT_ATTR_RDONLY ? ["ro"] : [];
	return api.mountFilesystem(
		{
			type,
			source,
			superblock: [...readonly, ...options.superblock],
			data: [...options.data, ...labelOption(type, label)],
			attributes,
		},
		place,
		settle,
	);
}

/** What is made in them comes after them: nodes in /dev, destinations of further mounts in a tmpfs. */
export function staysWritable({ type, destination }: Mount): boolean {
	const names = components(destination);
	return type === "tmpfs" || (names.length === 1 && names[0] === "dev");
}

/** Their files carry labels of the kernel's own. */
const withoutLabel: readonly string[] = ["proc", "sysfs", "mqueue"];

/** The mount option that gives every file the SELinux context. */
export function labelOption(type: string, label: string | undefined): readonly string[] {
	if (!label || withoutLabel.includes(type)) return [];
	return [label.includes(",") ? `context="${label}"` : `context=${label}`];
}

/** CVE-2023-27561: a link in the place of /proc or /sys would let the image choose where they are. */
function withOrdinaryDirectory<T>(root: Fd, { destination, type = "" }: Mount, use: (place: Place) => T): T {
	const { directory, name } = openParentInRoot(root, destination);
	const place = withFd(directory, () => {
		try {
			sys.mkdirat(directory, name, 0o755);
		} catch (error) {
			if (!hasCode(error, "EEXIST", "EROFS")) throw error;
		}
		try {
			return sys.openat(directory, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC, 0);
		} catch (error) {
			throw hasCode(error, "ENOTDIR", "ELOOP") ? notOrdinary(type, destination) : error;
		}
	});
	return withFd(place, (fd) => use({ fd, reopen: () => openInRoot(root, destination) }));
}

function notOrdinary(type: string, destination: string): TsrunError {
	return new TsrunError("path-unsafe", `filesystem "${type}" must be mounted on ordinary directory`, {
		hint: `let ${destination} be a directory in the root filesystem, not a link`,
	});
}

/** A user namespace may have a sysfs of its own only together with a network namespace: otherwise the host's, read-only. */
function mountSysfs(
	api: MountApi,
	mount: Mount,
	options: MountOptions,
	around: FilesystemSurroundings,
	place: Place,
): Fd {
	try {
		return mountOn(api, mount, options, around, place);
	} catch (error) {
		if (!isRefused(error)) throw error;
	}
	const attributes = { set: options.attributes.set | MOUNT_ATTR_RDONLY, clear: 0 };
	return api.bindTree("/sys", true, place, (made) => api.setAttributes(made, attributes, true));
}

function isRefused(error: unknown): boolean {
	return hasCode(error, "EPERM") || (error instanceof TsrunError && error.details.errno === "EPERM");
}

/** A tmpfs takes over mode and owner of the directory that it covers, and with `tmpcopyup` what is in it. */
function mountTmpfs(api: MountApi, mount: Mount, options: MountOptions, around: FilesystemSurroundings): Fd {
	const { root } = around;
	const { destination } = mount;
	const covered = openInRootIfPresent(root, destination);
	return withFd(covered ?? openOrMakeInRoot(root, destination, "directory"), (fd) => {
		const place = { fd, reopen: () => openInRoot(root, destination) };
		const data = covered === null ? options.data : [...options.data, ...likeCovered(fd, options.data)];
		const fill = (made: Fd) => copyUp(fd, made);
		return mountOn(api, mount, { ...options, data }, around, place, options.tmpcopyup ? fill : asItIs);
	});
}

/** The id that stat(2) shows for what is not mapped into our user namespace: no owner to take over. */
const overflowId = 65534;

function likeCovered(directory: Fd, given: readonly string[]): readonly string[] {
	const { mode, uid, gid } = sys.fstat(directory);
	const owner = (name: string, id: number) => (id === 0 || id === overflowId ? [] : [`${name}=${id}`]);
	// engines also write several options as one: "size=1m,mode=700"
	const names = given.flatMap((item) => item.split(",")).map(nameOf);
	const like = [`mode=${(mode & 0o7777).toString(8)}`, ...owner("uid", uid), ...owner("gid", gid)];
	return like.filter((option) => !names.includes(nameOf(option)));
}

function nameOf(option: string): string {
	return option.split("=")[0] ?? "";
}
