/** Making a container's cgroup: all directories or none, and never in one that somebody else uses. */
import { attempt, failure, isSysError, TsrunError } from "../../sys/errors.js";
import { fillCpuset } from "./cpuset.js";
import type { CgroupRecord } from "./driver.js";
import { processesBelow } from "./members.js";
import { makeDirectory, tryRemove } from "./tree.js";
import { isUnprivileged } from "./user-namespace.js";
import { enableControllers } from "./v2/controllers.js";

/** What refuses an unprivileged user. */
const denials = ["EACCES", "EPERM", "EROFS"];

export interface Created {
	/** Whether none of the directories existed before. */
	readonly isNew: boolean;
}

/**
 * @param directories those of the record, each once
 * @param isFrozen whether the cgroup is frozen, asked only of one that existed
 * @returns null when `optional` and not permitted
 */
export function createDirectories(
	record: CgroupRecord,
	directories: readonly string[],
	optional: boolean,
	isFrozen: () => boolean,
): Created | null {
	const made: string[] = [];
	try {
		const existing = directories.filter((directory) => !make(directory, made));
		if (existing.length > 0) refuseUsed(existing, isFrozen);
		if (record.paths.cpuset !== undefined) fillCpuset(record.paths.cpuset, made);
		if (record.version === 2) enableControllers(record.unifiedMountPoint, record.paths[""] ?? "");
		return { isNew: existing.length === 0 };
	} catch (error) {
		for (const directory of made.reverse()) tryRemove(directory);
		if (optional && isDenied(error)) return null;
		throw error;
	}
}

function make(directory: string, made: string[]): boolean {
	try {
		return makeDirectory(directory, made);
	} catch (error) {
		throw mkdirFailure(directory, error);
	}
}

function isDenied(error: unknown): boolean {
	return error instanceof TsrunError && denials.includes(error.details.errno ?? "");
}

/** The words that callers know from runc. */
function mkdirFailure(directory: string, error: unknown): unknown {
	if (!isSysError(error)) return error;
	const denied = error.code === "EACCES" || error.code === "EPERM";
	const rootless = denied && isUnprivileged();
	const why = rootless ? "rootless needs no limits + no cgrouppath when no permission is granted for cgroups: " : "";
	return failure("cgroup-failed", `unable to apply cgroup configuration: ${why}mkdir "${directory}"`, error, {
		stage: "cgroup",
		object: directory,
		...(hint(error.code, rootless) && { hint: hint(error.code, rootless) }),
	});
}

function hint(code: string, rootless: boolean): string {
	if (code === "EROFS") return "the cgroup file system is mounted read-only: mount it writable for the runtime";
	if (rootless) {
		return "leave cgroupsPath and resources out, or have a cgroup delegated (systemd: Delegate=yes, systemd-run --user --scope)";
	}
	// cgroup v2 bounds what one may make below a cgroup
	if (code === "EAGAIN") return "a cgroup above is full: look at its cgroup.max.descendants and cgroup.max.depth";
	return "";
}

function refuseUsed(existing: readonly string[], isFrozen: () => boolean): void {
	const pids = new Set(existing.flatMap(processesBelow));
	if (pids.size > 0) {
		throw new TsrunError("cgroup-in-use", `container's cgroup is not empty: ${pids.size} process(es) found`, {
			stage: "cgroup",
			object: existing[0] ?? "",
			hint: "something else runs there: choose another cgroupsPath, or end those processes",
		});
	}
	if (attempt("cgroup-failed", `read the state of ${existing[0]}`, isFrozen)) {
		throw new TsrunError("cgroup-in-use", "container's cgroup unexpectedly frozen", {
			stage: "cgroup",
			object: existing[0] ?? "",
			hint: "thaw it: a process started there would never run",
		});
	}
}
