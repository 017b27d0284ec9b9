/** Why the kernel refused a control file, and what cures it. Looks again only after a failure. */
import { failure, hasCode } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import { parentOf, readValueIfPresent, readWords } from "./control-files.js";
import { holdsProcesses } from "./v2/controllers.js";

/** A hint for a failed write, "" when the errno says it all. `directory` is the cgroup of `file`. */
export function hintFor(directory: string, file: string, code: string): string {
	try {
		return code === "ENOENT" ? missingFile(directory, file) : refused(directory, file, code);
	} catch {
		return "";
	}
}

/** A hint for a process that could not be moved into `directory`, "" when the errno says it all. */
export function joinHint(directory: string, code: string): string {
	if (code === "EBUSY") {
		return `${directory} gives controllers to its children (cgroup.subtree_control), so processes may only be in those`;
	}
	if (code === "EOPNOTSUPP") {
		return `${directory} is threaded or below a threaded cgroup (cgroup.type): choose another cgroupsPath`;
	}
	if (code === "ENOSPC") return `cpuset.cpus or cpuset.mems of ${directory} is empty`;
	if (code === "ENOENT" || code === "ENODEV") return "the cgroup was removed by somebody else, or never made";
	if (code === "EACCES" || code === "EPERM") return notOurs;
	return "";
}

/** The words that callers know from runc, before what was tried. */
export function addingPid(pid: number | string): string {
	return `error adding pid ${pid} to cgroups:`;
}

/** What clone3(2) says of the cgroup that it was to clone into; other errors as they come. */
export function explainCloneInto(directory: string, error: unknown): unknown {
	if (!hasCode(error, "EACCES", "EBUSY", "EOPNOTSUPP", "ENODEV")) return error;
	return failure("cgroup-failed", `${addingPid(sys.getpid())} clone into ${directory}/cgroup.procs`, error, {
		stage: "cgroup",
		object: directory,
		hint: joinHint(directory, error.code),
	});
}

const notOurs = "the cgroup belongs to another user or the parent forbids it: have it delegated, or run as root";

/** Those that tell the threads of a process apart (Documentation/admin-guide/cgroup-v2.rst, "Threads"). */
const threadedControllers = ["cpu", "cpuset", "perf_event", "pids"];

/** The controller that a control file belongs to: "memory" of "memory.swap.max". */
export function controllerOf(file: string): string {
	return file.split(".", 1)[0] ?? "";
}

/** Why a v2 cgroup lacks a controller; "" when it has it. */
export function whyWithout(directory: string, controller: string): string {
	if (readWords(directory, "cgroup.controllers").includes(controller)) return "";
	if (readValueIfPresent(directory, "cgroup.type") === "threaded" && !threadedControllers.includes(controller)) {
		return `${directory} is threaded (cgroup.type), where ${threadedControllers.join(", ")} alone can be controlled: choose another cgroupsPath`;
	}
	for (let child = directory; ; child = parentOf(child)) {
		const parent = parentOf(child);
		const offered = readValueIfPresent(parent, "cgroup.controllers");
		if (offered === null) return `the kernel does not offer the controller ${controller} to cgroup v2 here`;
		if (!offered.split(" ").includes(controller)) continue;
		return holdsProcesses(parent)
			? `${parent} has processes of its own, so it cannot give controllers to its children (cgroups(7), "no internal processes"): move them into a child cgroup, or choose another cgroupsPath`
			: `the controller is not given to ${child}: echo +${controller} > ${parent}/cgroup.subtree_control (for a user: Delegate= of the systemd unit)`;
	}
}

function missingFile(directory: string, file: string): string {
	const controller = controllerOf(file);
	if (readValueIfPresent(directory, "cgroup.procs") === null) return "the cgroup does not exist";
	const isV2 = readValueIfPresent(directory, "cgroup.controllers") !== null;
	const why = isV2 && controller !== "cgroup" ? whyWithout(directory, controller) : "";
	return why !== "" ? why : kernelLacks(controller, file);
}

function kernelLacks(controller: string, file: string): string {
	if (file.includes(".memsw.") || file.includes(".swap.")) {
		return "the kernel does not account swap: boot with swapaccount=1, or leave memory.swap out";
	}
	if (file.includes("weight")) return "no I/O scheduler of this kernel knows weights: use bfq, or leave the weight out";
	if (controller === "hugetlb") {
		return "the kernel has no huge pages of that size: /sys/kernel/mm/hugepages lists them, base 1024 as in 2MB, 1GB";
	}
	if (file.includes(".rt_")) return "the kernel is built without CONFIG_RT_GROUP_SCHED";
	return "this kernel has no such control file";
}

function refused(directory: string, file: string, code: string): string {
	if (code === "EROFS") return "the cgroup file system is mounted read-only: mount it writable for the runtime";
	if (code === "EACCES" || code === "EPERM") return notOurs;
	if (code === "EBUSY" && file === "memory.limit_in_bytes") {
		const usage = readValueIfPresent(directory, "memory.usage_in_bytes");
		return `the container uses ${usage} bytes, which cannot be reclaimed below the new limit`;
	}
	if (code === "ENODEV" || code === "ENXIO") return "no device of that number exists on this machine";
	if (code !== "EINVAL" && code !== "ERANGE" && code !== "ENOSPC") return "";
	if (file.startsWith("memory.limit") || file.startsWith("memory.memsw")) {
		return "memory.limit must not exceed memory.swap, which is memory plus swap";
	}
	if (file.startsWith("cpuset.")) {
		return `the parent has ${readValueIfPresent(parentOf(directory), file)}; the list must lie within`;
	}
	if (file.startsWith("cpu.")) {
		return "the value is out of range, or exceeds what the parent cgroup allows";
	}
	return "";
}
