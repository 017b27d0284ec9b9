/**
 * Socket activation (sd_listen_fds(3)): sockets that a service manager has opened for us are meant for the container's
 * program. They follow the streams, before those of --preserve-fds, and the program is told as we were.
 */
import type { Process } from "../../spec/types.js";
import { environmentValue } from "../../sys/environment.js";
import { sys } from "../../sys/index.js";

/** How many there are: none, unless LISTEN_PID says that they are for this very process. */
export function listenFds(): number {
	if (environmentValue("LISTEN_PID") !== String(sys.getpid())) return 0;
	const count = environmentValue("LISTEN_FDS");
	return /^[0-9]{1,6}$/.test(count) ? Number(count) : 0;
}

/** Tells the program of them. To be called by the process that becomes it: the pid is its own. */
export function withSockets(process: Process, count: number): Process {
	if (count === 0) return process;
	return { ...process, env: [...(process.env ?? []), `LISTEN_FDS=${count}`, `LISTEN_PID=${sys.getpid()}`] };
}
