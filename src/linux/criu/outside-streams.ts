/**
 * The standard streams of a container lead outside: to a pipe of its caller's, to a file of the host. What they were is
 * kept beside the images, in the file and the form of runc's; at a restore they become those of the new caller.
 */
import { AT_FDCWD, O_ACCMODE, O_APPEND, O_WRONLY, S_IFMT, S_IFREG, SEEK_CUR, SEEK_SET } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { TsrunError } from "../../sys/errors.js";
import { readFile, withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import type { MountEntry } from "../mountinfo.js";

/** In the directory of the images. */
export const descriptorsFile = "descriptors.json";

/** In its place in that list: the name that CRIU knows a file by, and the size that it insists on, if it does. */
const savedFile = /^(file\[[0-9a-f]+:[0-9a-f]+\])(?: (\d+))?$/;

/** A pipe has the name that it has in /proc. */
const savedPipe = /^pipe:\[\d+\]$/;

/** What the three streams of a process are. Files count that are on no mount of the container's. */
export function readStreams(pid: number, mounts: readonly MountEntry[]): readonly string[] {
	const ids = new Set(mounts.map(({ id }) => id));
	return [0, 1, 2].map((stream) => {
		const info = readFile(`/proc/${pid}/fdinfo/${stream}`);
		const mount = Number(/^mnt_id:\s*(\d+)/m.exec(info)?.[1]);
		const { mode, ino, size } = sys.fstatat(AT_FDCWD, `/proc/${pid}/fd/${stream}`, 0);
		if ((mode & S_IFMT) !== S_IFREG || ids.has(mount)) return sys.readlinkat(AT_FDCWD, `/proc/${pid}/fd/${stream}`);
		const name = `file[${mount.toString(16)}:${ino.toString(16)}]`;
		// what is only appended to may have any size
		return onlyAppends(Number.parseInt(/^flags:\s*(\d+)/m.exec(info)?.[1] ?? "", 8)) ? name : `${name} ${size}`;
	});
}

function onlyAppends(flags: number): boolean {
	return (flags & O_APPEND) !== 0 && (flags & O_ACCMODE) === O_WRONLY;
}

interface SavedStream {
	/** CRIU's name. */
	readonly key: string;
	/** The stream that it was, and is to be. */
	readonly fd: Fd;
	readonly isFile: boolean;
	readonly size: number | undefined;
}

/** Those that others can take the places of; one that is two streams counts once. */
function savedStreams(streams: readonly string[]): readonly SavedStream[] {
	return streams.flatMap((stream, fd): readonly SavedStream[] => {
		if (streams.indexOf(stream) < fd) return [];
		const [, key = "", size] = savedFile.exec(stream) ?? [];
		if (key !== "") return [{ key, fd, isFile: true, size: size === undefined ? undefined : Number(size) }];
		return savedPipe.test(stream) ? [{ key: stream, fd, isFile: false, size: undefined }] : [];
	});
}

/** For a dump, `--external` of those that are files. */
export function outsideFiles(streams: readonly string[]): readonly string[] {
	return savedStreams(streams).flatMap(({ key, isFile }) => (isFile ? [key] : []));
}

/** For a restore: which of them are replaced, and by which of ours. */
export function replacedStreams(streams: readonly string[]): readonly { readonly key: string; readonly fd: Fd }[] {
	return savedStreams(streams).map(({ key, fd }) => ({ key, fd }));
}

/**
 * What takes the place of a file CRIU opens anew and moves to where that was, once it has seen that the size is the same.
 * So our files are made as long for that time.
 *
 * @returns what makes them as they were, and the restored process, by its pidfd, write from where they are at; to be called
 * before anything is written
 * @throws checkpoint-invalid for what is no file, or longer
 */
export function lendFiles(streams: readonly string[]): (restored: Fd | null) => void {
	const files = savedStreams(streams).filter(({ isFile }) => isFile);
	const lent = files.map(({ fd, size: wanted }) => {
		const { mode, size } = sys.fstat(fd);
		if ((mode & S_IFMT) !== S_IFREG) throw unfit(fd, "and here is none");
		if (wanted !== undefined && size > wanted) throw unfit(fd, `of ${wanted} bytes, and the one here is longer`);
		return { fd, size, missing: (wanted ?? 0) - size, position: sys.lseek(fd, 0, SEEK_CUR) };
	});
	for (const { fd, size, missing } of lent) if (missing > 0) sys.ftruncate(fd, size + missing);
	return (restored) => {
		for (const { fd, size, missing, position } of lent) {
			if (missing > 0) sys.ftruncate(fd, size);
			if (restored !== null) withFd(sys.pidfd_getfd(restored, fd), (theirs) => sys.lseek(theirs, position, SEEK_SET));
		}
	};
}

function unfit(fd: Fd, why: string): TsrunError {
	const name = ["stdin", "stdout", "stderr"][fd] ?? "";
	return new TsrunError("checkpoint-invalid", `${name} was a file when the container was saved, ${why}`, {
		stage: "criu",
		object: name,
		hint: `redirect ${name} of restore to a new file, or give the container a pipe, which any other can replace`,
	});
}
