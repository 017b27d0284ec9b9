/**
 * Compiled filters kept by content, because libseccomp takes longer to compile a profile than all the rest of a
 * container's start. An entry is one file: the program's length, the text it was made from, the program. It is
 * believed only when that text is the same to the letter, so neither a collision of names nor a file of another
 * version can put a wrong filter before a container; and it names the boot, so what a crash tore is never read.
 * No failure here is an error: the filter is compiled instead.
 */
import type { Seccomp } from "../../spec/types.js";
import {
	AT_FDCWD,
	O_CLOEXEC,
	O_CREAT,
	O_DIRECTORY,
	O_EXCL,
	O_NOFOLLOW,
	O_RDONLY,
	O_WRONLY,
} from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { hasCode, isSysError } from "../../sys/errors.js";
import { readFile, removeFileAt, withFd, writeAll } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import { compileSeccomp } from "./filter.js";

/** To be raised when the same profile compiles to another program than before. */
const generation = 1;

/** More entries than a machine has profiles; beyond it all are dropped, and those in use come back. */
const mostEntries = 64;

/** The kernel's limit of a filter, BPF_MAXINSNS, in bytes. */
const largestProgram = 4096 * 8;

/** Hexadecimal digits in front of an entry: the program's length in bytes. */
const lengthDigits = 8;

/** The program of a profile, from the cache in `directory` (made, 0700, when missing) or compiled and put there. */
export function cachedSeccomp(directory: string, seccomp: Seccomp): ArrayBuffer {
	const key = orNull(() => cacheKey(seccomp));
	if (key === null) return compileSeccomp(seccomp);
	const name = sys.fnv1a64(key);
	const found = orNull(() => readEntry(`${directory}/${name}`, key));
	if (found !== null) return found;
	const program = compileSeccomp(seccomp);
	orNull(() => storeEntry(directory, name, key, program));
	return program;
}

/** Everything the program depends on, as text. */
export function cacheKey({ defaultAction, defaultErrnoRet, architectures, syscalls }: Seccomp): string {
	const boot = readFile("/proc/sys/kernel/random/boot_id").trim();
	const library = `libseccomp ${sys.seccomp_version()}, architecture ${sys.seccomp_arch_native()}`;
	const profile = exactJson({ defaultAction, defaultErrnoRet, architectures, syscalls });
	return `tsrun seccomp ${generation}, ${library}, boot ${boot}\n${profile}\n`;
}

/** JSON with 64-bit numbers written out. Asking each value what it is costs time, so only where there is need. */
function exactJson(value: unknown): string {
	try {
		return JSON.stringify(value);
	} catch {
		return JSON.stringify(value, (_name, each) => (typeof each === "bigint" ? { uint64: String(each) } : each));
	}
}

function readEntry(path: string, key: string): ArrayBuffer | null {
	return withFd(sys.openat(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0), (fd) => {
		// the text is ASCII in practice; where it is not, characters and bytes differ and the entry is never a match
		const head = sys.read(fd, lengthDigits + key.length);
		if (head.slice(lengthDigits) !== key) return null;
		const program = sys.read_bytes(fd, largestProgram + 1);
		const length = Number.parseInt(head.slice(0, lengthDigits), 16);
		return program.byteLength === length && length > 0 ? program : null;
	});
}

function storeEntry(directory: string, name: string, key: string, program: ArrayBuffer): void {
	makeDirectory(directory);
	withFd(sys.openat(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0), (entries) => {
		makeRoom(entries);
		const temporary = `${name}.${sys.getpid()}`;
		try {
			const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
			withFd(sys.openat(entries, temporary, flags, 0o600), (fd) => {
				sys.write(fd, program.byteLength.toString(16).padStart(lengthDigits, "0") + key);
				writeAll(fd, program);
			});
			sys.renameat2(entries, temporary, entries, name, 0);
		} catch (error) {
			removeFileAt(entries, temporary);
			throw error;
		}
	});
}

function makeDirectory(path: string): void {
	try {
		sys.mkdirat(AT_FDCWD, path, 0o700);
	} catch (error) {
		if (!hasCode(error, "EEXIST")) throw error;
	}
}

function makeRoom(entries: Fd): void {
	const names: string[] = [];
	for (let some = sys.getdents64(entries); some.length > 0; some = sys.getdents64(entries)) {
		names.push(...some.map((entry) => entry.name));
	}
	if (names.length >= mostEntries) for (const name of names) removeFileAt(entries, name);
}

/** What the kernel refuses here is no more than a cache that does not help. */
function orNull<T>(step: () => T): T | null {
	try {
		return step();
	} catch (error) {
		if (isSysError(error)) return null;
		throw error;
	}
}
