/** `run`: create and start in one, and without --detach staying until the program ends, then delete. */
import { PR_SET_CHILD_SUBREAPER } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { sys } from "../../sys/index.js";
import { type LifeEvent, now } from "../history/life.js";
import { note } from "../history/note.js";
import type { Host } from "../host.js";
import { offer } from "../init/sync.js";
import type { RunOptions } from "../options.js";
import { exitStatus } from "../process/child.js";
import { attend, holdSignals, type Visitor } from "../process/foreground.js";
import { handOverPidfd, placeTerminal } from "../process/hand-over.js";
import { awaitReadiness, type Readiness, readinessOf, saysReady, tellManager } from "../process/notify.js";
import { writePidFile } from "../process/pid-file.js";
import { checkPreservedFds } from "../process/streams.js";
import { stateOf } from "../state/record.js";
import { withUndo } from "../undo.js";
import { awaitProgram } from "./await-program.js";
import { deleteOwn } from "./delete.js";
import { type Launched, launch } from "./launch.js";
import { runPoststart } from "./start.js";

/** The exit status of tsrun: the program's, or 0 with `detach`. */
export function runContainer(host: Host, id: string, options: RunOptions): number {
	if (options.detach) {
		const { directory, init, notify } = launchAndStart(host, id, options);
		note(host, directory, { did: "start", at: now() });
		const readiness = readinessOf(notify, options.notifySocket, init.pid);
		if (readiness !== null) awaitReadiness(readiness, init.pidfd, host.log.warning);
		return 0;
	}
	// before anything is opened, which could take the place of a descriptor that is not there
	checkPreservedFds(options.preserveFds);
	const signals = holdSignals();
	if (!options.noSubreaper) sys.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	const launched = launchAndStart(host, id, options);
	// the manager's process is this one, which stays until the program has ended
	const readiness = readinessOf(launched.notify, options.notifySocket, sys.getpid());
	const visitor = readiness && relay(readiness, host);
	return stay(host, launched, signals, { did: "start", at: now() }, options.keep, visitor);
}

/** With a container that runs, until its end: its exit status. `signals` have been held since before it was made. */
export function stay(
	host: Host,
	{ init, master, record, directory }: Pick<Launched, "init" | "master" | "record" | "directory">,
	signals: Fd,
	begun: LifeEvent,
	keep: boolean,
	visitor: Visitor | null = null,
): number {
	const raw = attendAndClose(init, signals, master, visitor);
	const events: readonly LifeEvent[] = [begun, { did: "ended", at: now(), status: raw, seen: "run" }];
	const status = exitStatus(raw);
	host.log.debug(`process ${init.pid} has ended with status ${status}`);
	if (keep) note(host, directory, ...events);
	else deleteOwn(host, record, events);
	return status;
}

function relay(readiness: Readiness, host: Host): Visitor {
	const { socket } = readiness;
	return {
		fd: socket,
		serve: () => {
			if (!saysReady(socket)) return true;
			tellManager(readiness, false, host.log.warning);
			return false;
		},
	};
}

function attendAndClose(init: Launched["init"], signals: Fd, master: Fd | null, visitor: Visitor | null): number {
	try {
		return attend(init, signals, master, visitor);
	} finally {
		sys.close(init.pidfd);
		if (master !== null) sys.close(master);
	}
}

/** Undone as a whole when a part of it fails. */
export function launchAndStart(host: Host, id: string, options: RunOptions): Launched {
	const launched = withUndo(host.log.warning, (undo) => {
		const mode = { detached: options.detach, ownStart: true };
		const container = launch(host, id, options, mode, undo);
		const { init, master, socket, record } = container;
		host.log.debug(`process ${init.pid} has its environment`);
		placeTerminal(master, options.consoleSocket);
		if (options.pidfdSocket !== undefined) handOverPidfd(options.pidfdSocket, init.pidfd);
		writePidFile(options.pidFile, init.pid, undo);
		offer(socket, { type: "start" });
		awaitProgram(socket, { pid: init.pid, state: stateOf(record, "created", init.pid) });
		sys.close(socket);
		host.log.debug(`process ${init.pid} runs its program`);
		return container;
	});
	runPoststart(host, launched.record);
	return launched;
}
