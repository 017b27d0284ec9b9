/**
 * The cgroupfs driver: cgroups made and set by directories and files alone. One implementation serves v1, v2 and the
 * hybrid of both, because each controller is in just one hierarchy and brings its version along.
 */
import { AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_PATH } from "../../sys/constants.js";
import { attempt, failure, isSysError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import { applyResources, directoryOf } from "./apply.js";
import { writeControl } from "./control-files.js";
import { createDirectories } from "./create.js";
import type { Cgroup, CgroupRecord } from "./driver.js";
import { addingPid, joinHint } from "./explain.js";
import { freezeCgroup, isCgroupFrozen, thawCgroup } from "./freeze.js";
import { killCgroup } from "./kill.js";
import { processesBelow } from "./members.js";
import { delegate } from "./ownership.js";
import { removeTree } from "./tree.js";
import { startClock } from "./waiting.js";

/** How long processes that were killed may take to end; a kernel that writes out memory can take seconds. */
const removeTime = 10_000;

export function openCgroupfs(record: CgroupRecord): Cgroup {
	// co-mounted controllers (cpu,cpuacct) share a directory
	const directories = [...new Set(Object.values(record.paths))];
	const unified = record.paths[""];
	// any hierarchy lists all processes; the container's devices one is the least likely to be rearranged from inside
	const census = directoryOf(record, "devices") ?? directories[0] ?? "";
	let isNew = false;
	return {
		record,
		create({ optional = false } = {}) {
			const created = createDirectories(record, directories, optional, () => isCgroupFrozen(record));
			isNew = created?.isNew ?? false;
			return created !== null;
		},
		joinFd() {
			if (unified === undefined) return -1;
			const flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
			return attempt("cgroup-failed", `${addingPid(sys.getpid())} open ${unified}/cgroup.procs`, () =>
				sys.openat(AT_FDCWD, unified, flags, 0),
			);
		},
		enter() {
			for (const directory of directories) if (directory !== unified) join(directory, "tasks", "0");
		},
		add(pid) {
			for (const directory of directories) join(directory, "cgroup.procs", `${pid}`);
		},
		apply(resources) {
			applyResources(record, resources, isNew);
			isNew = false;
		},
		changeOwner(uid) {
			if (record.version === 2 && unified !== undefined) delegate(unified, uid);
		},
		destroy() {
			const left = startClock(removeTime);
			for (const directory of directories) removeTree(directory, left);
		},
		processes: () => processesBelow(census),
		freeze: () => freezeCgroup(record),
		thaw: () => thawCgroup(record),
		isFrozen: () => isCgroupFrozen(record),
		kill: (signal) => killCgroup(record, census, signal),
	};
}

/** 0 is the process that writes. */
function join(directory: string, file: "cgroup.procs" | "tasks", pid: string): void {
	try {
		writeControl(directory, file, pid);
	} catch (error) {
		if (!isSysError(error)) throw error;
		const hint = joinHint(directory, error.code);
		throw failure("cgroup-failed", `${addingPid(pid === "0" ? sys.getpid() : pid)} write ${directory}/${file}`, error, {
			stage: "cgroup",
			object: directory,
			...(hint && { hint }),
		});
	}
}
