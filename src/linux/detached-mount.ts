/**
 * Mounts that hang nowhere yet: a file system or a copy of a mount tree as a descriptor, fully configured before
 * {@link attach} puts it onto a descriptor of its destination. Nobody sees a half-made mount, and no path is
 * resolved twice (fsopen(2), open_tree(2), mount_setattr(2), move_mount(2); Linux 5.2 and 5.12).
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

export interface FilesystemRequest {
	readonly type: string;
	readonly source: string;
	/** File system options as in mount(8)'s -o: "size=64m", "newinstance", also "sync" and its kind. */
	readonly data: readonly string[];
	/** MOUNT_ATTR_*. */
	readonly attributes: number;
}

/** A new file system as a detached mount. The kernel's own words about a bad option end up in the error. */
export function makeFilesystem(request: FilesystemRequest): Fd {
	return withFd(sys.fsopen(request.type, FSOPEN_CLOEXEC), (fs) => {
		let current = "";
		try {
			// cgroup v1 and others without a device take any source, and some reject an empty one
			if (request.source !== "") sys.fsconfig(fs, FSCONFIG_SET_STRING, "source", request.source, 0);
			for (const item of request.data) {
				current = item;
				const equals = item.indexOf("=");
				if (equals < 0) sys.fsconfig(fs, FSCONFIG_SET_FLAG, item, null, 0);
				else sys.fsconfig(fs, FSCONFIG_SET_STRING, item.slice(0, equals), item.slice(equals + 1), 0);
			}
			current = "";
			sys.fsconfig(fs, FSCONFIG_CMD_CREATE, null, null, 0);
			return sys.fsmount(fs, FSMOUNT_CLOEXEC, request.attributes);
		} catch (error) {
			throw withKernelLog(fs, current, error);
		}
	});
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

/** A detached copy of the mount at `path` on the runtime's side (a path of config.json, so trusted), or of `fd` itself. */
export function cloneTree(from: string | Fd, recursive: boolean): Fd {
	const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0);
	return typeof from === "string"
		? sys.open_tree(AT_FDCWD, from, flags)
		: sys.open_tree(from, "", flags | AT_EMPTY_PATH);
}

export interface Attributes {
	readonly set: number;
	readonly clear: number;
}

export function setAttributes(mount: Fd, { set, clear }: Attributes, recursive: boolean): void {
	if (set === 0 && clear === 0) return;
	sys.mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), set, clear, 0, 0);
}

/** `propagation` is MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE. */
export function setPropagation(mount: Fd, propagation: number, recursive: boolean): void {
	sys.mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), 0, 0, propagation, 0);
}

/** Puts a detached mount onto the file or directory that `destination` names. */
export function attach(mount: Fd, destination: Fd): void {
	sys.move_mount(mount, "", destination, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}
