/** `tmpcopyup`: a new tmpfs starts with a copy of what lies below it. Links are copied as links, devices as devices. */
import {
	AT_SYMLINK_NOFOLLOW,
	O_CLOEXEC,
	O_CREAT,
	O_DIRECTORY,
	O_EXCL,
	O_NOFOLLOW,
	O_NONBLOCK,
	O_RDONLY,
	O_WRONLY,
	S_IFDIR,
	S_IFLNK,
	S_IFMT,
	S_IFREG,
} from "../sys/constants.js";
import type { Fd, Stat } from "../sys/door.js";
import { withFd, writeAll } from "../sys/files.js";
import { sys } from "../sys/index.js";

const chunk = 1 << 20;

/**
 * Copies what is in the directory `from` into the directory `to`; both may be O_PATH. The directory's own owner and mode
 * are options of the tmpfs.
 */
export function copyUp(from: Fd, to: Fd): void {
	const open = (directory: Fd) => sys.openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	withFd(open(from), (source) => withFd(open(to), (copy) => copyContents(source, copy)));
}

function copyContents(from: Fd, to: Fd): void {
	for (let some = sys.getdents64(from); some.length > 0; some = sys.getdents64(from)) {
		for (const { name } of some) copyEntry(from, to, name);
	}
}

function copyEntry(from: Fd, to: Fd, name: string): void {
	const stat = sys.fstatat(from, name, AT_SYMLINK_NOFOLLOW);
	const type = stat.mode & S_IFMT;
	if (type === S_IFDIR) {
		sys.mkdirat(to, name, 0o700);
		const open = (directory: Fd) => sys.openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
		withFd(open(from), (source) =>
			withFd(open(to), (copy) => {
				copyContents(source, copy);
				sys.fchown(copy, stat.uid, stat.gid);
				sys.fchmod(copy, stat.mode & 0o7777);
			}),
		);
		return;
	}
	if (type === S_IFREG) {
		copyFile(from, to, name, stat);
		return;
	}
	if (type === S_IFLNK) sys.symlinkat(sys.readlinkat(from, name), to, name);
	else sys.mknodat(to, name, stat.mode, stat.major, stat.minor);
	sys.fchownat(to, name, stat.uid, stat.gid, AT_SYMLINK_NOFOLLOW);
}

function copyFile(from: Fd, to: Fd, name: string, stat: Stat): void {
	// not to wait for a writer, should the file have become a FIFO meanwhile
	withFd(sys.openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0), (source) =>
		withFd(sys.openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600), (copy) => {
			for (let left = stat.size; left > 0; ) {
				const bytes = sys.read_bytes(source, Math.min(left, chunk));
				if (bytes.byteLength === 0) break;
				writeAll(copy, bytes);
				left -= bytes.byteLength;
			}
			sys.fchown(copy, stat.uid, stat.gid);
			// after the owner, whose change clears the set-user-id bit
			sys.fchmod(copy, stat.mode & 0o7777);
		}),
	);
}
