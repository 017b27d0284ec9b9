/**
 * The journal of a creation: what is about to be made is written down before it is made, so that after a crash at
 * any point `delete --force` finds everything. One JSON object per line; a torn last line was never acted upon.
 */

import type { CgroupRecord } from "../../linux/cgroups/driver.js";
import { type ProcessStat, processStat } from "../../linux/proc.js";
import type { MadeGroups } from "../../linux/resctrl/group.js";
import type { HostRoot } from "../../linux/rootfs.js";
import { O_APPEND, O_CLOEXEC, O_CREAT, O_WRONLY } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { attempt, hasCode } from "../../sys/errors.js";
import { readFileAt, withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import type { LifeEvent } from "../history/life.js";

export const journalFile = "journal";

export interface ProcessIdentity {
	readonly pid: number;
	readonly startTime: number;
}

/** Every kind of line. Absent members: that step was not reached. */
export interface Journal {
	/** Who creates the container. */
	readonly creator?: ProcessIdentity;
	readonly cgroup?: CgroupRecord;
	/** Of a container with `linux.intelRdt`. */
	readonly resctrl?: MadeGroups;
	/** Of a container without a mount namespace of its own. */
	readonly hostRoot?: HostRoot;
	/** The container's first process, whose pid is known only after clone: its parent's death kills it until then. */
	readonly init?: ProcessIdentity;
	/** Who makes the processes of a container that is restored. */
	readonly criu?: ProcessIdentity;
	/** Made by run, which starts it at once. */
	readonly run?: true;
	/** What was done to it since, in order. */
	readonly events?: readonly LifeEvent[];
}

export function appendJournal(directory: Fd, step: Journal): void {
	attempt("state-failed", "write the container's journal", () =>
		withFd(sys.openat(directory, journalFile, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600), (fd) =>
			sys.write(fd, `${JSON.stringify(step)}\n`),
		),
	);
}

export function readJournal(directory: Fd): Journal {
	let journal: Journal = {};
	for (const line of readIfPresent(directory).split("\n")) {
		try {
			if (line !== "") journal = merge(journal, JSON.parse(line) as Line);
		} catch {
			// the line was being written when its writer died
		}
	}
	return journal;
}

/** Events come one by one (history/note.ts). */
type Line = Omit<Journal, "events"> & { readonly event?: LifeEvent };

/** A cgroup is made in up to two steps, each with its own paths. */
function merge(journal: Journal, { event, ...step }: Line): Journal {
	if (event) return { ...journal, events: [...(journal.events ?? []), event] };
	if (!journal.cgroup || !step.cgroup) return { ...journal, ...step };
	return { ...journal, cgroup: { ...step.cgroup, paths: { ...journal.cgroup.paths, ...step.cgroup.paths } } };
}

function readIfPresent(directory: Fd): string {
	try {
		return readFileAt(directory, journalFile);
	} catch (error) {
		if (hasCode(error, "ENOENT")) return "";
		throw error;
	}
}

export function ourIdentity(): ProcessIdentity {
	const pid = sys.getpid();
	return { pid, startTime: processStat(pid)?.startTime ?? 0 };
}

/** True when that very process still lives. */
export function isAlive(process: ProcessIdentity | undefined): boolean {
	return process !== undefined && livesBy(processStat(process.pid), process);
}

/** The same by what /proc/PID/stat was found to say. */
export function livesBy(stat: ProcessStat | null, { startTime }: ProcessIdentity): boolean {
	return stat?.startTime === startTime && stat.state !== "Z" && stat.state !== "X";
}
