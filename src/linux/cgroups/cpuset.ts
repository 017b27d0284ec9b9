/** `resources.cpu.cpus` and `.mems`, whose files have the same names in both versions (cpuset(7)). */
import type { CpuResources } from "../../spec/types.js";
import { attempt } from "../../sys/errors.js";
import { parentOf, readValue, writeControl } from "./control-files.js";
import type { Write } from "./writes.js";

/** Empty lists are unset. */
export function cpusetWrites({ cpus, mems }: CpuResources): readonly Write[] {
	return [
		...(cpus ? [{ file: "cpuset.cpus", value: cpus }] : []),
		...(mems ? [{ file: "cpuset.mems", value: mems }] : []),
	];
}

/**
 * A new v1 cpuset has neither CPUs nor memory nodes and takes no process: it gets those of its parent. `made` are
 * the directories known to be new; what others made is looked at first, and filled likewise when it is empty.
 */
export function fillCpuset(directory: string, made: readonly string[]): void {
	attempt("cgroup-failed", `copy the CPUs and memory nodes of its parent to ${directory}`, () => {
		inherit(directory, "cpuset.cpus", made);
		inherit(directory, "cpuset.mems", made);
	});
}

function inherit(directory: string, file: string, made: readonly string[]): string {
	const own = made.includes(directory) ? "" : readValue(directory, file);
	if (own !== "") return own;
	const value = inherit(parentOf(directory), file, made);
	writeControl(directory, file, value);
	return value;
}
