/**
 * Finding the program that `process.args` names, as execvp(3) would inside the container, and saying why it cannot
 * run: engines match runc's words, people need the cause (a missing interpreter, CRLF, the wrong architecture).
 */
import {
	AT_EACCESS,
	AT_FDCWD,
	O_CLOEXEC,
	O_NONBLOCK,
	O_RDONLY,
	S_IFDIR,
	S_IFMT,
	S_IFREG,
	ST_NOEXEC,
	X_OK,
} from "../sys/constants.js";
import { errnoText, hasCode, isSysError, TsrunError } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";

/** The path to execute; must run inside the container, with the program's identity. */
export function findProgram(name: string, env: readonly string[]): string {
	if (name.includes("/")) {
		checkExecutable(name, name);
		return name;
	}
	const path = env.find((entry) => entry.startsWith("PATH="))?.slice("PATH=".length);
	let denied: string | undefined;
	for (const directory of path === undefined ? [] : path.split(":")) {
		const candidate = `${directory === "" ? "." : directory}/${name}`;
		const answer = isExecutable(candidate);
		if (answer === "yes") return candidate;
		if (answer === "denied") denied ??= candidate;
	}
	throw notFoundInPath(name, path, denied);
}

/** runc's words also when there is a file: engines make the status 127 of them. */
function notFoundInPath(name: string, path: string | undefined, denied: string | undefined): TsrunError {
	const message = `exec: ${JSON.stringify(name)}: executable file not found in $PATH`;
	const details = { stage: "program", object: name };
	if (denied !== undefined) {
		return new TsrunError("program-not-executable", `${message}: ${denied} is there, but may not be executed`, {
			...details,
			hint: "the user of the process may not execute it: chmod +x",
		});
	}
	return new TsrunError("program-missing", message, {
		...details,
		hint: path === undefined ? "process.env sets no PATH: set it or give args[0] with its path" : `PATH is ${path}`,
	});
}

function isExecutable(path: string): "yes" | "no" | "denied" {
	try {
		if ((sys.fstatat(AT_FDCWD, path, 0).mode & S_IFMT) === S_IFDIR) return "no";
		sys.faccessat2(AT_FDCWD, path, X_OK, AT_EACCESS);
		return "yes";
	} catch (error) {
		return hasCode(error, "EACCES", "EPERM") ? "denied" : "no";
	}
}

function checkExecutable(path: string, name: string): void {
	const quoted = JSON.stringify(name);
	let mode: number;
	try {
		mode = sys.fstatat(AT_FDCWD, path, 0).mode & S_IFMT;
	} catch (error) {
		if (!isSysError(error)) throw error;
		const missing = hasCode(error, "ENOENT", "ENOTDIR");
		throw new TsrunError(
			missing ? "program-missing" : "program-not-executable",
			`exec: ${quoted}: stat ${name}: ${errnoText(error)}`,
			{
				stage: "program",
				object: name,
				syscall: error.syscall,
				errno: error.code,
				hint: "it is looked for in the container: in the root filesystem and what is mounted there",
				cause: error,
			},
		);
	}
	if (mode === S_IFDIR) {
		// both texts are looked for by engines, and execve(2) does say EACCES
		throw new TsrunError("program-not-executable", `exec: ${quoted}: is a directory: permission denied`, {
			stage: "program",
			object: name,
			errno: "EACCES",
			hint: "the first of process.args names a program",
		});
	}
	try {
		sys.faccessat2(AT_FDCWD, path, X_OK, AT_EACCESS);
	} catch (error) {
		if (!isSysError(error)) throw error;
		throw new TsrunError("program-not-executable", `exec: ${quoted}: ${errnoText(error)}`, {
			stage: "program",
			object: name,
			syscall: error.syscall,
			errno: error.code,
			hint: noexec(path) ?? "the user of the process may not execute it: chmod +x",
			cause: error,
		});
	}
}

function noexec(path: string): string | undefined {
	try {
		return withFd(sys.openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0), (fd) =>
			sys.fstatfs(fd).flags & ST_NOEXEC ? "it lies on a mount with the option noexec" : undefined,
		);
	} catch {
		return undefined;
	}
}

/**
 * Looks into the file as execve(2) will. What is sure to fail, a missing interpreter or ELF loader, is thrown with
 * runc's words; what may fail (binfmt_misc could run it all the same) is returned, to be told if execve then does fail.
 */
