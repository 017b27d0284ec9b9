/** What the kernel itself would put into directories and mounts that have not been made: control files, magic numbers. */
import {
	AT_FDCWD,
	CGROUP_SUPER_MAGIC,
	CGROUP2_SUPER_MAGIC,
	DEVPTS_SUPER_MAGIC,
	O_CLOEXEC,
	PROC_SUPER_MAGIC,
	RDTGROUP_SUPER_MAGIC,
	SYSFS_MAGIC,
	TMPFS_MAGIC,
} from "../../sys/constants.js";
import type { Door } from "../../sys/door.js";
import type { Node } from "./world.js";

const magics: Readonly<Record<string, number>> = {
	proc: PROC_SUPER_MAGIC,
	sysfs: SYSFS_MAGIC,
	tmpfs: TMPFS_MAGIC,
	devpts: DEVPTS_SUPER_MAGIC,
	cgroup: CGROUP_SUPER_MAGIC,
	cgroup2: CGROUP2_SUPER_MAGIC,
};

/** 0 for a type that nothing is decided by. */
export function magicOf(type: string): number {
	return magics[type] ?? 0;
}

/** Where the host shows what a new file system of this type would show; null for those that begin empty. */
export function standInFor(type: string): string | null {
	return { proc: "/proc", sysfs: "/sys" }[type] ?? null;
}

/** In every cgroup but the top one. */
const onlyBelowTheTop = /^(cgroup\.|pids\.max|freezer\.|cpuset\.|notify_on_release)/;

/** Whether the kernel would put a file of that name into a cgroup or resctrl group when it is made. */
export function isControlFile(host: Door, filesystem: number, directory: Node, name: string): boolean {
	if (filesystem === RDTGROUP_SUPER_MAGIC) return true;
	if (filesystem === CGROUP_SUPER_MAGIC) {
		return onlyBelowTheTop.test(name) || exists(host, `${topOf(directory)}/${name}`);
	}
	if (filesystem !== CGROUP2_SUPER_MAGIC) return false;
	if (name.startsWith("cgroup.")) return true;
	const [, size, unit] = /^hugetlb\.(\d+)([KMG])B\./.exec(name) ?? [];
	if (size !== undefined && !exists(host, hugePages(Number(size), unit))) return false;
	const offered = textOf(host, `${topOf(directory)}/cgroup.controllers`)
		.trim()
		.split(" ");
	return offered.includes(name.split(".", 1)[0] ?? "");
}

/** Where the kernel shows huge pages of a size, if it has them. */
function hugePages(size: number, unit = "K"): string {
	const kilobytes = size * ({ K: 1, M: 1024, G: 1024 * 1024 }[unit] ?? 1);
	return `/sys/kernel/mm/hugepages/hugepages-${kilobytes}kB`;
}

/** What such a file says while nothing has been written to it. */
export function initialText(name: string): string {
	return (
		{
			"cgroup.freeze": "0\n",
			"freezer.state": "THAWED\n",
			"cgroup.type": "domain\n",
			"cgroup.events": "populated 0\nfrozen 0\n",
		}[name] ?? ""
	);
}

/** The nearest directory above that the host has. */
export function topOf(node: Node): string {
	return node.real ?? (node.parent ? topOf(node.parent) : "/");
}

function exists(host: Door, path: string): boolean {
	try {
		host.fstatat(AT_FDCWD, path, 0);
		return true;
	} catch {
		return false;
	}
}

/** A file of the host in one read, "" when it cannot be read. */
export function textOf(host: Door, path: string): string {
	try {
		const fd = host.openat(AT_FDCWD, path, O_CLOEXEC, 0);
		try {
			return host.read(fd, 65_536);
		} finally {
			host.close(fd);
		}
	} catch {
		return "";
	}
}
