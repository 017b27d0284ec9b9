/** `pod add`: a container that joins a pod's namespaces, and runs. */
import type { Config } from "../../spec/types.js";
import type { Host } from "../host.js";
import { createContainer } from "../lifecycle/create.js";
import { deleteContainer } from "../lifecycle/delete.js";
import { startContainer } from "../lifecycle/start.js";
import type { CreateOptions } from "../options.js";
import { writePidFile } from "../process/pid-file.js";
import { isAlive } from "../state/journal.js";
import { completeContainer } from "../status.js";
import { withUndo } from "../undo.js";
import { ignoredInMember, memberConfig, sharedNamespaces } from "./config.js";
import { podIsOver, runningPause } from "./pod.js";

/** Undone as a whole when a part of it fails. */
export function addToPod(host: Host, pod: string, id: string, options: CreateOptions): void {
	const pause = runningPause(host, pod);
	const joined = { pod, pid: pause.pid, namespaces: sharedNamespaces(pause.annotations) };
	const adapt = (config: Config) => {
		for (const text of ignoredInMember(config)) host.log.warning(`config.json: ${text}`);
		return memberConfig(config, joined);
	};
	withUndo(host.log.warning, (undo) => {
		createContainer(host, id, { ...options, pidFile: undefined, adapt });
		undo.add(`delete container ${id}`, () => deleteContainer(host, id, true));
		// while it lives its pid was nobody else's when the namespaces were opened; and from here on who ends the pod sees us
		if (!isAlive(pause)) throw podIsOver(pod, "ended meanwhile");
		startContainer(host, id, options.notifySocket);
		writePidFile(options.pidFile, completeContainer(host, id).record.pid, undo);
	});
}
