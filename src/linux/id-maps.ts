/** ID mappings of user namespaces (user_namespaces(7)): their text, their writing, and looking an id up in them. */
import type { IdMapping } from "../spec/types.js";
import { O_WRONLY } from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { failure, hasCode } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";
import { openInProc } from "./proc-file.js";

export interface IdMaps {
	readonly uidMappings: readonly IdMapping[];
	readonly gidMappings: readonly IdMapping[];
}

/** What uid_map and gid_map take: "containerID hostID size" per line. */
export function idMapText(mappings: readonly IdMapping[]): string {
	return mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join("");
}

/** The argv by which newuidmap(1) or newgidmap(1) writes the map of a process, for callers without privilege. */
export function idMapHelperArgs(
	helper: "newuidmap" | "newgidmap",
	pid: number,
	mappings: readonly IdMapping[],
): readonly string[] {
	const numbers = mappings.flatMap(({ containerID, hostID, size }) => [containerID, hostID, size]);
	return [helper, String(pid), ...numbers.map(String)];
}

/**
 * Writes both maps of a process in a new user namespace; `proc` is a procfs in which that pid is valid. A caller
 * without CAP_SETGID outside may map only its own ids, and only after it has given up setgroups(2) ("deny").
 */
export function writeIdMaps(proc: Fd, pid: number, maps: IdMaps, setgroups: "allow" | "deny"): void {
	if (setgroups === "deny") writeMapFile(proc, `${pid}/setgroups`, "deny");
	writeMapFile(proc, `${pid}/gid_map`, idMapText(maps.gidMappings));
	writeMapFile(proc, `${pid}/uid_map`, idMapText(maps.uidMappings));
}

function writeMapFile(proc: Fd, path: string, text: string): void {
	if (text === "") return;
	try {
		withFd(openInProc(proc, path, O_WRONLY), (fd) => sys.write(fd, text));
	} catch (error) {
		const hint = hintFor(error);
		throw failure("id-map-failed", `write ${JSON.stringify(text.trimEnd())} to "/proc/${path}"`, error, {
			stage: "id-maps",
			object: `/proc/${path}`,
			...(hint ? { hint } : {}),
		});
	}
}

function hintFor(error: unknown): string | undefined {
	if (hasCode(error, "EPERM"))
		return "without privilege, ids of /etc/subuid and /etc/subgid are mapped by newuidmap(1)";
	if (hasCode(error, "EINVAL")) return "the ranges must not overlap, must not be empty, and are 340 at most";
	return undefined;
}

/** The id outside of the one inside, undefined when it is not mapped. */
export function toHostId(mappings: readonly IdMapping[], containerId: number): number | undefined {
	const range = mappings.find(
		({ containerID, size }) => containerId >= containerID && containerId < containerID + size,
	);
	return range && range.hostID + containerId - range.containerID;
}
