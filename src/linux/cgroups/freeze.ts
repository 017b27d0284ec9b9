/** Freezing a container's cgroup, in whichever hierarchy its freezer is. */
import { failure, hasCode, TsrunError } from "../../sys/errors.js";
import { directoryOf, versionOf } from "./apply.js";
import type { CgroupRecord } from "./driver.js";
import * as v1 from "./v1/freezer.js";
import * as v2 from "./v2/freezer.js";
import { startClock } from "./waiting.js";

/** Most processes freeze at once; one that waits for a disk or a network file system does not. */
const freezeTime = 10_000;

/** @throws cgroup-failed when there is no freezer, or some process does not freeze in time; it is thawed then. */
export function freezeCgroup(record: CgroupRecord): void {
	const directory = directoryOf(record, "freezer");
	if (directory === undefined) {
		throw new TsrunError("cgroup-failed", "freeze: the freezer controller is not mounted", {
			stage: "cgroup",
			hint: "mount -t cgroup -o freezer cgroup /sys/fs/cgroup/freezer",
		});
	}
	const { freeze } = versionOf(record, "freezer") === 1 ? v1 : v2;
	if (attemptFreeze(directory, () => freeze(directory, startClock(freezeTime)))) return;
	thawCgroup(record);
	throw new TsrunError("cgroup-failed", `freeze ${directory}: not frozen within ${freezeTime / 1000} seconds`, {
		stage: "cgroup",
		object: directory,
		hint: "a process in it waits inside the kernel (state D in ps), for a disk or a network file system",
	});
}

function attemptFreeze(directory: string, step: () => boolean): boolean {
	try {
		return step();
	} catch (error) {
		const hint = hasCode(error, "ENOENT") ? "the cgroup is gone, or the kernel is older than 5.2" : "";
		throw failure("cgroup-failed", `freeze ${directory}`, error, {
			stage: "cgroup",
			object: directory,
			...(hint && { hint }),
		});
	}
}

/** A cgroup that is gone is fine. */
export function thawCgroup(record: CgroupRecord): void {
	const directory = directoryOf(record, "freezer");
	if (directory === undefined) return;
	const { thaw } = versionOf(record, "freezer") === 1 ? v1 : v2;
	try {
		thaw(directory);
	} catch (error) {
		throw failure("cgroup-failed", `thaw ${directory}`, error, { stage: "cgroup", object: directory });
	}
}

export function isCgroupFrozen(record: CgroupRecord): boolean {
	const directory = directoryOf(record, "freezer");
	if (directory === undefined) return false;
	return (versionOf(record, "freezer") === 1 ? v1 : v2).isFrozen(directory);
}
