/** `exec --cgroup [CONTROLLER[,…]:]PATH`: cgroups below the container's own. */
import { TsrunError } from "../../sys/errors.js";
import { readFile } from "../../sys/files.js";
import type { CgroupRecord } from "./driver.js";
import { cleanPath } from "./path.js";

/**
 * The record with the directories that the arguments move below the container's.
 * @throws usage for a path that leaves the cgroup, an unknown or repeated controller, a missing prefix.
 */
export function subCgroup(record: CgroupRecord, requests: readonly string[]): CgroupRecord {
	const moved = new Map<string, string>();
	for (const request of requests) {
		const { keys, path } = split(record, request, requests.length > 1);
		for (const key of keys) {
			if (moved.has(key)) throw invalid(request, `controller ${key} specified multiple times`);
			moved.set(key, below(record, key, path));
		}
	}
	return { ...record, paths: { ...record.paths, ...Object.fromEntries(moved) } };
}

/** Where a process is below the v2 cgroup of the record, as an argument of `--cgroup`; null when it is not. */
export function placeBelow({ version, paths, unifiedMountPoint }: CgroupRecord, pid: number): string | null {
	const own = version === 2 ? paths[""]?.slice(unifiedMountPoint.length) : undefined;
	const line = readFile(`/proc/${pid}/cgroup`)
		.split("\n")
		.find((each) => each.startsWith("0::"));
	const below = own === undefined ? undefined : line?.split(`${own}/`)[1];
	return below === undefined ? null : `/${below}`;
}

/** Without a prefix the path is for all hierarchies; of a hybrid, whose containers see v1 alone, for those. */
function split(record: CgroupRecord, request: string, several: boolean): { keys: readonly string[]; path: string } {
	const colon = request.indexOf(":");
	if (colon < 0) {
		if (several) throw invalid(request, "missing <controller>: prefix");
		const keys = Object.keys(record.paths).filter((key) => key !== "" || record.version === 2);
		return { keys, path: request };
	}
	const keys = request.slice(0, colon).split(",");
	if (keys.includes("")) throw invalid(request, "empty <controller> prefix");
	return { keys, path: request.slice(colon + 1) };
}

function below(record: CgroupRecord, key: string, path: string): string {
	const directory = record.paths[key];
	if (directory === undefined) {
		throw new TsrunError("usage", `unknown controller ${key}`, {
			object: key,
			hint: `the container's are: ${Object.keys(record.paths).filter(Boolean).join(", ")}`,
		});
	}
	if (path.split("/").includes(".."))
		throw new TsrunError("usage", `bad sub cgroup path: ${path} is not a sub cgroup path`, { object: path });
	return `${directory}${cleanPath(path)}`;
}

function invalid(request: string, why: string): TsrunError {
	return new TsrunError("usage", `invalid --cgroup argument: ${request} (${why})`, { object: request });
}
