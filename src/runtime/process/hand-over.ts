/** Handing a descriptor to the caller over its listening socket: the terminal's master, the process's pidfd. */
import { adaptToCaller } from "../../linux/console.js";
import { AF_UNIX, SOCK_STREAM } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { attempt, type ErrorId } from "../../sys/errors.js";
import { withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";

/** One connection, one message with `text` and exactly one descriptor: that is what callers check for. */
function handOver(id: ErrorId, what: string, path: string, text: string, fd: Fd): void {
	attempt(
		id,
		`send the ${what} to socket ${JSON.stringify(path)}`,
		() =>
			withFd(sys.socket(AF_UNIX, SOCK_STREAM, 0), (socket) => {
				sys.connect_unix(socket, path);
				sys.sendmsg(socket, text, [fd]);
			}),
		{ object: path, hint: "the caller must listen on a unix stream socket at that path" },
	);
}

/** The terminal's master goes to the caller's socket, as it was made; without one it is ours to relay. */
export function placeTerminal(master: Fd | null, consoleSocket: string | undefined): void {
	if (master === null) return;
	if (consoleSocket === undefined) adaptToCaller(master);
	else handOver("console-failed", "terminal", consoleSocket, "/dev/ptmx", master);
}

export function handOverPidfd(path: string, pidfd: Fd): void {
	handOver("file-failed", "pidfd", path, "pidfd", pidfd);
}
