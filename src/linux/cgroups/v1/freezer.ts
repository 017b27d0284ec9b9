/** Freezing on cgroup v1: freezer.state (Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst). */
import { hasCode } from "../../../sys/errors.js";
import { readValue, readValueIfPresent, writeControl } from "../control-files.js";
import { pause, type TimeLeft } from "../waiting.js";

/**
 * False when the time is over; some process sleeps where no signal reaches it. The kernel gives no notice, and one
 * that forks while it freezes can stay FREEZING until it is asked again, so it is asked again.
 */
export function freeze(directory: string, left: TimeLeft): boolean {
	for (let milliseconds = 1; ; milliseconds = Math.min(2 * milliseconds, 20)) {
		writeControl(directory, "freezer.state", "FROZEN");
		if (readValue(directory, "freezer.state") === "FROZEN") return true;
		if (left() === 0) return false;
		pause(milliseconds);
	}
}

export function thaw(directory: string): void {
	try {
		writeControl(directory, "freezer.state", "THAWED");
	} catch (error) {
		if (!hasCode(error, "ENOENT", "ENODEV")) throw error;
	}
}

/** False when a cgroup above keeps it frozen. One that is gone is thawed. */
export function isThawed(directory: string): boolean {
	return (readValueIfPresent(directory, "freezer.state") ?? "THAWED") === "THAWED";
}

/** FREEZING counts: it was asked for. */
export function isFrozen(directory: string): boolean {
	const state = readValueIfPresent(directory, "freezer.state");
	return state === "FROZEN" || state === "FREEZING";
}
