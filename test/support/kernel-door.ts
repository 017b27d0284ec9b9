/**
 * The real kernel behind the door, on Node: test/probe/door.c makes the calls that safe paths need, one request at a
 * time. Under `probe refuse` it is a kernel without openat2, or an outer container's filter. It must be imported, and a
 * kernel chosen, before anything of src/ is.
 */
import { execFileSync, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { getSystemErrorName } from "node:util";
import type { Door } from "../../src/sys/door.js";
import { probe } from "./paths.js";

type Ask = (call: string, dirfd: number, path?: string, flags?: number, mode?: number, resolve?: number) => string;

export interface Kernel {
	readonly ask: Ask;
	readonly close: () => void;
}

/** A process that makes calls. `refusing`: `["ENOSYS", "openat2"]`. */
export function startKernel(folder: string, refusing: readonly string[] = []): Kernel {
	const pipes = mkdtempSync(join(folder, "door-"));
	const [requests, answers] = [join(pipes, "requests"), join(pipes, "answers")];
	execFileSync("mkfifo", [requests, answers]);
	const words = [...(refusing.length > 0 ? [probe, "refuse", ...refusing] : []), probe, "door"];
	spawn("sh", ["-c", 'exec "$@" <"$0/requests" >"$0/answers"', pipes, ...words], {
		env: { PATH: process.env.PATH, TSRUN_E2E: folder },
		stdio: ["ignore", "ignore", "inherit"],
	});
	// in the order in which the shell opens them
	const to = openSync(requests, "w");
	const from = openSync(answers, "r");
	const read = reader(from);
	return {
		ask: (call, dirfd, path = "", flags = 0, mode = 0, resolve = 0) => {
			const bytes = Buffer.from(path);
			writeSync(
				to,
				Buffer.concat([Buffer.from(`${call} ${dirfd} ${flags} ${mode} ${resolve} ${bytes.length}\n`), bytes]),
			);
			const [errno = 0, length = 0] = read.line().split(" ").map(Number);
			const result = read.bytes(length);
			if (errno === 0) return result;
			const code = getSystemErrorName(-errno);
			throw Object.assign(new Error(code), { errno, code, syscall: call, args: [dirfd, path] });
		},
		close: () => {
			closeSync(to);
			closeSync(from);
		},
	};
}

function reader(fd: number) {
	let buffer = Buffer.alloc(0);
	const more = () => {
		const chunk = Buffer.alloc(16_384);
		const count = readSync(fd, chunk);
		if (count === 0) throw new Error("the process that makes the calls has ended");
		buffer = Buffer.concat([buffer, chunk.subarray(0, count)]);
	};
	const take = (count: number) => {
		const text = buffer.subarray(0, count).toString();
		buffer = buffer.subarray(count);
		return text;
	};
	return {
		line: () => {
			while (!buffer.includes("\n")) more();
			return take(buffer.indexOf("\n") + 1).trimEnd();
		},
		bytes: (count: number) => {
			while (buffer.length < count) more();
			return take(count);
		},
	};
}

let current: Ask = () => {
	throw new Error("no kernel was chosen");
};

/** From now on the code under test talks to this one. */
export function useKernel({ ask }: Kernel): void {
	current = ask;
}

const numbers = (text: string) => text.split(" ").map(Number);

const calls: Partial<Door> = {
	openat: (dirfd, path, flags, mode) => Number(current("openat", dirfd, path, flags, mode)),
	openat2: (dirfd, path, flags, mode, resolve) => Number(current("openat2", dirfd, path, flags, mode, resolve)),
	close: (fd) => void current("close", fd),
	readlinkat: (dirfd, path) => current("readlinkat", dirfd, path),
	mkdirat: (dirfd, path, mode) => void current("mkdirat", dirfd, path, 0, mode),
	statx_mount_id: (fd) => Number(current("mount_id", fd)),
	fstat: (fd) => {
		const [dev = 0, ino = 0, mode = 0] = numbers(current("fstat", fd));
		return { dev, ino, mode, nlink: 1, uid: 0, gid: 0, size: 0, major: 0, minor: 0 };
	},
	fstatfs: (fd) => {
		const [type = 0, flags = 0] = numbers(current("fstatfs", fd));
		return { type, flags };
	},
};

globalThis.tsrunDoor = calls as Door;
