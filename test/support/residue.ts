/**
 * What one of many interrupted calls left, found in a millisecond: once a container of the test has been seen, it is
 * known where another of the same id would have its things. The fixture's thorough look comes at the test's end.
 */
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { allPids, findLeaks, findProcesses, mountsOf, removeLeaks } from "./leaks.js";
import { stopAt } from "./paths.js";
import type { Runtime } from "./runtime.js";
import { waitFor } from "./wait.js";

export interface Residue {
	/** One line for each thing that is there, and not only on its way out. */
	readonly list: () => Promise<string[]>;
	/** The same, and takes it away. */
	readonly clear: () => Promise<string[]>;
}

/** To be called while the container exists whose traces are to be known, and no process or mount that is to be found. */
export function knowTracesOf(id: string, runtime: Runtime, folder: string): Residue {
	const mark = basename(folder);
	const cgroups = findLeaks(folder).cgroups.filter((cgroup) => cgroup.endsWith(`/${id}`));
	const known = new Set(allPids());
	const mounted = new Set(mountsOf("self").map(({ point }) => point));
	const look = () => [
		...findProcesses(mark, known)
			// the tracer leaves last; and what has given up its memory, and with it its command line, is on its way out
			.filter(({ command }) => command !== "" && !command.startsWith(stopAt))
			.map(({ pid, command }) => `process ${pid}: ${command}`),
		...cgroups.filter((cgroup) => existsSync(cgroup)).map((cgroup) => `cgroup ${cgroup}`),
		...mountsOf("self")
			.filter(({ point }) => point.includes(mark) && !mounted.has(point))
			.map(({ point }) => `mount ${point}`),
		...readdirSync(runtime.root)
			.filter((name) => name.startsWith(id))
			.map((name) => `state ${name}: ${readdirSync(join(runtime.root, name))}`),
		...readdirSync(join(folder, "tmp")).map((name) => `file ${name}`),
	];
	const list = async () => {
		await waitFor(() => look().length === 0, { what: "nothing to be left" }).catch(() => {});
		return look();
	};
	return {
		list,
		clear: async () => {
			const left = await list();
			if (left.length > 0) {
				await removeLeaks(folder);
				runtime("delete", "--force", id);
			}
			return left;
		},
	};
}
