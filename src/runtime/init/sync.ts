/**
 * The exchange between the runtime and the container's process, over a SOCK_SEQPACKET pair, one JSON message each:
 *
 *   runtime                                        process
 *   ───────                                        ───────
 *   (joined namespaces only)        ◀── "pid" ───  an intermediate process tells the pid of the real one
 *   id maps (user namespace, exec), network devices
 *   "go" ────────────────────────────────────────▶ network, names, root filesystem, mounts
 *   v1 cgroups, limits
 *   "cgroup" ────────────────────────────────────▶ enters it, mounts it; devices, terminal, masks
 *   prestart, createRuntime hooks   ◀─ "hooks" ──  the environment stands, pivot_root is next
 *   "hooks-done" ────────────────────────────────▶ createContainer hooks, pivot_root, identity, program found
 *   state.json, pid file            ◀─ "ready" ──  waits for start
 *
 * Instead of any message the process may send "error", its last. "warning" may come at any time. End of file means
 * that the other side is gone, or, after "ready", that the program has been executed: the socket is close-on-exec.
 */
import { AF_UNIX, SOCK_SEQPACKET } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import {
	type ErrorDetails,
	type ErrorId,
	errorIds,
	hasCode,
	isSysError,
	messageOf,
	TsrunError,
} from "../../sys/errors.js";
import { exhaustion } from "../../sys/exhaustion.js";
import { sys } from "../../sys/index.js";
import { waitReadable } from "../../sys/wait.js";

export type Message =
	| { readonly type: "pid"; readonly pid: number }
	| { readonly type: "go" }
	| { readonly type: "cgroup" }
	| { readonly type: "hooks" }
	| { readonly type: "hooks-done" }
	| { readonly type: "terminal" }
	| { readonly type: "ready" }
	| { readonly type: "start" }
	| { readonly type: "accepted" }
	| { readonly type: "warning"; readonly text: string }
	| {
			readonly type: "error";
			readonly id: ErrorId;
			readonly text: string;
			readonly details: ErrorDetails;
			readonly stack?: string | undefined;
	  };

export interface Received {
	readonly message: Message;
	/** The terminal's master comes with "terminal", the socket of process/notify.ts with "accepted". */
	readonly fds: readonly Fd[];
}

/** SOCK_SEQPACKET keeps messages apart, and cuts what does not fit into the buffer that it is received in. */
const longestMessage = 65_536;

/** Nobody has to wait longer for the other side; hooks have their own limits. */
export const patience = 60_000;

export function syncPair(): readonly [runtime: Fd, process: Fd] {
	return sys.socketpair(AF_UNIX, SOCK_SEQPACKET);
}

export function send(socket: Fd, message: Message, fds: readonly Fd[] = []): void {
	sys.sendmsg(socket, encode(message), fds);
}

/** Names of the image and the configuration have any length (CVE-2021-43784 was one cut short): long texts lose their middles. */
function encode(message: Message): string {
	let text = JSON.stringify(message);
	// a UTF-16 unit takes up to three bytes
	for (let most = 8192; text.length > longestMessage / 3; most /= 2) {
		text = JSON.stringify(message, (_key, value) =>
			typeof value === "string" && value.length > most
				? `${value.slice(0, most / 2)}…${value.slice(-most / 2)}`
				: value,
		);
	}
	return text;
}

/** The runtime's side: a process that has ended meanwhile has left its last word, which is read next. */
export function offer(socket: Fd, message: Message): void {
	try {
		send(socket, message);
	} catch (error) {
		if (!hasCode(error, "EPIPE", "ECONNRESET")) throw error;
	}
}

/**
 * The next message; null at end of file. `watched` is the other side's pidfd (or -1): when it ends without a word
 * that counts as end of file too, because a copy of the socket may live on in a process that it started.
 */
export function receive(socket: Fd, watched: Fd, timeout: number): Received | null {
	const ready = waitReadable(watched < 0 ? [socket] : [socket, watched], timeout);
	if (ready === null) {
		throw new TsrunError("init-timeout", `no answer from the container's process within ${timeout / 1000} s`, {
			hint: "--trace shows the system call in which it hangs",
		});
	}
	return ready.includes(socket) ? parse(socket) : null;
}

function parse(socket: Fd): Received | null {
	const { data, fds } = receiveText(socket);
	return data === "" ? null : { message: JSON.parse(data) as Message, fds };
}

/** The other side may have gone with something of ours unread: that is told once (ECONNRESET), and what it said comes after. */
export function receiveText(socket: Fd): { readonly data: string; readonly fds: readonly Fd[] } {
	try {
		return sys.recvmsg(socket, longestMessage);
	} catch (error) {
		if (!hasCode(error, "ECONNRESET")) throw error;
		return sys.recvmsg(socket, longestMessage);
	}
}

/** Tells whatever ended the process to the other side, which throws it on as its own. */
export function sendError(socket: Fd, thrown: unknown): void {
	const error = exhaustion(thrown) ?? thrown;
	const known = error instanceof TsrunError;
	const { cause: _cause, ...details } = known ? error.details : ({} as ErrorDetails);
	const id: ErrorId = known ? error.id : isSysError(error) ? "process-failed" : "internal";
	const stack = id === "internal" && error instanceof Error ? error.stack : undefined;
	send(socket, { type: "error", id, text: messageOf(error), details, stack });
}

/** An "error" message as the exception it was on the other side. */
export function asError(message: Extract<Message, { type: "error" }>): TsrunError {
	const error = new TsrunError(message.id in errorIds ? message.id : "internal", message.text, message.details);
	if (message.stack !== undefined) error.stack = message.stack;
	return error;
}

/** The process's side: waits for the runtime's word; when that has gone, so does the process. */
export function expect(socket: Fd, type: "go" | "cgroup" | "hooks-done" | "start"): void {
	// hooks and callers take as long as they take: the runtime's death ends the wait, not a deadline
	const received = receive(socket, -1, type === "go" ? patience : -1);
	if (received?.message.type !== type) sys.exit(1);
}

/** The process's last word. When nobody listens any more there is nobody to tell. */
export function tell(socket: Fd, error: unknown): void {
	try {
		sendError(socket, error);
	} catch {
		sys.exit(1);
	}
}
