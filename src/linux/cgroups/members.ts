/** The processes of a cgroup and everything below it: who they are, and signals to all of them. */
import { AT_FDCWD, DT_DIR, O_CLOEXEC, O_DIRECTORY, O_RDONLY } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { failure, hasCode } from "../../sys/errors.js";
import { readFile, withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import { readControl } from "./control-files.js";

/** Ascending, each once; none when the cgroup is gone. */
export function processesBelow(directory: string): number[] {
	const pids = new Set<number>();
	collect(directory, pids);
	return [...pids].sort((a, b) => a - b);
}

function collect(directory: string, pids: Set<number>): void {
	for (const pid of membersOf(directory)) pids.add(pid);
	for (const child of childrenOf(directory)) collect(child, pids);
}

function membersOf(directory: string): readonly number[] {
	try {
		return numbersIn(directory, "cgroup.procs");
	} catch (error) {
		if (hasCode(error, "ENOENT", "ENODEV")) return [];
		if (!hasCode(error, "EOPNOTSUPP")) throw error;
	}
	// a threaded v2 cgroup lists threads alone: there may be some of a process, and others elsewhere
	return numbersIn(directory, "cgroup.threads").flatMap(processOf);
}

/** 0 stands for one that our pid namespace does not know. */
function numbersIn(directory: string, file: string): readonly number[] {
	return readControl(directory, file).split("\n").map(Number).filter(Boolean);
}

function processOf(thread: number): readonly number[] {
	try {
		return [Number(/^Tgid:\s+(\d+)$/m.exec(readFile(`/proc/${thread}/status`))?.[1])];
	} catch (error) {
		if (hasCode(error, "ENOENT", "ESRCH")) return [];
		throw error;
	}
}

/** The cgroups right below; none when the cgroup is gone. */
export function childrenOf(directory: string): readonly string[] {
	try {
		// the kernel counts them in st_nlink, so the many files of a leaf need not be listed
		if (sys.fstatat(AT_FDCWD, directory, 0).nlink <= 2) return [];
		return withFd(sys.openat(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), subdirectories).map(
			(name) => `${directory}/${name}`,
		);
	} catch (error) {
		if (hasCode(error, "ENOENT")) return [];
		throw error;
	}
}

function subdirectories(fd: Fd): readonly string[] {
	const names: string[] = [];
	for (let entries = sys.getdents64(fd); entries.length > 0; entries = sys.getdents64(fd)) {
		for (const { name, type } of entries) if (type === DT_DIR) names.push(name);
	}
	return names;
}

/** Descriptors held at a time, well below the usual limit of 1024. */
const batch = 256;

/**
 * Sends a signal to each of `pids`. A pid may be another process by now, so each is taken hold of by a pidfd first
 * and signalled only if the cgroup still lists it then. @throws signal-failed after all others have been served.
 */
export function signalMembers(directory: string, pids: readonly number[], signal: number): void {
	let failed: { readonly error: unknown } | null = null;
	for (let start = 0; start < pids.length; start += batch) {
		const held = hold(pids.slice(start, start + batch));
		try {
			const present = new Set(processesBelow(directory));
			for (const [pid, fd] of held) if (present.has(pid)) failed = send(pid, fd, signal) ?? failed;
		} finally {
			for (const fd of held.values()) sys.close(fd);
		}
	}
	if (failed) throw failed.error;
}

function hold(pids: readonly number[]): ReadonlyMap<number, Fd> {
	const held = new Map<number, Fd>();
	for (const pid of pids) {
		try {
			held.set(pid, sys.pidfd_open(pid, 0));
		} catch (error) {
			if (!hasCode(error, "ESRCH")) throw error;
		}
	}
	return held;
}

function send(pid: number, fd: Fd, signal: number): { readonly error: unknown } | null {
	try {
		sys.pidfd_send_signal(fd, signal);
	} catch (error) {
		if (!hasCode(error, "ESRCH"))
			return { error: failure("signal-failed", `send signal ${signal} to process ${pid}`, error) };
	}
	return null;
}
