/**
 * How `start` reaches a created container: init listens on a socket in the state directory, start connects, and the
 * connection tells it what becomes of the program: "accepted", then an error, or its end when execve has closed it.
 * Only one start can be accepted; nothing needs polling, no path of the host has to be known inside (docs/adr/0004).
 */
import { AF_UNIX, SOCK_SEQPACKET } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { hasCode, TsrunError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import { waitReadable } from "../../sys/wait.js";
import { holdEndingSignals } from "../process/ending-signals.js";
import type { StateDirectory } from "../state/store.js";
import { patience, receive, send } from "./sync.js";

const name = "start.sock";

/** A socket address has room for 108 bytes, a state directory's path may be longer: the descriptor stands for it. */
function address({ fd }: StateDirectory): string {
	return `/proc/self/fd/${fd}/${name}`;
}

export function listenForStart(directory: StateDirectory): Fd {
	const listener = sys.socket(AF_UNIX, SOCK_SEQPACKET, 0);
	sys.bind_unix(listener, address(directory));
	sys.listen(listener, 8);
	return listener;
}

/**
 * Init's side: blocks until somebody starts the container, the creator itself (`run`) when nobody else can. Whoever it is
 * gets `notify`, where the program will say that it is ready (process/notify.ts).
 */
export function awaitStart(listener: Fd | null, creator: Fd, notify: Fd | null): Fd {
	if (listener === null) {
		if (receive(creator, -1, -1)?.message.type !== "start") sys.exit(1);
		return creator;
	}
	sys.close(creator);
	// the kernel spares PID 1 every signal that it does not handle; whoever waits for start ends by these all the same
	const signals = holdEndingSignals();
	for (;;) {
		const ready = waitReadable([listener, signals], -1);
		if (!ready?.includes(listener)) sys.exit(128 + (sys.read_siginfo(signals)?.signal ?? 0));
		const starter = sys.accept4(listener);
		try {
			// a start that was killed after connecting says nothing
			if (receive(starter, -1, patience)?.message.type === "start") {
				send(starter, { type: "accepted" }, notify === null ? [] : [notify]);
				return starter;
			}
		} catch (error) {
			// one that hangs is no reason to end: the next may come
			const silent = error instanceof TsrunError && error.id === "init-timeout";
			if (!silent && !hasCode(error, "EPIPE", "ECONNRESET")) throw error;
		}
		sys.close(starter);
	}
}

export interface AcceptedStart {
	readonly socket: Fd;
	readonly notify: Fd | null;
}

/** start's side: the connection once init has accepted it; null when nobody accepts, because it has been started. */
export function requestStart(directory: StateDirectory): AcceptedStart | null {
	const socket = sys.socket(AF_UNIX, SOCK_SEQPACKET, 0);
	try {
		sys.connect_unix(socket, address(directory));
		send(socket, { type: "start" });
		const received = receive(socket, -1, -1);
		if (received?.message.type === "accepted") return { socket, notify: received.fds[0] ?? null };
	} catch (error) {
		if (!hasCode(error, "ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE")) throw error;
	}
	sys.close(socket);
	return null;
}
