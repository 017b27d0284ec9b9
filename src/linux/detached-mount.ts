/**
 * Mounts that hang nowhere yet: a file system or a copy of a mount tree as a descriptor, fully configured before it is
 * put onto a descriptor of its destination. Nobody sees a half-made mount, and no path is resolved twice
 * (fsopen(2), open_tree(2), mount_setattr(2), move_mount(2); Linux 5.2 and 5.12).
 */
import {
	AT_EMPTY_PATH,
	AT_FDCWD,
	AT_RECURSIVE,
	FSCONFIG_CMD_CREATE,
	FSCONFIG_SET_FLAG,
	FSCONFIG_SET_STRING,
	FSMOUNT_CLOEXEC,
	FSOPEN_CLOEXEC,
	MOVE_MOUNT_F_EMPTY_PATH,
	MOVE_MOUNT_T_EMPTY_PATH,
	OPEN_TREE_CLOEXEC,
	OPEN_TREE_CLONE,
} from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { errnoText, isSysError, TsrunError } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";
import { classicMounts } from "./classic-mount.js";
import type { FilesystemRequest, MountApi, Place, Settle } from "./mount-api.js";

export const detachedMounts: MountApi = {
	mountFilesystem: (request, place, settle) =>
		request.data.every(fitsFsconfig) && !request.superblock.some((name) => onlyClassic.includes(name))
			? attachTree(makeFilesystem(request), place, settle)
			: classicMounts.mountFilesystem(request, place, settle),

	bindTree: (source, recursive, place, settle) => attachTree(cloneTree(source, recursive), place, settle),

	setAttributes(mount, { set, clear }, recursive) {
		if (set === 0 && clear === 0) return;
		sys.mount_setattr(mount, "", emptyPath(recursive), set, clear, 0, 0);
	},

	setPropagation(mount, propagation, recursive) {
		sys.mount_setattr(mount, "", emptyPath(recursive), 0, 0, propagation, 0);
	},
};

function emptyPath(recursive: boolean): number {
	return AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
}

/** Settles a detached mount and puts it onto its place. The mount is closed when that fails. */
export function attachTree(mount: Fd, place: Place, settle: Settle): Fd {
	try {
		settle(mount);
		sys.move_mount(mount, "", place.fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
		return mount;
	} catch (error) {
		sys.close(mount);
		throw error;
	}
}

/** A detached copy of the mounts at a path of the host (of config.json, so trusted) or at a descriptor. */
export function cloneTree(source: string | Fd, recursive: boolean): Fd {
	const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0);
	return typeof source === "string"
		? sys.open_tree(AT_FDCWD, source, flags)
		: sys.open_tree(source, "", flags | AT_EMPTY_PATH);
}

/**
 * fsconfig(2) takes values of up to 255 bytes (80 UTF-16 units at most) and does not split them at commas, which
 * mount(2) leaves to the file system: "mode=0620,gid=5", the quoted label, the layers of an overlay.
 */
function fitsFsconfig(option: string): boolean {
	return option.length <= 80 && !option.includes(",");
}

/** A new file system as a detached mount. The kernel's own words about a bad option end up in the error. */
function makeFilesystem({ type, source, superblock, data, attributes }: FilesystemRequest): Fd {
	return withFd(sys.fsopen(type, FSOPEN_CLOEXEC), (fs) => {
		let current = "";
		try {
			// cgroup v1 and others without a device take any source, and some reject an empty one
			if (source !== "") sys.fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0);
			for (const option of [...superblock.filter((name) => !withoutFlag.includes(name)), ...data]) {
				current = option;
				setOption(fs, option);
			}
			current = "";
			sys.fsconfig(fs, FSCONFIG_CMD_CREATE, null, null, 0);
			return sys.fsmount(fs, FSMOUNT_CLOEXEC, attributes);
		} catch (error) {
			throw withKernelLog(fs, current, error);
		}
	});
}

/** Flags of mount(2) that fsconfig(2) has no name for. */
const onlyClassic: readonly string[] = ["iversion", "silent"];
/** Their opposites: how a new file system is anyway. */
const withoutFlag: readonly string[] = ["noiversion", "loud"];

function setOption(fs: Fd, option: string): void {
	const equals = option.indexOf("=");
	if (equals < 0) sys.fsconfig(fs, FSCONFIG_SET_FLAG, option, null, 0);
	else sys.fsconfig(fs, FSCONFIG_SET_STRING, option.slice(0, equals), option.slice(equals + 1), 0);
}

/** fsopen(2): the descriptor yields messages, one per read, each with a leading "e " (error), "w " or "i ". */
function withKernelLog(fs: Fd, option: string, error: unknown): unknown {
	if (!isSysError(error)) return error;
	const messages: string[] = [];
	try {
		for (let line = sys.read(fs, 1024); line !== ""; line = sys.read(fs, 1024)) messages.push(line.slice(2).trim());
	} catch {
		// ENODATA: no more messages
	}
	if (messages.length === 0 && option === "") return error;
	const about = option === "" ? "" : `option ${JSON.stringify(option)}: `;
	const said = messages.length > 0 ? ` (${messages.join("; ")})` : "";
	return new TsrunError("mount-failed", `${about}${errnoText(error)}${said}`, {
		syscall: error.syscall,
		errno: error.code,
		cause: error,
	});
}
