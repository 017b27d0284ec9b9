/**
 * Running the hooks of one kind, in order (config.md#posix-platform-hooks): the state on stdin, the environment
 * exactly as given, the time limit enforced, and when one fails an error that names it and shows what it said.
 */
import type { Hook, Hooks, State } from "../../spec/types.js";
import { AF_UNIX, MFD_CLOEXEC, SEEK_END, SEEK_SET, SIGKILL, SOCK_SEQPACKET } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { TsrunError } from "../../sys/errors.js";
import { withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import { waitForExit } from "../../sys/wait.js";
import { type Confinement, parseExecFailure, reap, startChild } from "../process/child.js";

/** How much of the end of a hook's output is shown. */
const shownOutput = 2048;

export interface HookSurroundings {
	readonly state: State;
	/** Where the hooks run: the bundle in the runtime's namespace, "/" in the container's. */
	readonly cwd: string;
	readonly confinement?: Confinement;
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
function runHook(hook: Hook, { state, cwd, confinement }: HookSurroundings): string | null {
	return withFd(sys.memfd_create("hook-stdin", MFD_CLOEXEC), (stdin) =>
		withFd(sys.memfd_create("hook-output", MFD_CLOEXEC), (output) => {
			// files, not pipes: a hook that does not read, or writes a lot, can block nobody
			sys.write(stdin, JSON.stringify(state));
			sys.lseek(stdin, 0, SEEK_SET);
			const [ours, theirs] = sys.socketpair(AF_UNIX, SOCK_SEQPACKET);
			const child = startChild({
				path: hook.path,
				argv: hook.args?.length ? hook.args : [hook.path],
				envp: hook.env ?? [],
				stdin,
				stdout: output,
				stderr: output,
				errorFd: theirs,
				prepare: () => {
					sys.setsid();
					sys.chdir(cwd);
				},
				...(confinement ? { confinement } : {}),
			});
			sys.close(theirs);
			const inTime = waitForExit(child.pidfd, hook.timeout === undefined ? -1 : hook.timeout * 1000);
			// its session goes with it: a timeout is for all that it started
			if (!inTime) sys.kill(-child.pid, SIGKILL);
			const status = reap(child.pid);
			sys.close(child.pidfd);
			const failure = parseExecFailure(withFd(ours, (socket) => sys.recvmsg(socket, 4096).data));
			if (!inTime) return `timed out after ${hook.timeout} s${said(output)}`;
			if (failure) return `${failure.syscall} ${hook.path}: ${failure.reason}`;
			return status === 0 ? null : `${describeStatus(status)}${said(output)}`;
		}),
	);
}

function describeStatus(status: number): string {
	const signal = status & 0x7f;
	return signal === 0 ? `exit status ${(status >> 8) & 0xff}` : `killed by signal ${signal}`;
}

function said(output: Fd): string {
	const length = sys.lseek(output, 0, SEEK_END);
	sys.lseek(output, Math.max(0, length - shownOutput), SEEK_SET);
	const text = sys.read(output, shownOutput).trim();
	return text === "" ? "" : `, output: ${JSON.stringify(text)}`;
}
