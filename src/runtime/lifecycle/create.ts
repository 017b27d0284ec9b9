/** `create`: everything but the program. When it returns, the process waits for start and the engine may look at it. */
import type { Host } from "../host.js";
import type { CreateOptions } from "../options.js";
import { handOverPidfd, placeTerminal } from "../process/hand-over.js";
import { writePidFile } from "../process/pid-file.js";
import { withUndo } from "../undo.js";
import { launch } from "./launch.js";

export function createContainer(host: Host, id: string, options: CreateOptions): void {
	withUndo(host.log.warning, (undo) => {
		const { init, master } = launch(host, id, options, { detached: true, ownStart: false }, undo);
		host.log.debug(`process ${init.pid} has its environment and waits for start`);
		placeTerminal(master, options.consoleSocket);
		if (options.pidfdSocket !== undefined) handOverPidfd(options.pidfdSocket, init.pidfd);
		// last: who finds it may rely on all the rest
		writePidFile(options.pidFile, init.pid, undo);
	});
}
