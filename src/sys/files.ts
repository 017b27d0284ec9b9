/** Whole files through the door: read to the end, written completely or not at all. */
import { AT_FDCWD, O_CLOEXEC, O_CREAT, O_EXCL, O_RDONLY, O_WRONLY } from "./constants.js";
import type { Fd } from "./door.js";
import { sys } from "./index.js";

const chunk = 64 * 1024;

/** Runs `use` with the descriptor and closes it however that ends. */
export function withFd<T>(fd: Fd, use: (fd: Fd) => T): T {
	try {
		return use(fd);
	} finally {
		sys.close(fd);
	}
}

export function readToEnd(fd: Fd, limit = Number.POSITIVE_INFINITY): string {
	let text = sys.read(fd, chunk);
	// a short first read of a regular or kernel file is nearly always all of it; one more read proves it
	for (let more = text; more !== "" && text.length < limit; text += more) more = sys.read(fd, chunk);
	return text;
}

export function readFileAt(dirfd: Fd, path: string): string {
	return withFd(sys.openat(dirfd, path, O_RDONLY | O_CLOEXEC, 0), readToEnd);
}

export function readFile(path: string): string {
	return readFileAt(AT_FDCWD, path);
}

export function writeAll(fd: Fd, data: ArrayBuffer): void {
	for (let rest = data; rest.byteLength > 0; ) rest = rest.slice(sys.write(fd, rest));
}

/** Writes an existing file: kernel files take a value in one write. */
export function writeFileAt(dirfd: Fd, path: string, data: string): void {
	withFd(sys.openat(dirfd, path, O_WRONLY | O_CLOEXEC, 0), (fd) => sys.write(fd, data));
}

/** Replaces a file by rename, so that a reader sees the old text or the new one. */
export function replaceFileAt(dirfd: Fd, path: string, data: string, mode: number): void {
	stageFileAt(dirfd, path, data, mode)();
}

/** The same in two steps: the text is written beside the file at once, and takes its place when the result is called. */
export function stageFileAt(dirfd: Fd, path: string, data: string, mode: number): () => void {
	const temporary = `${path}.${sys.getpid()}.tmp`;
	const orRemove = (step: () => void) => {
		try {
			step();
		} catch (error) {
			removeFileAt(dirfd, temporary);
			throw error;
		}
	};
	orRemove(() =>
		withFd(sys.openat(dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode), (fd) => sys.write(fd, data)),
	);
	return () => orRemove(() => sys.renameat2(dirfd, temporary, dirfd, path, 0));
}

/** unlink(2); a file that is not there is fine. */
export function removeFileAt(dirfd: Fd, path: string): void {
	try {
		sys.unlinkat(dirfd, path, 0);
	} catch (error) {
		if ((error as { code?: string }).code !== "ENOENT") throw error;
	}
}
