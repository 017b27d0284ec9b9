/** The runtime's side of the exchange with a process that it puts into a container (init/sync.ts). */
import type { Fd } from "../../sys/door.js";
import { TsrunError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import { asError, type Message, offer, patience, receive } from "../init/sync.js";
import { type Child, reap } from "../process/child.js";

/** Takes the pid of the real process from the intermediate one, which is then gone. */
export function receiveIntermediate(socket: Fd, intermediate: Child): Child {
	try {
		const received = receive(socket, intermediate.pidfd, patience);
		if (received?.message.type === "error") throw asError(received.message);
		if (received?.message.type !== "pid") {
			throw new TsrunError("init-died", "the process that joins the namespaces ended without a word", {
				stage: "namespaces",
			});
		}
		// our child, and not waited for: the pid cannot be anybody else's
		const { pid } = received.message;
		return { pid, pidfd: sys.pidfd_open(pid, 0) };
	} finally {
		reap(intermediate.pid);
		sys.close(intermediate.pidfd);
	}
}

export interface Service {
	readonly warn: (message: string) => void;
	/** Runs the hooks of the runtime's namespace when the process says that its environment stands. */
	readonly runHooks?: () => void;
	/** Why the process may have ended without a word. */
	readonly explainDeath?: () => string | undefined;
	/** Stands before the process's own error: runc's words, by which engines know a failed start. */
	readonly errorPrefix: string;
}

/** Answers the process's messages until it is ready; the master of its terminal, if it has one. */
export function serveUntilReady(socket: Fd, process: Child, service: Service): Fd | null {
	let master: Fd | null = null;
	for (;;) {
		const received = receive(socket, process.pidfd, -1);
		if (received === null) throw died(service);
		const { message, fds } = received;
		switch (message.type) {
			case "hooks":
				service.runHooks?.();
				offer(socket, { type: "hooks-done" });
				break;
			case "terminal":
				master = fds[0] ?? null;
				break;
			case "warning":
				service.warn(message.text);
				break;
			case "ready":
				return master;
			default:
				throw refused(message, service);
		}
	}
}

function died({ errorPrefix, explainDeath }: Service): TsrunError {
	const reason = explainDeath?.() ?? "the container's process ended without a word";
	return new TsrunError("init-died", `${errorPrefix}${reason}`, {
		stage: "init",
		hint: "was it killed, perhaps for lack of memory? See the kernel log and linux.resources.memory",
	});
}

function refused(message: Message, { errorPrefix }: Service): unknown {
	if (message.type !== "error") return new TsrunError("internal", `unexpected message ${message.type}`);
	return asError(message.id === "internal" ? message : { ...message, text: `${errorPrefix}${message.text}` });
}
