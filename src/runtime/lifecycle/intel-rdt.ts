/** `linux.intelRdt` in a container's life: its resctrl groups, journalled before they are made, and what update changes. */
import { openCgroup } from "../../linux/cgroups/driver.js";
import {
	joinGroups,
	makeGroups,
	planResctrl,
	type ResctrlGroups,
	removeGroups,
	removeMadeGroups,
	setShares,
} from "../../linux/resctrl/group.js";
import { schemataLines } from "../../linux/resctrl/schemata.js";
import type { IntelRdt } from "../../spec/types.js";
import { AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_RDONLY } from "../../sys/constants.js";
import { hasCode } from "../../sys/errors.js";
import { withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import { appendJournal, type Journal } from "../state/journal.js";
import type { ContainerRecord } from "../state/record.js";
import { type StateDirectory, stageRecord } from "../state/store.js";
import type { Undo } from "../undo.js";

/** null without `linux.intelRdt`: then no resctrl is touched. */
export function makeResctrlGroups(
	rdt: IntelRdt | undefined,
	directory: StateDirectory,
	undo: Undo,
): ResctrlGroups | null {
	if (rdt === undefined) return null;
	const plan = planResctrl(rdt, directory.id);
	const { root, control, monitor, own, exists } = plan;
	appendJournal(directory.fd, { resctrl: { control, monitor, exists } });
	makeGroups(plan, undo.add);
	return { root, control, monitor, own };
}

/** At delete, when the processes have ended. */
export function removeResctrlGroups(record: ContainerRecord | null, { resctrl: made }: Journal): void {
	if (record?.resctrl) removeGroups(record.resctrl);
	else if (made) removeMadeGroups(made);
}

/**
 * `update`: new shares; for a container without a group in one of its own, into which all its threads go.
 *
 * @returns what writes that down
 */
export function updateShares(
	directory: StateDirectory,
	record: ContainerRecord,
	rdt: IntelRdt,
	undo: Undo,
): () => void {
	if (record.resctrl) {
		const { root, control } = record.resctrl;
		setShares(root, control, schemataLines(rdt), undo.add);
		return () => {};
	}
	const groups = makeResctrlGroups(rdt, directory, undo);
	if (groups !== null) moveThreads(record, groups);
	return stageRecord(directory, { ...record, resctrl: groups });
}

/** A thread that was not there yet has inherited the groups, unless what started it had not been moved. */
function moveThreads({ cgroup, pid }: ContainerRecord, groups: ResctrlGroups): void {
	const moved = new Set<string>();
	const left = () => {
		const pids = cgroup === null ? [pid] : openCgroup(cgroup).processes();
		return pids.flatMap(threadsOf).filter((thread) => !moved.has(thread));
	};
	for (let threads = left(); threads.length > 0; threads = left()) {
		for (const thread of threads) {
			moved.add(thread);
			joinGroups(groups, Number(thread), { mayHaveEnded: true });
		}
	}
}

function threadsOf(pid: number): readonly string[] {
	try {
		return withFd(sys.openat(AT_FDCWD, `/proc/${pid}/task`, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), (fd) => {
			const names: string[] = [];
			for (let some = sys.getdents64(fd); some.length > 0; some = sys.getdents64(fd)) {
				names.push(...some.map(({ name }) => name));
			}
			return names;
		});
	} catch (error) {
		if (hasCode(error, "ENOENT", "ESRCH")) return [];
		throw error;
	}
}
