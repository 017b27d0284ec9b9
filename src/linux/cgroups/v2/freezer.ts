/** Freezing on cgroup v2, since Linux 5.2: cgroup.freeze (Documentation/admin-guide/cgroup-v2.rst). */
import { hasCode } from "../../../sys/errors.js";
import { readValueIfPresent, writeControl } from "../control-files.js";
import { type TimeLeft, waitForEvent } from "../waiting.js";

/** False when the time is over; some process sleeps where no signal reaches it. */
export function freeze(directory: string, left: TimeLeft): boolean {
	writeControl(directory, "cgroup.freeze", "1");
	return waitForEvent(directory, "frozen 1", left);
}

export function thaw(directory: string): void {
	try {
		writeControl(directory, "cgroup.freeze", "0");
	} catch (error) {
		if (!hasCode(error, "ENOENT", "ENODEV")) throw error;
	}
}

/** False when a cgroup above keeps it frozen until the time is over. One that is gone is thawed. */
export function isThawed(directory: string, left: TimeLeft): boolean {
	try {
		return waitForEvent(directory, "frozen 0", left);
	} catch (error) {
		if (hasCode(error, "ENOENT", "ENODEV")) return true;
		throw error;
	}
}

/** Whether it was asked to freeze; the root cgroup and old kernels have no such file. */
export function isFrozen(directory: string): boolean {
	return readValueIfPresent(directory, "cgroup.freeze") === "1";
}
