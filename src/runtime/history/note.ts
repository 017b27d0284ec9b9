/** What was done to a container, noted in its journal. A history that cannot be written fails no verb: it is a warning. */
import { O_APPEND, O_CLOEXEC, O_WRONLY } from "../../sys/constants.js";
import { hasCode, messageOf } from "../../sys/errors.js";
import { withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import type { Host } from "../host.js";
import { journalFile } from "../state/journal.js";
import type { StateDirectory } from "../state/store.js";
import type { LifeEvent } from "./life.js";

/** Somebody may send a signal every second, for years. */
const largestJournal = 64 * 1024;

export function note(host: Host, { fd, id }: StateDirectory, ...events: readonly LifeEvent[]): void {
	orWarn(host, id, () => {
		// not made anew: in a folder that is being deleted it would be in the way
		withFd(sys.openat(fd, journalFile, O_WRONLY | O_APPEND | O_CLOEXEC, 0), (file) => {
			if (sys.fstat(file).size > largestJournal) return;
			// the line break comes first: it ends what a full disk has torn
			sys.write(file, events.map((event) => `\n${JSON.stringify({ event })}`).join(""));
		});
	});
}

/** Runs a step of writing history. A container that was deleted meanwhile has its history elsewhere. */
export function orWarn(host: Host, id: string, step: () => void): void {
	try {
		step();
	} catch (error) {
		if (!hasCode(error, "ENOENT")) {
			host.log.warning(`the history of container ${id} could not be written: ${messageOf(error)}`);
		}
	}
}
