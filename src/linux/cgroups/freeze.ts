/** Freezing a container's cgroup, in whichever hierarchy its freezer is. */
import { failure, hasCode, TsrunError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import { directoryOf, versionOf } from "./apply.js";
import type { CgroupRecord } from "./driver.js";
import { processesBelow } from "./members.js";
import * as v1 from "./v1/freezer.js";
import * as v2 from "./v2/freezer.js";
import { startClock } from "./waiting.js";

/** Most processes freeze at once; one that waits for a disk or a network file system does not. */
const freezeTime = 10_000;

/** Thawing waits for nothing but the kernel's own notice. */
const thawTime = 2000;

/** @throws cgroup-failed when there is no freezer, or some process does not freeze in time; it is thawed then. */
export function freezeCgroup(record: CgroupRecord): void {
	const directory = directoryOf(record, "freezer");
	if (directory === undefined) {
		throw new TsrunError("cgroup-failed", "freeze: the freezer controller is not mounted", {
			stage: "cgroup",
			hint: "mount -t cgroup -o freezer cgroup /sys/fs/cgroup/freezer",
		});
	}
	refuseOurOwn(directory);
	const { freeze } = versionOf(record, "freezer") === 1 ? v1 : v2;
	if (attemptFreeze(record, directory, () => freeze(directory, startClock(freezeTime)))) return;
	thawCgroup(record);
	throw new TsrunError("cgroup-failed", `freeze ${directory}: not frozen within ${freezeTime / 1000} seconds`, {
		stage: "cgroup",
		object: directory,
		hint: "a process in it waits inside the kernel (state D in ps), for a disk or a network file system",
	});
}

/** We would stop in the middle of it, and nobody would thaw us. */
function refuseOurOwn(directory: string): void {
	if (!processesBelow(directory).includes(sys.getpid())) return;
	throw new TsrunError("cgroup-in-use", `freeze ${directory}: the runtime itself is in that cgroup`, {
		stage: "cgroup",
		object: directory,
		hint: "call it from another cgroup: what calls it must not be in the container's",
	});
}

/** What fails half-way may have stopped processes already. */
function attemptFreeze(record: CgroupRecord, directory: string, step: () => boolean): boolean {
	try {
		return step();
	} catch (error) {
		tryThaw(record);
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

/** The first error is the one that is told. */
function tryThaw(record: CgroupRecord): void {
	try {
		thawCgroup(record);
	} catch {
		// the cgroup is out of reach
	}
}

/** @throws cgroup-failed when it does not go on after {@link thawCgroup}. */
export function awaitThawed(record: CgroupRecord): void {
	const directory = directoryOf(record, "freezer");
	if (directory === undefined) return;
	const { isThawed } = versionOf(record, "freezer") === 1 ? v1 : v2;
	if (isThawed(directory, startClock(thawTime))) return;
	throw new TsrunError("cgroup-failed", `thaw ${directory}: it is still frozen`, {
		stage: "cgroup",
		object: directory,
		hint: "a cgroup above it is frozen: thaw that",
	});
}

export function isCgroupFrozen(record: CgroupRecord): boolean {
	const directory = directoryOf(record, "freezer");
	if (directory === undefined) return false;
	return (versionOf(record, "freezer") === 1 ? v1 : v2).isFrozen(directory);
}