export function examineProgram(path: string, name: string): string {
	const head = firstBytes(path);
	if (head === null) return "";
	if (head.length === 0) return "the file is empty";
	const missing = isScript(head) ? explainScript(head) : isElf(head) ? explainLoader(head) : null;
	if (missing !== null) {
		throw new TsrunError("program-missing", `exec: ${JSON.stringify(name)}: no such file or directory: ${missing}`, {
			stage: "program",
			object: name,
			syscall: "execve",
			errno: "ENOENT",
			hint: "the kernel starts the interpreter or loader in its place: put it into the root filesystem, or name another",
		});
	}
	if (isScript(head)) return "";
	return isElf(head) ? foreignMachine(head) : "it is neither an ELF program nor a script that begins with #!";
}

/** null when the user may execute but not read it: then nothing can be said. */
function firstBytes(path: string): Uint8Array | null {
	try {
		return withFd(sys.openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0), (fd) =>
			(sys.fstat(fd).mode & S_IFMT) === S_IFREG ? new Uint8Array(sys.read_bytes(fd, 4096)) : null,
		);
	} catch {
		return null;
	}
}

function isScript(head: Uint8Array): boolean {
	return head[0] === 0x23 && head[1] === 0x21;
}

function isElf(head: Uint8Array): boolean {
	return head.length >= 64 && head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46;
}

function text(bytes: Uint8Array): string {
	return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/** execve(2): what follows #! up to a blank is the interpreter, and an editor's CRLF makes the \r a part of its name. */
function explainScript(bytes: Uint8Array): string | null {
	const end = bytes.indexOf(0x0a);
	const line = text(bytes.subarray(2, end < 0 ? 256 : end));
	const interpreter = line.split(/[ \t]+/).find((word) => word !== "") ?? "";
	if (interpreter === "") return "its first line #! names no interpreter";
	if (exists(interpreter)) return null;
	const quoted = JSON.stringify(interpreter);
	return interpreter.endsWith("\r")
		? `its first line ends in CRLF, so the interpreter ${quoted} is looked for: save it with LF line ends`
		: `its interpreter ${quoted} (line 1) is not in the root filesystem`;
}

/** elf(5): e_machine at 18. */
function foreignMachine(head: Uint8Array): string {
	const machine = new DataView(head.buffer).getUint16(18, head[5] === 1);
	const ours = sys.uname().machine;
	const runnable = machineNumbers[ours];
	if (runnable === undefined || runnable.includes(machine)) return "";
	return `it is a program for ${machineNames[machine] ?? `machine ${machine}`}, this kernel runs ${ours}`;
}

/** elf(5): the path in the PT_INTERP segment. A header that makes no sense is left to execve(2). */
function explainLoader(head: Uint8Array): string | null {
	const view = new DataView(head.buffer);
	const little = head[5] === 1;
	const wide = head[4] === 2;
	const table = wide ? Number(view.getBigUint64(32, little)) : view.getUint32(28, little);
	const size = view.getUint16(wide ? 54 : 42, little);
	if (size < (wide ? 56 : 32)) return null;
	const count = view.getUint16(wide ? 56 : 44, little);
	for (let entry = table, left = count; left > 0 && entry + size <= head.length; entry += size, left--) {
		if (view.getUint32(entry, little) !== 3 /* PT_INTERP */) continue;
		const offset = wide ? Number(view.getBigUint64(entry + 8, little)) : view.getUint32(entry + 4, little);
		const end = head.indexOf(0, offset);
		const loader = text(head.subarray(offset, end < 0 ? offset : end));
		if (loader !== "" && !exists(loader)) {
			return `its ELF loader ${JSON.stringify(loader)} is not in the root filesystem: the program was linked for another system (glibc or musl?)`;
		}
	}
	return null;
}

const machineNumbers: Readonly<Record<string, readonly number[]>> = {
	x86_64: [62, 3],
	i686: [3],
	aarch64: [183, 40],
	armv7l: [40],
	riscv64: [243],
	s390x: [22],
	ppc64le: [21],
	loongarch64: [258],
};

const machineNames: Readonly<Record<number, string>> = {
	3: "i386",
	21: "ppc64",
	22: "s390x",
	40: "arm",
	62: "x86_64",
	183: "aarch64",
	243: "riscv",
	258: "loongarch",
};

function exists(path: string): boolean {
	try {
		sys.fstatat(AT_FDCWD, path, 0);
		return true;
	} catch {
		return false;
	}
}
