/** Between "start" and the program lie the startContainer hooks and execve: waits for the one, tells of a failure of either. */
import type { Fd } from "../../sys/door.js";
import { TsrunError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import { waitReadable } from "../../sys/wait.js";
import { asError, type Message } from "../init/sync.js";
import { parseExecFailure } from "../process/child.js";

/** Returns when the socket is closed by execve; `pidfd` (or -1) ends the wait too. Throws what went wrong. */
export function awaitProgram(socket: Fd, pidfd: Fd): void {
	const ready = waitReadable(pidfd < 0 ? [socket] : [socket, pidfd], -1);
	const { data } = ready?.includes(socket) ? sys.recvmsg(socket, 65_536) : { data: "" };
	if (data === "") return;
	if (data.startsWith("{")) throw asError(JSON.parse(data) as Extract<Message, { type: "error" }>);
	const failure = parseExecFailure(data);
	if (failure === null) return;
	const { syscall, errno, path, reason } = failure;
	const missing = errno === "ENOENT" || errno === "ENOTDIR";
	throw new TsrunError(
		missing ? "program-missing" : "program-not-executable",
		`${whatFailed(syscall, path)}: ${reason}`,
		{
			stage: "program",
			syscall,
			errno,
			object: path,
		},
	);
}

function whatFailed(syscall: string, path: string): string {
	return syscall === "execve" ? `exec ${path}` : `${syscall} before exec ${path}`;
}
