/** Making and removing cgroup directories. */
import { AT_FDCWD, AT_REMOVEDIR } from "../../sys/constants.js";
import { failure, hasCode, TsrunError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import { parentOf } from "./control-files.js";
import { childrenOf, processesBelow } from "./members.js";
import { pause, type TimeLeft, waitForEnd, waitForEvent } from "./waiting.js";

/**
 * mkdir -p. What it made is appended to `made`, outermost first, so that it can be undone.
 * @returns whether the directory is new. Kernel errors as they come.
 */
export function makeDirectory(directory: string, made: string[]): boolean {
	try {
		sys.mkdirat(AT_FDCWD, directory, 0o755);
	} catch (error) {
		if (hasCode(error, "EEXIST")) return false;
		if (!hasCode(error, "ENOENT")) throw error;
		makeDirectory(parentOf(directory), made);
		return makeDirectory(directory, made);
	}
	made.push(directory);
	return true;
}

/**
 * Removes a cgroup and those below it; what is missing is fine. Processes that are about to end are waited for.
 * @throws cgroup-failed when the time is over or the kernel refuses.
 */
export function removeTree(directory: string, left: TimeLeft): void {
	for (let milliseconds = 1; ; milliseconds = Math.min(2 * milliseconds, 50)) {
		const refusal = tryRemove(directory);
		if (refusal === null) return;
		if (!hasCode(refusal, "EBUSY", "ENOTEMPTY")) throw failure("cgroup-failed", `remove cgroup ${directory}`, refusal);
		const children = childrenOf(directory);
		for (const child of children) removeTree(child, left);
		if (children.length > 0) continue;
		if (left() === 0) throw stillBusy(directory);
		waitUntilEmpty(directory, left, milliseconds);
	}
}

/** rmdir(2); null when it is gone, else the error. */
export function tryRemove(directory: string): unknown {
	try {
		sys.unlinkat(AT_FDCWD, directory, AT_REMOVEDIR);
		return null;
	} catch (error) {
		if (hasCode(error, "ENOENT", "ENODEV")) return null;
		// a read-only file system says EROFS even of what does not exist
		if (hasCode(error, "EROFS", "EACCES", "EPERM") && !exists(directory)) return null;
		return error;
	}
}

function exists(directory: string): boolean {
	try {
		sys.fstatat(AT_FDCWD, directory, 0);
		return true;
	} catch (error) {
		if (hasCode(error, "ENOENT")) return false;
		throw error;
	}
}

/** v2 gives notice when a cgroup runs empty; on v1 the processes' own ends are watched. */
function waitUntilEmpty(directory: string, left: TimeLeft, milliseconds: number): void {
	try {
		if (waitForEvent(directory, "populated 0", left)) pause(milliseconds);
		return;
	} catch (error) {
		if (!hasCode(error, "ENOENT", "ENODEV")) throw error;
	}
	const pids = processesBelow(directory);
	if (pids.length > 0) waitForEnd(pids, left);
	// ended, but not yet off the cgroup's list
	else pause(milliseconds);
}

function stillBusy(directory: string): TsrunError {
	const pids = processesBelow(directory);
	return new TsrunError("cgroup-failed", `remove cgroup ${directory}: device or resource busy`, {
		stage: "cgroup",
		object: directory,
		errno: "EBUSY",
		hint:
			pids.length > 0 ? `still in it: ${pids.join(", ")}` : "its processes have ended but the kernel still holds it",
	});
}
