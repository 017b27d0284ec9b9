/** Controllers on cgroup v2: each level hands on to its children what is in its cgroup.subtree_control. */
import { hasCode, isSysError } from "../../../sys/errors.js";
import { readValueIfPresent, readWords, writeControl } from "../control-files.js";

/**
 * Hands the controllers of the mount point down to `directory`, where they are not there yet. Engines read usage
 * also where nothing is limited, so by default it is all of them. Refusals are left out here: whoever then misses
 * a control file is told why.
 */
export function enableControllers(mountPoint: string, directory: string, wanted?: readonly string[]): void {
	const missing = without(wanted ?? readWords(mountPoint, "cgroup.controllers"), directory);
	if (missing.length === 0) return;
	let parent = mountPoint;
	for (const name of directory.slice(mountPoint.length + 1).split("/")) {
		const child = `${parent}/${name}`;
		const lacking = without(missing, child);
		if (lacking.length > 0) {
			// some could be handed down all the same, but then no process could enter the child: "domain invalid"
			if (holdsProcesses(parent)) return;
			handDown(parent, lacking);
		}
		parent = child;
	}
}

/** Such a cgroup gives nothing to its children (cgroups(7), "no internal processes"); the root, which has no type, may. */
export function holdsProcesses(directory: string): boolean {
	if (readValueIfPresent(directory, "cgroup.type") === null) return false;
	try {
		return readValueIfPresent(directory, "cgroup.procs") !== "";
	} catch (error) {
		// a threaded cgroup
		if (hasCode(error, "EOPNOTSUPP")) return true;
		throw error;
	}
}

function without(controllers: readonly string[], directory: string): readonly string[] {
	const there = readWords(directory, "cgroup.controllers");
	return controllers.filter((controller) => !there.includes(controller));
}

/** All in one write; one that cannot be had must not keep the others away. */
function handDown(directory: string, controllers: readonly string[]): void {
	if (tryWrite(directory, controllers) || controllers.length === 1) return;
	for (const controller of controllers) tryWrite(directory, [controller]);
}

function tryWrite(directory: string, controllers: readonly string[]): boolean {
	try {
		writeControl(directory, "cgroup.subtree_control", controllers.map((name) => `+${name}`).join(" "));
		return true;
	} catch (error) {
		if (isSysError(error)) return false;
		throw error;
	}
}
