/** From `linux.cgroupsPath` to directories (config-linux.md#cgroups-path). */
import { TsrunError } from "../../sys/errors.js";
import { parentOf } from "./control-files.js";
import type { CgroupLayout, Hierarchy } from "./detect.js";
import type { CgroupRecord } from "./driver.js";

export interface CgroupRequest {
	readonly cgroupsPath: string | undefined;
	readonly id: string;
}

/**
 * Where the container's cgroup goes in each hierarchy. An absolute path counts from the mount points. A relative
 * one, or the id when none is given, counts from our own cgroups; on v2 from their parent, because a cgroup with
 * processes, ours, cannot give controllers to its children. No ".." leaves the place it counts from.
 * @throws config-unsupported for the systemd form, config-invalid for the top itself, cgroup-failed when no cgroup file
 * system is mounted.
 */
export function planCgroup(layout: CgroupLayout, { cgroupsPath, id }: CgroupRequest): CgroupRecord {
	if (layout.version === 0) {
		throw new TsrunError("cgroup-failed", "no cgroup file system is mounted", {
			object: "/sys/fs/cgroup",
			hint: "mount -t cgroup2 none /sys/fs/cgroup",
		});
	}
	if (cgroupsPath !== undefined) refuseSystemdForm(cgroupsPath);
	const path = cleanPath(cgroupsPath || id);
	if (path === "") throw isTop(cgroupsPath ?? id);
	return recordAt(layout, layout.version, (hierarchy) => {
		if (cgroupsPath?.startsWith("/")) return path;
		const own = ownPlace(hierarchy);
		return `${layout.version === 2 ? parentOf(own) : own}${path}`;
	});
}

/** The cgroups that we are in ourselves, as a record: those of a container without cgroups of its own. */
export function ownCgroups(layout: CgroupLayout): CgroupRecord {
	return recordAt(layout, layout.version === 2 ? 2 : 1, ownPlace);
}

function recordAt(layout: CgroupLayout, version: 1 | 2, place: (hierarchy: Hierarchy) => string): CgroupRecord {
	const paths: Record<string, string> = {};
	for (const hierarchy of layout.hierarchies) {
		for (const key of hierarchy.keys) paths[key] = `${hierarchy.mountPoint}${place(hierarchy)}`;
	}
	const unified = layout.hierarchies.find((hierarchy) => hierarchy.version === 2);
	return { version, paths, unifiedMountPoint: unified?.mountPoint ?? "" };
}

/** Our own cgroup below the mount point: "" for its top, else "/a/b". */
function ownPlace({ own, root }: Hierarchy): string {
	const path = cleanPath(own);
	const top = cleanPath(root);
	// a mount that shows another part of the tree than ours: its top is the only place we know in it
	return path === top || path.startsWith(`${top}/`) ? path.slice(top.length) : "";
}

/** "/a/b" without ".", ".." and doubled slashes; "" for the top. */
export function cleanPath(path: string): string {
	const parts: string[] = [];
	for (const part of path.split("/")) {
		if (part === "..") parts.pop();
		else if (part !== "" && part !== ".") parts.push(part);
	}
	return parts.map((part) => `/${part}`).join("");
}

/** It has processes of others, and removing it would remove the cgroups of others. */
function isTop(cgroupsPath: string): TsrunError {
	return new TsrunError("config-invalid", `cgroupsPath "${cgroupsPath}" leaves no name for the container's cgroup`, {
		object: cgroupsPath,
		jsonPath: "$.linux.cgroupsPath",
		hint: "give a path like /containers/name",
	});
}

function refuseSystemdForm(cgroupsPath: string): void {
	if (!/^[^/:]*:[^/:]*:[^/:]*$/.test(cgroupsPath)) return;
	throw new TsrunError("config-unsupported", `cgroupsPath "${cgroupsPath}" is of the form "slice:prefix:name"`, {
		object: cgroupsPath,
		jsonPath: "$.linux.cgroupsPath",
		hint: "that form is for --systemd-cgroup: add the flag, or give a path like /containers/name",
	});
}
