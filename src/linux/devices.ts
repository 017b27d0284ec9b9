/** Device nodes and the links of /dev (config-linux.md#devices, #default-devices; runtime-linux.md#dev-symbolic-links). */
import type { Device, Linux } from "../spec/types.js";
import {
	AT_FDCWD,
	AT_SYMLINK_NOFOLLOW,
	O_CLOEXEC,
	O_NOCTTY,
	O_NOFOLLOW,
	O_PATH,
	O_RDWR,
	S_IFBLK,
	S_IFCHR,
	S_IFIFO,
	S_IFMT,
} from "../sys/constants.js";
import type { Fd, Stat } from "../sys/door.js";
import { attempt, hasCode, isSysError, TsrunError } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";
import { refuseInsideProc } from "./bind-mounts.js";
import { mountApi, withPlace } from "./mount-api.js";
import { openOrMakeInRoot, openParentInRoot } from "./safe-path.js";

const stage = "devices";

const defaultDevices: readonly Device[] = [
	{ type: "c", path: "/dev/null", major: 1, minor: 3 },
	{ type: "c", path: "/dev/zero", major: 1, minor: 5 },
	{ type: "c", path: "/dev/full", major: 1, minor: 7 },
	{ type: "c", path: "/dev/random", major: 1, minor: 8 },
	{ type: "c", path: "/dev/urandom", major: 1, minor: 9 },
	{ type: "c", path: "/dev/tty", major: 5, minor: 0 },
];

const links: readonly (readonly [link: string, target: string])[] = [
	["fd", "/proc/self/fd"],
	["stdin", "/proc/self/fd/0"],
	["stdout", "/proc/self/fd/1"],
	["stderr", "/proc/self/fd/2"],
];

const fileTypes: Readonly<Record<Device["type"], number>> = { c: S_IFCHR, u: S_IFCHR, b: S_IFBLK, p: S_IFIFO };

/** The default devices, each replaced by the configuration's of the same path, then the configuration's others. */
export function containerDevices(linux: Linux | undefined): readonly Device[] {
	const configured = linux?.devices ?? [];
	const paths = new Set(configured.map(({ path }) => path));
	return [...defaultDevices.filter(({ path }) => !paths.has(path)), ...configured];
}

/**
 * Makes every device. In a user namespace mknod(2) is not allowed, so the host's node is bind-mounted there.
 * The umask is cleared by the caller: `fileMode` is meant exactly.
 */
export function makeDevices(root: Fd, devices: readonly Device[], bindFromHost: boolean): void {
	for (const device of devices) {
		const what = `make device ${JSON.stringify(device.path)}`;
		attempt("device-failed", what, () => makeDevice(root, device, bindFromHost), { stage, object: device.path });
	}
}

function makeDevice(root: Fd, device: Device, bindFromHost: boolean): void {
	if ((bindFromHost && device.type !== "p") || !makeNode(root, device)) bindDevice(root, device);
}

/** False where mknod(2) is not allowed. A node that is there keeps its mode and owner: it may be the host's, bound. */
function makeNode(root: Fd, device: Device): boolean {
	const { type, path, major, minor, fileMode = 0o666, uid, gid } = device;
	const { directory, name } = openParentInRoot(root, path);
	return withFd(directory, () => {
		try {
			sys.mknodat(directory, name, fileTypes[type] | (fileMode & 0o7777), Number(major ?? 0), Number(minor ?? 0));
		} catch (error) {
			if (hasCode(error, "EPERM")) return false;
			if (!hasCode(error, "EEXIST")) throw error;
			refuseUnlessSame(sys.fstatat(directory, name, AT_SYMLINK_NOFOLLOW), device);
			return true;
		}
		if (uid || gid) sys.fchownat(directory, name, uid ?? 0, gid ?? 0, AT_SYMLINK_NOFOLLOW);
		return true;
	});
}

