/**
 * Running the hooks of one kind, in order (config.md#posix-platform-hooks): the state on stdin, the environment
 * exactly as given, the time limit enforced, and when one fails an error that names it and shows what it said.
 */
import { signalName } from "../../linux/signals.js";
import type { Hook, Hooks, State } from "../../spec/types.js";
import {
	AF_UNIX,
	MFD_CLOEXEC,
	PR_SET_PDEATHSIG,
	SEEK_END,
	SEEK_SET,
	SIGKILL,
	SOCK_SEQPACKET,
} from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { hasCode, TsrunError } from "../../sys/errors.js";
import { withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import { waitForExit } from "../../sys/wait.js";
import { type Child, type Confinement, parseExecFailure, reap, startChild } from "../process/child.js";
import { callAgent, listenerMessage } from "../process/seccomp-agent.js";

/** How much of the end of a hook's output is shown. */
const shownOutput = 2048;

export interface HookSurroundings {
	readonly state: State;
	/** Where the hooks run: the bundle in the runtime's namespace, "/" in the container's. */
	readonly cwd: string;
	readonly confinement?: Confinement;
	/** With a confinement that has an agent: the socket to the runtime, which can reach it. */
	readonly runtime?: Fd;
}

/** The three streams of a hook, and the socket that tells of its start. */
interface HookStreams {
	readonly stdin: Fd;
	readonly output: Fd;
	readonly errorFd: Fd;
}

/** Throws hook-failed at the first hook that fails. */
export function runHooks(kind: keyof Hooks, hooks: readonly Hook[] | undefined, surroundings: HookSurroundings): void {
	hooks?.forEach((hook, index) => {
		const failed = runHook(hook, surroundings);
		if (failed !== null) throw hookError(kind, index, hook, failed);
	});
}

/** Runs them all and reports those that failed: what the specification wants of poststop. */
export function runHooksTolerantly(
	kind: keyof Hooks,
	hooks: readonly Hook[] | undefined,
	surroundings: HookSurroundings,
	warn: (message: string) => void,
): void {
	hooks?.forEach((hook, index) => {
		const failed = runHook(hook, surroundings);
		if (failed !== null) warn(hookError(kind, index, hook, failed).message);
	});
}

function hookError(kind: keyof Hooks, index: number, hook: Hook, failed: string): TsrunError {
	return new TsrunError("hook-failed", `error running ${kind} hook #${index}: ${failed}`, {
		stage: "hooks",
		object: hook.path,
		jsonPath: `$.hooks.${kind}[${index}]`,
	});
}

/** null when the hook succeeded, else what happened. */
function runHook(hook: Hook, surroundings: HookSurroundings): string | null {
	// files, not pipes: a hook that does not read, or writes a lot, can block nobody
	return withFd(sys.memfd_create("hook-stdin", MFD_CLOEXEC), (stdin) =>
		withFd(sys.memfd_create("hook-output", MFD_CLOEXEC), (output) => {
			sys.write(stdin, JSON.stringify(surroundings.state));
			sys.lseek(stdin, 0, SEEK_SET);
			const [ours, theirs] = sys.socketpair(AF_UNIX, SOCK_SEQPACKET);
			return withFd(ours, () => {
				const child = startHook(hook, surroundings, { stdin, output, errorFd: theirs });
				const early = passListenerOn(ours, surroundings);
				const { inTime, status } = waitOrKill(child, hook.timeout);
				const failure = parseExecFailure(early || sys.recvmsg(ours, 4096).data);
				if (!inTime) return `timed out after ${hook.timeout} s${said(output)}`;
				if (failure) return failure.message;
				return status === 0 ? null : `${describeStatus(status)}${said(output)}`;
			});
		}),
	);
}

function startHook(hook: Hook, { cwd, confinement, runtime }: HookSurroundings, streams: HookStreams): Child {
	if (confinement?.agent && runtime !== undefined) callAgent(runtime, confinement.agent);
	const child = startChild({
		path: hook.path,
		argv: hook.args?.length ? hook.args : [hook.path],
		envp: hook.env ?? [],
		stdin: streams.stdin,
		stdout: streams.output,
		stderr: streams.output,
		errorFd: streams.errorFd,
		prepare: () => {
			// nobody would wait for it any more, nor see it fail
			sys.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
			sys.setsid();
			sys.chdir(cwd);
		},
		...(confinement ? { confinement } : {}),
	});
	sys.close(streams.errorFd);
	return child;
}

/**
 * The hook's filter is loaded: the runtime hands its descriptor to the agent, without which the hook gets no further.
 * Returns what came instead when something failed before.
 */
function passListenerOn(hook: Fd, { confinement, runtime }: HookSurroundings): string {
	if (!confinement?.agent || runtime === undefined) return "";
	const { data, fds } = sys.recvmsg(hook, 4096);
	if (fds.length === 0) return data;
	sys.sendmsg(runtime, listenerMessage, fds);
	for (const fd of fds) sys.close(fd);
	return "";
}

/** A hook that outlasts its seconds is killed, and with it all of its session: the limit is for what it started, too. */
function waitOrKill(child: Child, seconds: Hook["timeout"]): { inTime: boolean; status: number } {
	const milliseconds = seconds === undefined ? -1 : Number(seconds) * 1000;
	// poll(2) counts to 24 days; a hook that may take longer may take for ever
	const inTime = waitForExit(child.pidfd, milliseconds < 2 ** 31 ? milliseconds : -1);
	if (!inTime) killSession(child);
	const status = reap(child.pid);
	sys.close(child.pidfd);
	return { inTime, status };
}

function killSession({ pid, pidfd }: Child): void {
	try {
		sys.kill(-pid, SIGKILL);
	} catch (error) {
		if (!hasCode(error, "ESRCH")) throw error;
		// it has not come as far as to lead a session
		sys.pidfd_send_signal(pidfd, SIGKILL);
	}
}

function describeStatus(status: number): string {
	const signal = status & 0x7f;
	return signal === 0 ? `exit status ${(status >> 8) & 0xff}` : `killed by signal ${signal} (${signalName(signal)})`;
}

function said(output: Fd): string {
	const length = sys.lseek(output, 0, SEEK_END);
	sys.lseek(output, Math.max(0, length - shownOutput), SEEK_SET);
	const text = sys.read(output, shownOutput).trim();
	return text === "" ? "" : `, output: ${JSON.stringify(text)}`;
}
