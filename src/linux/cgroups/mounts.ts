/** What a container sees at a mount of type `cgroup`: the list of mounts and links that make it. */
import { MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY } from "../../sys/constants.js";
import type { CgroupLayout, Hierarchy } from "./detect.js";
import type { CgroupRecord } from "./driver.js";
import { ownCgroups } from "./path.js";

/** One step; `target` is below the mount's destination, "" the destination itself, made as a directory when missing. */
export type CgroupMount = NewCgroupMount | BindCgroupMount | CgroupLink | CgroupRemount;

export interface NewCgroupMount {
	readonly kind: "mount";
	readonly target: string;
	readonly type: "cgroup" | "cgroup2" | "tmpfs";
	readonly source: string;
	/** MS_*. */
	readonly flags: number;
	readonly data: string;
	/** In its place when it fails with EPERM or EBUSY, as it does in a user namespace. */
	readonly otherwise?: BindCgroupMount;
}

/** A bind takes its flags by a second mount(2) with MS_REMOUNT. */
export interface BindCgroupMount {
	readonly kind: "bind";
	readonly target: string;
	readonly source: string;
	readonly flags: number;
}

export interface CgroupLink {
	readonly kind: "symlink";
	readonly target: string;
	/** What it points at, relative to the destination. */
	readonly to: string;
}

/** The destination itself gets other flags: MS_REMOUNT | MS_BIND | `flags`. */
export interface CgroupRemount {
	readonly kind: "remount";
	readonly target: "";
	readonly flags: number;
}

export interface CgroupMountRequest {
	/** Whether the container has a cgroup namespace of its own: its cgroup is the root then. */
	readonly cgroupNamespace: boolean;
	/** MS_* flags of the mount's options. */
	readonly flags: number;
}

const tight = MS_NOSUID | MS_NODEV | MS_NOEXEC;

/**
 * v2: one mount. v1: a tmpfs with a mount per hierarchy, `cpu → cpu,cpuacct` links where one holds several
 * controllers, and at last the tmpfs made read-only if asked. Without a cgroup namespace the container's own
 * cgroup is bound in the place of the whole tree.
 */
export function cgroupMounts(
	layout: CgroupLayout,
	record: CgroupRecord,
	{ cgroupNamespace, flags }: CgroupMountRequest,
): readonly CgroupMount[] {
	if (record.version === 2) {
		const bind: BindCgroupMount = { kind: "bind", target: "", source: record.paths[""] ?? "", flags };
		if (!cgroupNamespace) return [bind];
		return [{ kind: "mount", target: "", type: "cgroup2", source: "cgroup", flags, data: "", otherwise: bind }];
	}
	const readonly = flags & MS_RDONLY;
	const steps: CgroupMount[] = [
		{ kind: "mount", target: "", type: "tmpfs", source: "tmpfs", flags: tight, data: "mode=755" },
	];
	const links: CgroupLink[] = [];
	for (const hierarchy of layout.hierarchies) {
		if (hierarchy.version === 2) continue;
		const target = nameOf(hierarchy);
		// a user's container is in the caller's cgroup wherever it may have none of its own
		const [key = ""] = hierarchy.keys;
		const source = record.paths[key] ?? ownCgroups(layout).paths[key] ?? "";
		steps.push(hierarchyMount(hierarchy, target, source, tight | readonly, cgroupNamespace));
		if (hierarchy.keys.length > 1) links.push(...linksTo(target, hierarchy.keys));
	}
	const end: CgroupRemount = { kind: "remount", target: "", flags: tight | readonly };
	return [...steps, ...links, ...(readonly ? [end] : [])];
}

/** The same for a container without cgroups of its own, which is in ours; `layout` must tell where those are. */
export function hostCgroups(layout: CgroupLayout, request: CgroupMountRequest): readonly CgroupMount[] {
	return layout.version === 0 ? [] : cgroupMounts(layout, ownCgroups(layout), request);
}

/** The directory's name on the host, which tools expect: "cpu,cpuacct", "systemd". */
function nameOf({ mountPoint }: Hierarchy): string {
	return mountPoint.slice(mountPoint.lastIndexOf("/") + 1);
}

function hierarchyMount(
	{ keys }: Hierarchy,
	target: string,
	own: string,
	flags: number,
	cgroupNamespace: boolean,
): NewCgroupMount | BindCgroupMount {
	const bind: BindCgroupMount = { kind: "bind", target, source: own, flags };
	if (!cgroupNamespace) return bind;
	const data = keys.join(",");
	const source = data === "name=systemd" ? "systemd" : "cgroup";
	return { kind: "mount", target, type: "cgroup", source, flags, data, otherwise: bind };
}

function linksTo(target: string, keys: readonly string[]): readonly CgroupLink[] {
	return keys.filter((key) => key !== target).map((key) => ({ kind: "symlink", target: key, to: target }));
}
