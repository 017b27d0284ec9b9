/** What proc_pid_status(5) and proc_pid_stat(5) tell about one process: who it is, and what it does with signals. */
import { AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_RDONLY } from "../sys/constants.js";
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
	try {
		const field = fieldsOf(readFileAt(AT_FDCWD, `/proc/${pid}/status`));
		const threads = Number(field("Threads"));
		const own = setsOf(field);
		return {
			pid,
			name: field("Name"),
			state: field("State").slice(0, 1),
			parent: Number(field("PPid")),
			session: Number(statField(pid, 6)),
			pids: field("NSpid").split("\t").map(Number),
			threads,
			...(threads > 1 ? acrossThreads(pid, own) : own),
		};
	} catch (error) {
		if (hasCode(error, "ENOENT", "ESRCH")) return null;
		throw error;
	}
}

/** The raw wait status of a process that has ended and that nobody has waited for; null of any other. */
export function zombieStatus(pid: number): number | null {
	try {
		return statField(pid, 3) === "Z" ? Number(statField(pid, 52)) : null;
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

type Field = (name: string) => string;

function fieldsOf(text: string): Field {
	const fields = new Map<string, string>();
	for (const line of text.split("\n")) {
		const colon = line.indexOf(":");
		if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
	}
	return (name) => fields.get(name) ?? "";
}

function setsOf(field: Field): SignalSets {
	const set = (name: string) => BigInt(`0x${field(name) || "0"}`);
	return {
		pending: set("SigPnd") | set("ShdPnd"),
		blocked: set("SigBlk"),
		ignored: set("SigIgn"),
		caught: set("SigCgt"),
	};
}

/** Handlers belong to the process, masks to each thread. */
function acrossThreads(pid: number, own: SignalSets): SignalSets {
	let { pending, blocked } = own;
	for (const thread of threadsOf(pid)) {
		const sets = setsOf(fieldsOf(readFileAt(AT_FDCWD, `/proc/${pid}/task/${thread}/status`)));
		pending |= sets.pending;
		blocked &= sets.blocked;
	}
	return { ...own, pending, blocked };
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
