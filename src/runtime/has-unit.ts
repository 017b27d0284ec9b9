/** Whether a container is a unit of systemd: who changes or deletes it then has to talk to systemd. */
import { withFd } from "../sys/files.js";
import type { Host } from "./host.js";
import { findStateDirectory, readStateFile } from "./state/store.js";

/** By a look at the text alone, as the record may be damaged and the container half made. */
export function hasUnit(host: Host, id: string, onlyOfUser: boolean): boolean {
	const directory = findStateDirectory(host, id);
	if (directory === null) return false;
	// open no longer than needed: descriptors from 3 on may be the caller's to hand on, or ours by mistake
	const text = withFd(directory.fd, () => {
		return readStateFile(directory, "state.json") ?? readStateFile(directory, "journal") ?? "";
	});
	return onlyOfUser ? text.includes('"isUser":true') : text.includes('"unit":{');
}
