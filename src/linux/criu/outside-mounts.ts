/**
 * Mounts of a container that CRIU cannot make anew, because what is mounted lies outside: volumes, its cgroups, files of
 * the host over masked ones. CRIU saves them by a key, and gets for each key its source when it restores (criu.org, option
 * --external mnt). The keys are those of runc, so that one restores what the other has saved. Pure.
 */
import type { MountEntry } from "../mountinfo.js";

/** What CRIU saves as a whole. Anything else comes from outside, whatever it shows. */
const savedTypes = ["proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2", "binfmt_misc", "securityfs"];

/** Of every masked file: whatever covers it, it is nothing. */
const nothing = "/dev/null";

export interface DumpedMounts {
	/** All mounts of the container's mount namespace. */
	readonly mounts: readonly MountEntry[];
	/** The ids of those that the configuration binds. */
	readonly binds: ReadonlySet<number>;
	readonly maskedPaths: readonly string[];
	/** With a cgroup namespace of its own the container mounts its cgroups itself, and so can CRIU. */
	readonly ownCgroups: boolean;
}

/** For a dump, `--external mnt[PLACE]:KEY` of each. */
export function outsideMounts({ mounts, binds, maskedPaths, ownCgroups }: DumpedMounts): readonly string[] {
	const masked = new Set(maskedPaths.map((path) => path.replace(/\/+$/, "")));
	const inside = mounts.filter((mount) => mount.point === "/" || isMadeInside(mount, binds, ownCgroups));
	return mounts
		.filter((mount) => binds.has(mount.id) || !inside.some((other) => shows(other, mount)))
		.map(({ point }) => external(point, masked.has(point) ? nothing : point));
}

function isMadeInside({ id, root, type }: MountEntry, binds: ReadonlySet<number>, ownCgroups: boolean): boolean {
	if (binds.has(id) || !savedTypes.includes(type)) return false;
	return root === "/" || (ownCgroups && type.startsWith("cgroup"));
}

/** Whether the one file system holds what the other mount shows. */
function shows(whole: MountEntry, part: MountEntry): boolean {
	if (whole.device !== part.device) return false;
	return whole.root === "/" || part.root === whole.root || part.root.startsWith(`${whole.root}/`);
}

export interface Source {
	/** In the container. */
	readonly place: string;
	/** On the host. */
	readonly source: string;
}

/** For a restore, `--external mnt[KEY]:SOURCE`: also of what is mounted on the host below a source. CRIU takes no offence at surplus ones. */
export function sourcesOfMounts(sources: readonly Source[], host: readonly MountEntry[]): readonly string[] {
	const below = ({ place, source }: Source) =>
		host
			.filter(({ point }) => point.startsWith(`${source}/`))
			.map(({ point }) => ({ place: `${place}${point.slice(source.length)}`, source: point }));
	const all = sources.flatMap((each) => [each, ...below(each)]);
	return [...all, { place: nothing, source: nothing }].map(({ place, source }) => external(place, source));
}

function external(place: string, value: string): string {
	return `mnt[${place}]:${value}`;
}
