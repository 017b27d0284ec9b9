/** Starting a helper process (a hook, newuidmap, ps): fork, streams, clean descriptors and signals, execve. */
import { F_DUPFD_CLOEXEC, SIGCHLD, SIGKILL } from "../../sys/constants.js";
import type { CapabilitySets, Fd } from "../../sys/door.js";
import { isSysError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import type { SeccompAgent } from "./seccomp-agent.js";

export interface ChildRequest {
	/** Executed as it is; no search. */
	readonly path: string;
	readonly argv: readonly string[];
	readonly envp: readonly string[];
	readonly stdin: Fd;
	readonly stdout: Fd;
	readonly stderr: Fd;
	/** Receives what {@link parseExecFailure} reads when the program cannot be executed; closed when it runs. */
	readonly errorFd: Fd;
	/** Opens in the child, after `prepare`, what become the descriptors 3, 4 and so on of the program. */
	readonly handed?: () => readonly Fd[];
	/** Runs in the child before the last step, for example to change directory. */
	readonly prepare?: () => void;
	/** What the child executes with; absent: like ourselves. */
	readonly confinement?: Confinement;
}

/** The last, irrevocable attributes of a process inside a container; hooks of startContainer have them too. */
export interface Confinement {
	readonly capabilities: CapabilitySets | null;
	readonly ambient: bigint;
	readonly noNewPrivileges: boolean;
	readonly seccomp: ArrayBuffer | null;
	readonly seccompFlags: number;
	/** Who decides the calls that the filter does not; null without such a filter. */
	readonly agent: SeccompAgent | null;
	/** See FinalExec. */
	readonly listenerMessage: string;
}

const unconfined: Confinement = {
	capabilities: null,
	ambient: 0n,
	noNewPrivileges: false,
	seccomp: null,
	seccompFlags: 0,
	agent: null,
	listenerMessage: "",
};

export interface Child {
	readonly pid: number;
	readonly pidfd: Fd;
}

export function startChild(request: ChildRequest): Child {
	const child = sys.clone3(0, SIGCHLD, -1);
	return child.pid === 0 ? inChild(() => becomeProgram(request)) : child;
}

/** What a child does after clone. Whatever is thrown in it ends it: it must never go on as its parent. */
export function inChild(work: () => never): never {
	try {
		return work();
	} catch {
		sys.exit(127);
	}
}

/** Makes a child that ends at once: whether it can be made. Kernel errors as they come. */
export function tryClone(flags: number, cgroup: Fd | -1): void {
	const child = sys.clone3(flags, SIGCHLD, cgroup);
	if (child.pid === 0) inChild(() => sys.exit(0));
	sys.close(child.pidfd);
	reap(child.pid);
}

function becomeProgram(request: ChildRequest): never {
	const { path } = request;
	let { errorFd } = request;
	let firstClosedFd = 3;
	try {
		request.prepare?.();
		const handed = request.handed?.() ?? [];
		firstClosedFd += handed.length;
		// out of the way of those that are handed on
		if (handed.length > 0) errorFd = moveFrom(errorFd, firstClosedFd);
		sys.signals_reset();
		moveDown([request.stdin, request.stdout, request.stderr, ...handed]);
	} catch (error) {
		if (isSysError(error)) sys.write(errorFd, `${error.syscall}\t${error.code}\t${error.message}\t${path}\t`);
		throw error;
	}
	sys.final_exec({
		fd: -1,
		path,
		argv: request.argv,
		envp: request.envp,
		firstClosedFd,
		errorFd,
		note: "",
		...(request.confinement ?? unconfined),
	});
}

export interface ExecFailure {
	/** The system call of the last step that failed: execve, or what comes shortly before it. */
	readonly syscall: string;
	/** "ENOEXEC". */
	readonly errno: string;
	readonly path: string;
	/** "exec /path: exec format error", then what was known beforehand about the file. */
	readonly message: string;
}

/** What {@link Door.final_exec} wrote to its errorFd; null when it wrote nothing, because the program runs. */
export function parseExecFailure(line: string): ExecFailure | null {
	if (line === "") return null;
	const [syscall = "", errno = "", text = "", path = "", note = ""] = line.split("\t");
	const what = syscall === "execve" ? `exec ${path}` : `${syscall} before exec ${path}`;
	return { syscall, errno, path, message: `${what}: ${text.toLowerCase()}${note === "" ? "" : `: ${note}`}` };
}

/** The descriptors become 0, 1, 2 and so on, in whatever way they overlap. */
function moveDown(fds: readonly Fd[]): void {
	const high = fds.map((fd) => moveFrom(fd, fds.length));
	high.forEach((fd, target) => {
		sys.dup2(fd, target);
	});
}

function moveFrom(fd: Fd, least: number): Fd {
	return sys.fcntl(fd, F_DUPFD_CLOEXEC, least);
}

/** The raw wait status (wait(2)) of a child that has ended, or is about to. */
export function reap(pid: number): number {
	return sys.wait4(pid, 0)?.status ?? 0;
}

/** Ends a child that is not wanted any more and takes its status, so that no zombie stays. */
export function killChild({ pid, pidfd }: Child): void {
	try {
		sys.pidfd_send_signal(pidfd, SIGKILL);
	} catch {
		// ESRCH: it has ended by itself
	}
	try {
		sys.wait4(pid, 0);
	} catch {
		// ECHILD: it has been waited for
	}
}

/** wait(2): the exit status of a shell's `$?`: the code, or 128 + signal. */
export function exitStatus(status: number): number {
	const signal = status & 0x7f;
	return signal === 0 ? (status >> 8) & 0xff : 128 + signal;
}
