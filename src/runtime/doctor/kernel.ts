/** What the kernel can do of what containers are made of. Each thing is tried; releases are told for the cure alone. */

import { detectCgroups } from "../../linux/cgroups/detect.js";
import {
	AT_FDCWD,
	CLONE_INTO_CGROUP,
	O_CLOEXEC,
	O_DIRECTORY,
	O_PATH,
	OPEN_TREE_CLOEXEC,
	RESOLVE_IN_ROOT,
} from "../../sys/constants.js";
import { withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import { tryClone } from "../process/child.js";
import { type Area, type Finding, limited, missing, needed, works } from "./finding.js";
import { exists, refusalOf } from "./probe.js";

export const kernelArea: Area = {
	title: "kernel",
	checks: [version, namespaces, clone3, cloneIntoCgroup, pidfd, openat2, mountApi, mountAttributes, pressure],
};

function version(): Finding {
	const { release, machine } = sys.uname();
	return works("release", `${release} ${machine}`);
}

/** Files of /proc/self/ns; the time namespace is the youngest (5.6). */
const namespaceFiles = ["mnt", "pid", "net", "ipc", "uts", "cgroup", "user", "time"];

function namespaces(): Finding {
	const lacking = namespaceFiles.filter((name) => !exists(`/proc/self/ns/${name}`));
	const all = namespaceFiles.filter((name) => !lacking.includes(name)).join(" ");
	if (lacking.length === 0) return works("namespaces", all);
	if (lacking.includes("mnt")) return needed(missing("namespaces", "/proc shows none", "mount -t proc proc /proc"));
	const detail = `no ${lacking.join(", ")}: containers that ask for one are refused`;
	return limited("namespaces", detail, "boot a kernel that has them (CONFIG_*_NS; time: 5.6)");
}

function clone3(): Finding {
	const refusal = refusalOf(() => tryClone(0, -1));
	if (refusal === null) return works("clone3");
	return needed(
		missing("clone3", refusal, "boot Linux 5.3 or later, or a seccomp profile outside that lets it through"),
	);
}

/** Tried on the cgroup that we are in. */
function cloneIntoCgroup(): Finding | readonly Finding[] {
	const unified = detectCgroups().hierarchies.find((hierarchy) => hierarchy.version === 2);
	if (unified === undefined) return [];
	const own = `${unified.mountPoint}${unified.own === "/" ? "" : unified.own}`;
	const refusal = refusalOf(() =>
		withFd(sys.openat(AT_FDCWD, own, O_PATH | O_DIRECTORY | O_CLOEXEC, 0), (fd) => tryClone(CLONE_INTO_CGROUP, fd)),
	);
	if (refusal === null) return works("CLONE_INTO_CGROUP", "containers begin in their cgroup");
	if (refusal === "EACCES" || refusal === "EPERM") return [];
	return limited(
		"CLONE_INTO_CGROUP",
		`${refusal}: processes are moved instead, which is slower`,
		"boot Linux 5.7 or later",
	);
}

function pidfd(): Finding {
	const refusal = refusalOf(() => sys.close(sys.pidfd_open(sys.getpid(), 0)));
	return refusal === null ? works("pidfd") : needed(missing("pidfd", refusal, "boot Linux 5.3 or later"));
}

function openat2(): Finding {
	const flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
	const refusal = refusalOf(() => sys.close(sys.openat2(AT_FDCWD, "/", flags, 0, RESOLVE_IN_ROOT)));
	if (refusal === null) return works("openat2");
	const cure = refusal === "ENOSYS" ? "boot Linux 5.6 or later" : "let openat2 through the seccomp filter around us";
	return limited("openat2", `${refusal}: paths are walked step by step instead, as safely and more slowly`, cure);
}

function mountApi(): Finding {
	const refusal = refusalOf(() => sys.close(sys.open_tree(AT_FDCWD, "/", OPEN_TREE_CLOEXEC)));
	if (refusal === null) return works("mount API", "open_tree, fsopen, move_mount");
	const cure = refusal === "ENOSYS" ? "boot Linux 5.2 or later" : "let it through the seccomp filter around us";
	return limited("mount API", `${refusal}: mount(2) takes its place`, cure);
}

/** On a descriptor that cannot be: a kernel that has the call says EBADF, and EPERM to a user. */
function mountAttributes(): Finding {
	const refusal = refusalOf(() => sys.mount_setattr(-1, "", 0, 0, 0, 0, 0));
	const name = "mount_setattr";
	if (refusal === "ENOSYS") return limited(name, "options like rro and idmap are refused", "boot Linux 5.12 or later");
	if (refusal !== "EPERM" || sys.geteuid() !== 0) return works(name, "recursive options, id-mapped mounts");
	return limited(name, "EPERM: options like rro and idmap are refused", "let it through the seccomp filter around us");
}

function pressure(): Finding {
	if (exists("/proc/pressure/cpu")) return works("pressure", "stalls are told by stats and events");
	return missing("pressure", "stats and events cannot tell stalls", "boot with psi=1 (CONFIG_PSI)");
}
