/**
 * Files of procfs, opened so that nothing else can be in their place (CVE-2019-19921, CVE-2025-52881): below a
 * descriptor of a procfs, through no link and onto no other mount, and looked at again once open.
 */
import {
	AT_EMPTY_PATH,
	O_CLOEXEC,
	O_DIRECTORY,
	O_NOFOLLOW,
	O_PATH,
	PROC_SUPER_MAGIC,
	RESOLVE_BENEATH,
	RESOLVE_NO_MAGICLINKS,
	RESOLVE_NO_SYMLINKS,
	RESOLVE_NO_XDEV,
} from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { hasCode, TsrunError } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";

const resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;

/** Opens `path` ("sys/kernel/domainname") below a procfs directory. Throws the kernel's error as it comes. */
export function openInProc(proc: Fd, path: string, flags: number): Fd {
	const names = path.split("/");
	if (names.some((name) => name === "" || name === "." || name === "..")) {
		throw new TsrunError("path-unsafe", `${JSON.stringify(path)} is no plain path`, { object: path });
	}
	const fd = openBelow(proc, names, flags);
	if (sys.fstatfs(fd).type === PROC_SUPER_MAGIC) return fd;
	sys.close(fd);
	throw new TsrunError("path-unsafe", `${JSON.stringify(path)} is not a file of procfs`, { object: path });
}

/** Our own directory in that procfs: "self" is a link, and its pid namespace need not be ours. */
export function selfInProc(proc: Fd): string {
	return sys.readlinkat(proc, "self");
}

function openBelow(proc: Fd, names: readonly string[], flags: number): Fd {
	for (;;) {
		try {
			return sys.openat2(proc, names.join("/"), flags | O_CLOEXEC, 0, resolve);
		} catch (error) {
			if (hasCode(error, "EAGAIN")) continue;
			// older than Linux 5.6, or blocked by an outer seccomp filter
			if (hasCode(error, "ENOSYS", "EPERM")) return walk(proc, names, flags);
			throw error;
		}
	}
}

/** The same by hand: one component at a time, each on the mount we came from. */
function walk(directory: Fd, [name = "", ...rest]: readonly string[], flags: number): Fd {
	const last = rest.length === 0;
	const fd = sys.openat(directory, name, (last ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC, 0);
	if (sys.statx_mount_id(fd, "", AT_EMPTY_PATH) !== sys.statx_mount_id(directory, "", AT_EMPTY_PATH)) {
		sys.close(fd);
		throw new TsrunError("path-unsafe", `something is mounted over ${JSON.stringify(name)} in procfs`, {
			object: name,
		});
	}
	return last ? fd : withFd(fd, () => walk(fd, rest, flags));
}
