/** What /proc tells about processes, read through a descriptor that was proved to be procfs (proc(5)). */
import { AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_PATH, O_RDONLY, PROC_SUPER_MAGIC } from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { attempt, hasCode, TsrunError } from "../sys/errors.js";
import { readFileAt, withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";

/** PF_FORKNOEXEC of linux/sched.h: forked, but has not executed a program yet. */
const PF_FORKNOEXEC = 0x40;

/** PF_EXITING: on its way out, and not yet a zombie. */
const PF_EXITING = 0x4;

/** Of linux/proc_ns.h: no other directory of a procfs has this number. */
const PROC_ROOT_INO = 1;

/** The host's procfs: taken before a container's files come into view, so that nothing can stand in its place. */
export function openProc(): Fd {
	const fd = attempt("file-failed", 'open "/proc"', () =>
		sys.openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC, 0),
	);
	if (sys.fstatfs(fd).type !== PROC_SUPER_MAGIC || sys.fstat(fd).ino !== PROC_ROOT_INO) {
		sys.close(fd);
		throw new TsrunError("file-failed", '"/proc" is not the root of a proc file system', {
			object: "/proc",
			hint: "mount -t proc proc /proc",
		});
	}
	return fd;
}

export interface ProcessStat {
	/** R, S, D, T, Z, X … */
	readonly state: string;
	readonly parent: number;
	/** True between fork and execve: a container's init that waits for start. */
	readonly neverExecuted: boolean;
	/** It has ended, or is about to: an init waits for the end of all others in its pid namespace first. */
	readonly leaving: boolean;
	/** Clock ticks since boot at which the process started: with the pid it names one process for good. */
	readonly startTime: number;
	/** Raw wait status of a zombie, which nobody has waited for yet. */
	readonly exitCode: number;
}

/** Every process of our pid namespace. */
export function allProcesses(): readonly number[] {
	return withFd(sys.openat(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), (fd) => {
		const pids: number[] = [];
		for (let some = sys.getdents64(fd); some.length > 0; some = sys.getdents64(fd)) {
			for (const { name } of some) if (/^\d+$/.test(name)) pids.push(Number(name));
		}
		return pids;
	});
}

/** /proc/PID/stat; null when there is no such process. */
export function processStat(pid: number): ProcessStat | null {
	try {
		return parseStat(readFileAt(AT_FDCWD, `/proc/${pid}/stat`));
	} catch (error) {
		if (hasCode(error, "ENOENT", "ESRCH")) return null;
		throw error;
	}
}

/** The name in parentheses may hold anything, so fields are counted from the last parenthesis: state is field 3. */
function parseStat(text: string): ProcessStat {
	const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
	const field = (number: number) => Number(fields[number - 3]);
	return {
		state: fields[0] ?? "",
		parent: field(4),
		neverExecuted: (field(9) & PF_FORKNOEXEC) !== 0,
		leaving: (field(9) & PF_EXITING) !== 0,
		startTime: field(22),
		exitCode: field(52),
	};
}
