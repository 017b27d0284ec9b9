/**
 * A container's status, derived from the kernel each time it is asked, never believed from a file: is the recorded
 * process alive, has it executed a program, is its cgroup frozen? (runtime.md#state; "paused" is ours and runc's.)
 */
import { openCgroup } from "../linux/cgroups/driver.js";
import { type ProcessStat, processStat } from "../linux/proc.js";
import { TsrunError } from "../sys/errors.js";
import type { Host } from "./host.js";
import { isAlive, readJournal } from "./state/journal.js";
import type { ContainerRecord } from "./state/record.js";
import { containerMissing, findStateDirectory, isInPlace, readRecord, type StateDirectory } from "./state/store.js";

export type Status = "creating" | "created" | "running" | "paused" | "stopped";

/** A container as found: its folder, its record (null: never completed) and what it is doing. */
export interface Container {
	readonly directory: StateDirectory;
	readonly record: ContainerRecord | null;
	readonly status: Status;
}

/** Throws container-missing. */
export function findContainer(host: Host, id: string): Container {
	const directory = findStateDirectory(host, id);
	const container = directory === null ? null : describe(directory);
	if (container === null) throw containerMissing(host, id);
	return container;
}

/** null when it is deleted while we look. */
export function describe(directory: StateDirectory): Container | null {
	const record = readRecord(directory);
	if (record !== null) return { directory, record, status: statusOf(record) };
	if (isAlive(readJournal(directory.fd).creator)) return { directory, record, status: "creating" };
	// whoever creates it has died, or has just completed it; or the files are gone because somebody removes them
	const late = readRecord(directory);
	if (!isInPlace(directory)) return null;
	return { directory, record: late, status: late === null ? "stopped" : statusOf(late) };
}

export function statusOf(record: ContainerRecord): Status {
	const stat = processStat(record.pid);
	if (stat === null || stat.startTime !== record.startTime || stat.state === "Z" || stat.state === "X")
		return "stopped";
	if (record.cgroup !== null && openCgroup(record.cgroup).isFrozen()) return "paused";
	return waitsForStart(record, stat) ? "created" : "running";
}

/** Whether the process still is the runtime's. One that was restored has executed nothing either, and is the program. */
export function waitsForStart({ restored }: ContainerRecord, { neverExecuted }: ProcessStat): boolean {
	return neverExecuted && !restored;
}

/** For verbs that need a whole container: one whose creation has not ended, or was cut short, is refused. */
export function completeContainer(host: Host, id: string): Container & { readonly record: ContainerRecord } {
	const container = findContainer(host, id);
	if (container.record !== null) return { ...container, record: container.record };
	const creating = container.status === "creating";
	throw new TsrunError(
		"container-status",
		creating ? `container ${id} is still being created` : `container ${id} was never completely created`,
		{ object: id, hint: creating ? "wait until create has ended" : `remove what is left of it: delete --force ${id}` },
	);
}
