/**
 * A program of ours in a container whose image does not have it: a file that no path leads to, executed by its
 * descriptor. The image stays as it is, read-only or not, and nothing of it shows among the container's mounts.
 *
 * Usually it is a sealed memory file. Where the kernel executes none (vm.memfd_noexec=2, Linux 6.3), where an outer
 * filter refuses the call, and where the file needs a security label, it lies on a tmpfs that is mounted, filled, made
 * read-only and unmounted again: the mount lives on in the descriptor alone.
 */
import {
	AT_FDCWD,
	F_ADD_SEALS,
	F_SEAL_GROW,
	F_SEAL_SEAL,
	F_SEAL_SHRINK,
	F_SEAL_WRITE,
	MFD_ALLOW_SEALING,
	MFD_CLOEXEC,
	MFD_EXEC,
	MNT_DETACH,
	MOUNT_ATTR_NODEV,
	MOUNT_ATTR_NOSUID,
	MOUNT_ATTR_RDONLY,
	O_CLOEXEC,
	O_CREAT,
	O_DIRECTORY,
	O_EXCL,
	O_PATH,
	O_WRONLY,
} from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { attempt, hasCode } from "../sys/errors.js";
import { withFd, writeAll } from "../sys/files.js";
import { sys } from "../sys/index.js";
import { labelOption } from "./filesystem-mounts.js";
import { asItIs, mountApi } from "./mount-api.js";

export interface OwnProgram {
	/** What the kernel calls it. */
	readonly name: string;
	readonly content: ArrayBuffer;
}

export interface RootSurroundings {
	/** The container's root, not yet entered. */
	readonly root: Fd;
	/** The path by which it was opened. */
	readonly rootfs: string;
	/** SELinux context of files in the container (linux.mountLabel), or undefined. */
	readonly label: string | undefined;
}

/** A descriptor to execute; nobody can write to the file any more. */
export function openOwnProgram(program: OwnProgram, around: RootSurroundings): Fd {
	return attempt(
		"init-failed",
		`make the program ${program.name}`,
		() => (around.label ? null : inMemory(program)) ?? onTmpfs(program, around),
		{
			stage: "init",
			object: program.name,
			hint: "it needs executable memory files (sysctl vm.memfd_noexec below 2), or the right to mount a tmpfs",
		},
	);
}

/** null where it could not be executed. */
function inMemory({ name, content }: OwnProgram): Fd | null {
	const fd = memoryFile(name);
	if (fd === null) return null;
	try {
		writeAll(fd, content);
		sys.fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
		return fd;
	} catch (error) {
		sys.close(fd);
		throw error;
	}
}

function memoryFile(name: string): Fd | null {
	const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	try {
		return sys.memfd_create(name, flags | MFD_EXEC);
	} catch (error) {
		// EACCES is vm.memfd_noexec, the other two an outer filter
		if (hasCode(error, "EACCES", "EPERM", "ENOSYS")) return null;
		if (!hasCode(error, "EINVAL")) throw error;
	}
	// before Linux 6.3 there is no such flag, and every memory file is executable
	return sys.memfd_create(name, flags);
}

/** Over the root itself, which is a mount of our own by now and shared with nobody, unlike what may be below it. */
function onTmpfs({ name, content }: OwnProgram, { root, rootfs, label }: RootSurroundings): Fd {
	const api = mountApi();
	const reopen = () => sys.openat(AT_FDCWD, rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	const request = {
		type: "tmpfs",
		source: "tmpfs",
		superblock: [],
		data: ["mode=755", "nr_inodes=2", ...labelOption("tmpfs", label)],
		attributes: MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
	};
	return withFd(api.mountFilesystem(request, { fd: root, reopen }, asItIs), (made) => {
		try {
			withFd(sys.openat(made, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o555), (fd) => writeAll(fd, content));
			api.setAttributes(made, { set: MOUNT_ATTR_RDONLY, clear: 0 }, false);
			return sys.openat(made, name, O_PATH | O_CLOEXEC, 0);
		} finally {
			sys.umount2(`/proc/self/fd/${made}`, MNT_DETACH);
		}
	});
}

/**
 * How to execute it from inside the container. By a path where its procfs is mounted: a system call filter that lets the
 * program be executed then lets this be, too. Else by descriptor, execveat(2).
 */
export function pathOfOwnProgram(fd: Fd): string | null {
	const path = `/proc/self/fd/${fd}`;
	try {
		const [there, ours] = [sys.fstatat(AT_FDCWD, path, 0), sys.fstat(fd)];
		return there.dev === ours.dev && there.ino === ours.ino ? path : null;
	} catch (error) {
		if (hasCode(error, "ENOENT", "ENOTDIR", "EACCES", "ELOOP")) return null;
		throw error;
	}
}
