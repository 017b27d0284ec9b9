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
import { attend, holdSignals } from "../process/foreground.js";
import { handOverPidfd, placeTerminal } from "../process/hand-over.js";
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
		const { directory } = launchAndStart(host, id, options);
		note(host, directory, { did: "start", at: now() });
		return 0;
	}
	// before anything is opened, which could take the place of a descriptor that is not there
	checkPreservedFds(options.preserveFds);
	const signals = holdSignals();
	if (!options.noSubreaper) sys.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	const launched = launchAndStart(host, id, options);
	return stay(host, launched, signals, { did: "start", at: now() }, options.keep);
}

/** With a container that runs, until its end: its exit status. `signals` have been held since before it was made. */
export function stay(
	host: Host,
	{ init, master, record, directory }: Pick<Launched, "init" | "master" | "record" | "directory">,
	signals: Fd,
	begun: LifeEvent,
	keep: boolean,
): number {
	const raw = attendAndClose(init, signals, master);
	const events: readonly LifeEvent[] = [begun, { did: "ended", at: now(), status: raw, seen: "run" }];
	const status = exitStatus(raw);
	host.log.debug(`process ${init.pid} has ended with status ${status}`);
	if (keep) note(host, directory, ...events);
	else deleteOwn(host, record, events);
	return status;
}

function attendAndClose(init: Launched["init"], signals: Fd, master: Fd | null): number {
	try {
		return attend(init, signals, master);
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