/** DV-05: what is there already must be the very device. */
function refuseUnlessSame(file: Stat, device: Device): void {
	if (isDevice(file, device)) return;
	throw new TsrunError("device-failed", `a different file is already at ${JSON.stringify(device.path)}`, {
		stage,
		object: device.path,
		hint: "remove it from the root filesystem or the mounts, or leave the device out of linux.devices",
	});
}

function isDevice(file: Stat, { type, major, minor }: Device): boolean {
	if ((file.mode & S_IFMT) !== fileTypes[type]) return false;
	return type === "p" || (file.major === Number(major) && file.minor === Number(minor));
}

function bindDevice(root: Fd, device: Device): void {
	const what = `bind device ${JSON.stringify(device.path)} from the host`;
	const about = { stage, object: device.path };
	attempt(
		"device-failed",
		what,
		() =>
			withPlace(root, device.path, "file", (place) => {
				refuseInsideProc({ destination: device.path }, place.fd);
				const settle = (made: Fd) => {
					if (isDevice(sys.fstat(made), device)) return;
					throw new TsrunError("device-failed", `${what}: the host has another file there`, about);
				};
				sys.close(mountApi().bindTree(device.path, false, place, settle));
			}),
		about,
	);
}

/** /dev/fd and the standard streams; /dev/ptmx, which must be the container's own devpts. Other links that are there stay. */
export function makeDeviceLinks(root: Fd): void {
	withFd(openOrMakeInRoot(root, "/dev", "directory"), (dev) => {
		for (const [link, target] of links) makeLink(dev, link, target);
		removeIfThere(dev, "ptmx");
		makeLink(dev, "ptmx", "pts/ptmx");
	});
}

function makeLink(directory: Fd, name: string, target: string): void {
	attempt(
		"device-failed",
		`link /dev/${name} to ${target}`,
		() => {
			try {
				sys.symlinkat(target, directory, name);
			} catch (error) {
				if (!hasCode(error, "EEXIST")) throw error;
			}
		},
		{ stage, object: `/dev/${name}` },
	);
}

/** The image's own; one that the configuration has mounted is busy, and stays. */
function removeIfThere(directory: Fd, name: string): void {
	try {
		sys.unlinkat(directory, name, 0);
	} catch (error) {
		if (!hasCode(error, "ENOENT", "EBUSY", "EROFS")) throw error;
	}
}

/** The host's /dev/null, proved to be it: what masks files and stands in for missing standard streams. */
export function openNullDevice(): Fd {
	const fd = attempt("device-failed", 'open "/dev/null"', () =>
		sys.openat(AT_FDCWD, "/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC, 0),
	);
	if (!isNullDevice(fd)) {
		sys.close(fd);
		throw new TsrunError("device-failed", '"/dev/null" is not the null device (character device 1:3)', {
			object: "/dev/null",
		});
	}
	return fd;
}

export function isNullDevice(fd: Fd): boolean {
	const { mode, major, minor } = sys.fstat(fd);
	return (mode & S_IFMT) === S_IFCHR && major === 1 && minor === 3;
}

/**
 * Inside the container: a stream that is the host's /dev/null becomes the container's, since with the host's node at
 * hand (/proc/self/fd/0) the container's root could change its mode and owner for everybody.
 */
export function replaceNullStream(stream: Fd): void {
	let own: Fd;
	try {
		own = sys.openat(AT_FDCWD, "/dev/null", O_RDWR | O_NOCTTY | O_CLOEXEC, 0);
	} catch (error) {
		if (isSysError(error)) return;
		throw error;
	}
	withFd(own, () => {
		if (isNullDevice(own)) sys.dup2(own, stream);
	});
}

/** True when `/dev` is a bind mount: then it is somebody else's and gets no nodes of ours. */
export function devIsBound(
	mounts: readonly { readonly destination: string; readonly options?: readonly string[] }[],
): boolean {
	return mounts.some(
		({ destination, options }) =>
			destination.replace(/\/+$/, "") === "/dev" && (options?.includes("bind") || options?.includes("rbind")),
	);
}
