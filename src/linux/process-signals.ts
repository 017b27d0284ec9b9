/** What proc_pid_status(5) and proc_pid_stat(5) tell about one process: who it is, and what it does with signals. */
import {
	AT_FDCWD,
	O_CLOEXEC,
	O_DIRECTORY,
	O_RDONLY,
	SEEK_SET,
	SIGKILL,
	SIGSTOP,
	SYS_rt_sigtimedwait,
} from "../sys/constants.js";
import { hasCode } from "../sys/errors.js";
import { readFileAt, withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";

/** Sets of signals; signal N is bit N-1. */
export interface SignalSets {
	/** Sent, and not yet taken: blocked, or the process has had no time. */
	readonly pending: bigint;
	/** By every one of its threads: what one of them takes is not blocked for the process. */
	readonly blocked: bigint;
	readonly ignored: bigint;
	readonly caught: bigint;
	/**
	 * By a thread that is in sigwait(3) or sigtimedwait(2) right now. The kernel takes these out of the thread's mask for so
	 * long, and /proc shows them as neither blocked nor caught.
	 */
	readonly awaited: bigint;
}

export interface ProcessSignals extends SignalSets {
	readonly pid: number;
	/** Up to 15 bytes of what it calls itself. */
	readonly name: string;
	/** R, S, D, T, Z … */
	readonly state: string;
	readonly parent: number;
	readonly session: number;
	/** Its pid in our pid namespace and in each below it that it is in: the last is what it calls itself. */
	readonly pids: readonly number[];
	readonly threads: number;
}

/** null when there is no such process. */
export function processSignals(pid: number): ProcessSignals | null {
	const field = statusOf(`/proc/${pid}`);
	if (field === null) return null;
	try {
		const threads = Number(field("Threads"));
		return {
			pid,
			name: field("Name"),
			state: field("State").slice(0, 1),
			parent: Number(field("PPid")),
			session: Number(statField(pid, 6)),
			pids: field("NSpid").split("\t").map(Number),
			threads,
			...acrossThreads(pid, field, threads > 1 ? threadsOf(pid) : [String(pid)]),
		};
	} catch (error) {
		if (hasCode(error, "ENOENT", "ESRCH")) return null;
		throw error;
	}
}

export function hasSignal(set: bigint, signal: number): boolean {
	return signal > 0 && ((set >> BigInt(signal - 1)) & 1n) === 1n;
}

/** The numbers of a set, ascending. */
export function signalsIn(set: bigint): readonly number[] {
	return Array.from({ length: 64 }, (_unused, index) => index + 1).filter((signal) => hasSignal(set, signal));
}

/** May be asked for, and never come. */
const unstoppable = [SIGKILL, SIGSTOP].reduce((set, signal) => set | (1n << BigInt(signal - 1)), 0n);

type Field = (name: string) => string;

/** null when the process or thread has gone. */
function statusOf(path: string): Field | null {
	let text: string;
	try {
		text = readFileAt(AT_FDCWD, `${path}/status`);
	} catch (error) {
		if (hasCode(error, "ENOENT", "ESRCH")) return null;
		throw error;
	}
	const fields = new Map<string, string>();
	for (const line of text.split("\n")) {
		const colon = line.indexOf(":");
		if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
	}
	return (name) => fields.get(name) ?? "";
}

/** Handlers belong to the process, masks to each thread: what one thread takes, the process takes. */
function acrossThreads(pid: number, field: Field, threads: readonly string[]): SignalSets {
	const set = (of: Field, name: string) => BigInt(`0x${of(name) || "0"}`);
	let [pending, blocked, awaited] = [set(field, "ShdPnd"), ~0n, 0n];
	for (const thread of threads) {
		const path = `/proc/${pid}/task/${thread}`;
		const own = threads.length > 1 ? statusOf(path) : field;
		// a thread may end at any time
		if (own === null) continue;
		const waitedFor = awaitedBy(path);
		pending |= set(own, "SigPnd");
		blocked &= set(own, "SigBlk") | waitedFor;
		awaited |= waitedFor;
	}
	return { pending, blocked: blocked & ~awaited, ignored: set(field, "SigIgn"), caught: set(field, "SigCgt"), awaited };
}

/** The set is in the thread's memory, at the address that is the call's first argument; a stranger may not look there. */
function awaitedBy(path: string): bigint {
	try {
		const [call, address = ""] = readFileAt(AT_FDCWD, `${path}/syscall`).split(" ");
		if (Number(call) !== SYS_rt_sigtimedwait) return 0n;
		return withFd(sys.openat(AT_FDCWD, `${path}/mem`, O_RDONLY | O_CLOEXEC, 0), (fd) => {
			sys.lseek(fd, Number(address), SEEK_SET);
			const bytes = sys.read_bytes(fd, 8);
			return bytes.byteLength === 8 ? new DataView(bytes).getBigUint64(0, true) & ~unstoppable : 0n;
		});
	} catch (error) {
		if (hasCode(error, "ENOENT", "ESRCH", "EACCES", "EPERM", "EIO")) return 0n;
		throw error;
	}
}

function threadsOf(pid: number): readonly string[] {
	return withFd(sys.openat(AT_FDCWD, `/proc/${pid}/task`, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), (fd) => {
		const names: string[] = [];
		for (let some = sys.getdents64(fd); some.length > 0; some = sys.getdents64(fd)) {
			names.push(...some.map(({ name }) => name));
		}
		return names;
	});
}

/** By its number in the man page, 3 and up: the name in parentheses before it may hold anything. */
function statField(pid: number, number: number): string {
	const text = readFileAt(AT_FDCWD, `/proc/${pid}/stat`);
	return (
		text
			.slice(text.lastIndexOf(")") + 2)
			.trimEnd()
			.split(" ")[number - 3] ?? ""
	);
}
