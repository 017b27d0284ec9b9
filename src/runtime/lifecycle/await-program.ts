/**
 * Between "start" and the program lie the startContainer hooks, the seccomp filter and execve: waits for them, serves
 * the filter's agent, tells of what failed.
 */
import { processStat } from "../../linux/proc.js";
import type { Fd } from "../../sys/door.js";
import { TsrunError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import { asError, type Message, receiveText } from "../init/sync.js";
import { parseExecFailure } from "../process/child.js";
import {
	type AgentMessage,
	connectAgent,
	type NotifyingProcess,
	type SeccompAgent,
	sendListener,
} from "../process/seccomp-agent.js";

/** Returns when execve has closed the process's end of the socket. Throws what went wrong instead. */
export function awaitProgram(socket: Fd, process: NotifyingProcess): void {
	let agent: { readonly called: SeccompAgent; readonly connection: Fd } | null = null;
	for (;;) {
		const { data, fds } = receiveText(socket);
		if (data === "") break;
		const message = data.startsWith("{") ? (JSON.parse(data) as Message | AgentMessage) : programError(data);
		if (message.type === "agent") {
			agent = { called: message, connection: connectAgent(socket, message) };
		} else if (message.type === "listener" && agent !== null && fds[0] !== undefined) {
			sendListener(agent.connection, agent.called, process, fds[0]);
			sys.close(fds[0]);
		} else {
			throw message.type === "error" ? asError(message) : new TsrunError("internal", `unexpected message ${data}`);
		}
	}
	refuseDead(process.pid);
}

function programError(line: string): never {
	const { syscall = "", errno = "", path = "", message = line } = parseExecFailure(line) ?? {};
	const missing = errno === "ENOENT" || errno === "ENOTDIR";
	throw new TsrunError(missing ? "program-missing" : "program-not-executable", message, {
		stage: "program",
		syscall,
		errno,
		object: path,
		...(errno === "ENOEXEC"
			? { hint: "a program is built for one kind of machine, a script begins with #!/bin/sh" }
			: {}),
	});
}

/** The end closes the socket just as execve does; only a process that has executed nothing gives it away. */
function refuseDead(pid: number): void {
	if (!processStat(pid)?.neverExecuted) return;
	throw new TsrunError("init-died", "the process was killed before it could execute its program", {
		stage: "program",
		hint: "a seccomp profile must allow execve; and see the kernel log: was there a lack of memory?",
	});
}
