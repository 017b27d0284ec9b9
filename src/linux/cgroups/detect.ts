/** Which cgroup hierarchies this machine has and where they are mounted (cgroups(7), proc_pid_mountinfo(5)). */
import { AT_FDCWD, CGROUP2_SUPER_MAGIC, O_CLOEXEC, O_DIRECTORY, O_PATH } from "../../sys/constants.js";
import { attempt, failure, hasCode } from "../../sys/errors.js";
import { readFile, withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";

/** One hierarchy. */
export interface Hierarchy {
	readonly version: 1 | 2;
	readonly mountPoint: string;
	/** v1: "cpu", "cpuacct" …, "name=systemd"; the unified hierarchy: "". */
	readonly keys: readonly string[];
	/** The cgroup that the mount point shows; "/" but in containers that see a part. */
	readonly root: string;
	/** Our own cgroup in it, as /proc/self/cgroup says; "/" when it was not asked for. */
	readonly own: string;
}

export interface CgroupLayout {
	/** 0: none is mounted. 1 also for hybrid machines, where one of the hierarchies is of version 2. */
	readonly version: 0 | 1 | 2;
	readonly hierarchies: readonly Hierarchy[];
}

const home = "/sys/fs/cgroup";

/** What v1 offers; of the named hierarchies systemd's alone, where it keeps its units. */
const v1Keys = [
	"cpu",
	"cpuacct",
	"cpuset",
	"memory",
	"devices",
	"freezer",
	"blkio",
	"pids",
	"hugetlb",
	"net_cls",
	"net_prio",
	"perf_event",
	"rdma",
	"misc",
	"name=systemd",
];

/**
 * Looks at the machine. A pure v2 machine is known by one statfs(2); else the mount table is read.
 * @param withOwn whether our own cgroups are needed: for a cgroupsPath that is relative or absent.
 */
export function detectCgroups(withOwn = true): CgroupLayout {
	const own = withOwn ? ownPaths() : {};
	if (isUnified()) {
		return {
			version: 2,
			hierarchies: [{ version: 2, mountPoint: home, keys: [""], root: "/", own: own[""] ?? "/" }],
		};
	}
	const path = "/proc/self/mountinfo";
	return layoutOf(
		attempt("cgroup-failed", `read ${path}`, () => readFile(path)),
		own,
	);
}

/** A kernel without cgroups has no such file. */
function ownPaths(): Readonly<Record<string, string>> {
	try {
		return parseProcCgroup(readFile("/proc/self/cgroup"));
	} catch (error) {
		if (hasCode(error, "ENOENT")) return {};
		throw failure("cgroup-failed", "read /proc/self/cgroup", error);
	}
}

function isUnified(): boolean {
	try {
		const fd = sys.openat(AT_FDCWD, home, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
		return withFd(fd, () => sys.fstatfs(fd).type === CGROUP2_SUPER_MAGIC);
	} catch (error) {
		if (hasCode(error, "ENOENT", "ENOTDIR")) return false;
		throw error;
	}
}

/** /proc/PID/cgroup by key: `4:cpu,cpuacct:/a` gives cpu and cpuacct, `0::/b` gives "". */
export function parseProcCgroup(text: string): Readonly<Record<string, string>> {
	const cgroups: Record<string, string> = {};
	for (const line of text.split("\n")) {
		const [id, keys, ...path] = line.split(":");
		if (keys === undefined || id === undefined) continue;
		for (const key of keys.split(",")) cgroups[key] = path.join(":");
	}
	return cgroups;
}

/** The layout that a mount table shows. Mounts elsewhere than in /sys/fs/cgroup count only when that has none. */
export function layoutOf(mountinfo: string, own: Readonly<Record<string, string>>): CgroupLayout {
	const atHome = visibleMounts(mountinfo, ` ${home}`);
	const mounts = atHome.length > 0 ? atHome : visibleMounts(mountinfo, " - cgroup").filter(isElsewhere);
	const hierarchies: Hierarchy[] = [];
	const seen = new Set<string>();
	for (const mount of mounts) {
		const keys = mount.keys.filter((key) => !seen.has(key));
		if (keys.length === 0) continue;
		for (const key of keys) seen.add(key);
		hierarchies.push({ ...mount, keys, own: own[keys[0] ?? ""] ?? "/" });
	}
	const version = hierarchies.some((one) => one.version === 1) ? 1 : hierarchies.length > 0 ? 2 : 0;
	return { version, hierarchies };
}

function isElsewhere({ mountPoint }: { readonly mountPoint: string }): boolean {
	return mountPoint !== home && !mountPoint.startsWith(`${home}/`);
}

/** The cgroup mounts among the lines with `needle`, without those that a later mount covers. */
function visibleMounts(mountinfo: string, needle: string): readonly Omit<Hierarchy, "own">[] {
	const mounts = new Map<string, Omit<Hierarchy, "own">>();
	for (let at = mountinfo.indexOf(needle); at >= 0; ) {
		const end = mountinfo.indexOf("\n", at);
		const line = mountinfo.slice(mountinfo.lastIndexOf("\n", at) + 1, end < 0 ? undefined : end);
		const mount = parseMount(line);
		if (mount) {
			if (mount.mountPoint === home) mounts.clear();
			mounts.delete(mount.mountPoint);
			if (mount.keys.length > 0) mounts.set(mount.mountPoint, mount);
		}
		at = end < 0 ? -1 : mountinfo.indexOf(needle, end);
	}
	return [...mounts.values()];
}

/** `36 35 0:30 /root /mount/point rw,options shared:1 - type source super,options`; no keys for other file systems. */
function parseMount(line: string): Omit<Hierarchy, "own"> | null {
	const [, , , root, mountPoint] = line.split(" ", 5);
	if (root === undefined || mountPoint === undefined) return null;
	const [type, , superOptions = ""] = line.slice(line.indexOf(" - ") + 3).split(" ");
	const words = superOptions.split(",");
	const keys = type === "cgroup2" ? [""] : type === "cgroup" ? words.filter((word) => v1Keys.includes(word)) : [];
	return { version: type === "cgroup2" ? 2 : 1, mountPoint, keys, root };
}
