/**
 * The agent that decides the calls of SCMP_ACT_NOTIFY (config-linux.md#seccomp, seccomp_unotify(2)). Its socket is a
 * path of the host, which the process cannot see; so whoever waits for the program speaks to it:
 *
 *   process                                    runtime: start, run, exec
 *   ───────                                    ─────────────────────────
 *   "agent", where it listens ───────────────▶ connects; an agent that is not there is an error before anything runs
 *   loads the filter       ◀── "agent-ready" ─
 *   "listener" with the filter's descriptor ─▶ sends the container process state with it, and closes the connection
 */
import { usesNotify } from "../../linux/seccomp/filter.js";
import type { ContainerProcessState, Seccomp, State } from "../../spec/types.js";
import { AF_UNIX, SOCK_STREAM } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { attempt } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";

export interface SeccompAgent {
	/** Its listening AF_UNIX stream socket. */
	readonly path: string;
	readonly metadata: string | undefined;
}

export type AgentMessage =
	| ({ readonly type: "agent" } & SeccompAgent)
	| { readonly type: "agent-ready" }
	| { readonly type: "listener" };

/** A process under a filter that has an agent, as the runtime sees it. */
export interface NotifyingProcess {
	readonly pid: number;
	readonly state: State;
}

/** What {@link Door.final_exec} sends along with the listener. */
export const listenerMessage = JSON.stringify({ type: "listener" } satisfies AgentMessage);

export function agentOf(seccomp: Seccomp | undefined): SeccompAgent | null {
	if (seccomp?.listenerPath === undefined || !usesNotify(seccomp)) return null;
	return { path: seccomp.listenerPath, metadata: seccomp.listenerMetadata };
}

/** The process's side: returns when the agent is there. */
export function callAgent(runtime: Fd, agent: SeccompAgent): void {
	sys.sendmsg(runtime, JSON.stringify({ type: "agent", ...agent } satisfies AgentMessage), []);
	// the answer says nothing but that; without one the runtime has given up, and has said why
	if (sys.recvmsg(runtime, 4096).data === "") sys.exit(1);
}

/** The runtime's side: a connection to the agent, of which the process is told. */
export function connectAgent(runtime: Fd, { path }: SeccompAgent): Fd {
	const connection = sys.socket(AF_UNIX, SOCK_STREAM, 0);
	attempt(
		"seccomp-failed",
		`failed to connect with seccomp agent ${JSON.stringify(path)}`,
		() => sys.connect_unix(connection, path),
		{ stage: "seccomp", object: path, hint: "start the agent that listens at linux.seccomp.listenerPath" },
	);
	sys.sendmsg(runtime, JSON.stringify({ type: "agent-ready" } satisfies AgentMessage), []);
	return connection;
}

/** One container process state per connection, in one message with the descriptor. */
export function sendListener(connection: Fd, agent: SeccompAgent, { pid, state }: NotifyingProcess, fd: Fd): void {
	const message: ContainerProcessState = {
		ociVersion: state.ociVersion,
		fds: ["seccompFd"],
		pid,
		...(agent.metadata === undefined ? {} : { metadata: agent.metadata }),
		state,
	};
	attempt(
		"seccomp-failed",
		`send the seccomp descriptor to agent ${JSON.stringify(agent.path)}`,
		() => sys.sendmsg(connection, JSON.stringify(message), [fd]),
		{ stage: "seccomp", object: agent.path },
	);
	sys.close(connection);
}
