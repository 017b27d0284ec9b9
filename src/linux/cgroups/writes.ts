/** Applies lists of values to control files; the lists come from the pure functions of v1/ and v2/. */
import { AT_FDCWD, O_CLOEXEC, O_WRONLY } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { failure, hasCode, isSysError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import { readValue } from "./control-files.js";
import { hintFor } from "./explain.js";

/** One value for one control file. */
export interface Write {
	readonly file: string;
	/** What is written; a function gets what the file holds now, without the newline. */
	readonly value: string | ((current: string) => string);
	/** What to do on a kernel without the file: nothing, or another write. By default it is an error. */
	readonly otherwise?: Write | "nothing";
}

/** Writes in the order given. @throws cgroup-failed that names file and value. */
export function writeInOrder(directory: string, writes: readonly Write[]): void {
	writeEach(directory, writes, (write, error) => {
		throw writeFailure(directory, write, error);
	});
}

/**
 * Writes values that limit each other (memory and memory+swap, quota and period). Which order the kernel accepts
 * depends on what the files hold now, so a value that it refuses is tried again after all others.
 * @throws cgroup-failed that names file and value.
 */
export function writeUntilSettled(directory: string, writes: readonly Write[]): void {
	const again: Write[] = [];
	writeEach(directory, writes, (write, error) => {
		if (writes.length === 1 || !hasCode(error, "EINVAL", "EBUSY")) throw writeFailure(directory, write, error);
		again.push(write);
	});
	writeInOrder(directory, again);
}

function writeEach(directory: string, writes: readonly Write[], failed: (write: Write, error: unknown) => void): void {
	const files = keepLastOpen(directory);
	const put = (write: Write): void => {
		try {
			files.write(write.file, textFor(directory, write));
		} catch (error) {
			if (write.otherwise === undefined || !hasCode(error, "ENOENT")) failed(write, error);
			else if (write.otherwise !== "nothing") put(write.otherwise);
		}
	};
	try {
		writes.forEach(put);
	} finally {
		files.close();
	}
}

function textFor(directory: string, { file, value }: Write): string {
	return typeof value === "string" ? value : value(readValue(directory, file));
}

/** Consecutive values for one file share its descriptor: a device list is a dozen of them. */
function keepLastOpen(directory: string) {
	let open: { readonly file: string; readonly fd: Fd } | null = null;
	const close = () => {
		if (open) sys.close(open.fd);
		open = null;
	};
	const write = (file: string, value: string) => {
		if (open?.file !== file) {
			close();
			open = { file, fd: sys.openat(AT_FDCWD, `${directory}/${file}`, O_WRONLY | O_CLOEXEC, 0) };
		}
		sys.write(open.fd, value);
	};
	return { write, close };
}

function writeFailure(directory: string, { file, value }: Write, error: unknown): unknown {
	if (!isSysError(error)) return error;
	const path = `${directory}/${file}`;
	const what = typeof value === "string" ? `write "${value}" to ${path}` : `write to ${path}`;
	const hint = hintFor(directory, file, error.code);
	return failure("cgroup-failed", what, error, { stage: "cgroup", object: path, ...(hint !== "" && { hint }) });
}
