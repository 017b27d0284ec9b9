/** A process's cgroups as the host sees them, in whichever hierarchy each controller is. */
import { existsSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";

/** Our own process, or another. */
type Pid = number | "self";

/** The cgroup of a controller, "" for the unified hierarchy, below the hierarchy's mount point: "/a/b". */
export function cgroupPath(pid: Pid, controller: string): string {
	const lines = readFileSync(`/proc/${pid}/cgroup`, "utf8").split("\n");
	const line = lines.find((each) => each.split(":")[1]?.split(",").includes(controller));
	if (line === undefined) throw new Error(`process ${pid} has no cgroup of "${controller}"`);
	return line.split(":").slice(2).join(":");
}

/** Whether this machine's cgroups are v2 alone. */
export function isUnified(): boolean {
	return existsSync("/sys/fs/cgroup/cgroup.controllers");
}

/** Where a hierarchy of this machine is mounted. */
export function hierarchyOf(controller: string): string {
	if (controller !== "") return join("/sys/fs/cgroup", controller);
	return isUnified() ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified";
}

export function cgroupDirectory(pid: Pid, controller: string): string {
	return join(hierarchyOf(controller), cgroupPath(pid, controller));
}

/** A control file's text without its last newline. */
export function control(pid: Pid, controller: string, file: string): string {
	return readFileSync(join(cgroupDirectory(pid, controller), file), "utf8").trimEnd();
}

/** Limits that the kernel has by now, in whichever version of cgroups. */
export function memoryLimit(pid: number): string {
	return isUnified() ? control(pid, "", "memory.max") : control(pid, "memory", "memory.limit_in_bytes");
}

export function pidsLimit(pid: number): string {
	return control(pid, isUnified() ? "" : "pids", "pids.max");
}

/** Without the period. */
export function cpuQuota(pid: number): string {
	return isUnified() ? (control(pid, "", "cpu.max").split(" ")[0] ?? "") : control(pid, "cpu", "cpu.cfs_quota_us");
}

/** On v2 those that the weight stands for, of some. */
export function cpuShares(pid: number): string {
	const weights: Record<string, string> = { "35": "256", "59": "512", "100": "1024" };
	if (!isUnified()) return control(pid, "cpu", "cpu.shares");
	const weight = control(pid, "", "cpu.weight");
	return weights[weight] ?? `weight ${weight}`;
}

/** Makes a cgroup in one hierarchy. */
export function makeCgroup(controller: string, path: string): string {
	const directory = join(hierarchyOf(controller), path);
	mkdirSync(directory);
	return directory;
}

/** Removes an empty cgroup from every hierarchy that has it. */
export function removeCgroup(path: string): void {
	const keys = readFileSync("/proc/self/cgroup", "utf8").split("\n").filter(Boolean);
	const controllers = keys.flatMap((line) => (line.split(":")[1] ?? "").replace(/^name=/, "").split(","));
	for (const hierarchy of controllers.map(hierarchyOf)) {
		const directory = join(hierarchy, path);
		// it may be hidden from this run: runtime.ts
		if (existsSync(join(hierarchy, "cgroup.procs")) && existsSync(directory)) rmdirSync(directory);
	}
}
