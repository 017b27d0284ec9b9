/**
 * The systemd driver: a container's cgroup is a transient unit, which systemd makes, limits and ends; what it has no
 * property for is written into the control files as the cgroupfs driver does.
 */
import type { LinuxResources } from "../../../spec/types.js";
import { AT_FDCWD } from "../../../sys/constants.js";
import { attempt, hasCode, TsrunError } from "../../../sys/errors.js";
import { readFile } from "../../../sys/files.js";
import { sys } from "../../../sys/index.js";
import { connectSystemd, type Property, type SystemdManager } from "../../systemd/manager.js";
import { openCgroupfs } from "../cgroupfs.js";
import { parentOf } from "../control-files.js";
import { fillCpuset } from "../cpuset.js";
import type { Cgroup, CgroupRecord, SystemdDriver, UnitRecord } from "../driver.js";
import { planCgroup } from "../path.js";
import { makeDirectory, tryRemove } from "../tree.js";
import { enableControllers } from "../v2/controllers.js";
import { annotatedProperties } from "./annotations.js";
import { deviceProperties } from "./devices.js";
import { resourceProperties } from "./properties.js";
import { placeOf, type UnitPlace } from "./unit.js";

export const systemdDriver: SystemdDriver = {
	plan(layout, { cgroupsPath, id, isUser }) {
		if (isUser && layout.version !== 2) {
			throw new TsrunError("config-unsupported", "rootless systemd cgroups need cgroup v2", {
				hint: "on cgroup v1 no user can have cgroups of systemd: leave --systemd-cgroup out",
			});
		}
		refuseWithoutSystemd();
		const place = placeOf(cgroupsPath, id, isUser);
		const manager = connectSystemd(isUser);
		const path = `${manager.controlGroup}${place.path}`;
		const record = { ...planCgroup(layout, { cgroupsPath: path, id }), unit: { name: place.unit, isUser } };
		return {
			record,
			start(pid, limits, annotations) {
				const container = { pid, id, limits, annotations };
				manager.startUnit(place.unit, unitProperties(place, container, record.version, manager.version));
				manager.close();
				enter(record, pid);
			},
		};
	},
	open: openUnit,
};

function refuseWithoutSystemd(): void {
	try {
		sys.fstatat(AT_FDCWD, "/run/systemd/system", 0);
	} catch (error) {
		if (!hasCode(error, "ENOENT", "ENOTDIR")) throw error;
		throw new TsrunError("config-unsupported", "systemd not running on this host, cannot use systemd cgroups manager", {
			object: "/run/systemd/system",
			hint: "leave --systemd-cgroup out; with Docker set native.cgroupdriver=cgroupfs, with Podman cgroup_manager=cgroupfs",
		});
	}
}

/** systemd does not know all hierarchies of v1 and all controllers of v2, and puts no process into a slice. */
function enter(record: CgroupRecord & { readonly unit: UnitRecord }, pid: number): void {
	if (record.version === 1) completeOnV1(record);
	else enableControllers(record.unifiedMountPoint, record.paths[""] ?? "");
	if (record.version === 1 || isSlice(record.unit.name)) openCgroupfs(record).add(pid);
}

function completeOnV1(record: CgroupRecord): void {
	const made: string[] = [];
	for (const directory of new Set(Object.values(record.paths))) {
		attempt("cgroup-failed", `make the cgroup ${directory}`, () => makeDirectory(directory, made));
	}
	if (record.paths.cpuset !== undefined) fillCpuset(record.paths.cpuset, made);
}

interface ContainerOfUnit {
	readonly pid: number;
	readonly id: string;
	readonly limits: LinuxResources;
	readonly annotations: Readonly<Record<string, string>>;
}

/** What everybody's unit has, then what the configuration limits, then its annotations: the later one counts. */
export function unitProperties(
	{ unit, slice }: UnitPlace,
	{ pid, id, limits, annotations }: ContainerOfUnit,
	version: 1 | 2,
	systemd: number,
): readonly Property[] {
	const text = (name: string, value: string): Property => [name, { signature: "s", value }];
	const flag = (name: string, value: boolean): Property => [name, { signature: "b", value }];
	const accounting = ["MemoryAccounting", "CPUAccounting", "TasksAccounting"];
	return [
		text("Description", `tsrun container ${id}`),
		...(isSlice(unit)
			? [["Wants", { signature: "as", value: [slice] }] as const]
			: [
					text("Slice", slice),
					flag("Delegate", true),
					["PIDs", { signature: "au", value: [pid] }] as const,
					// a container that was killed is no failure that somebody has to clear away
					...(systemd >= 236 ? [text("CollectMode", "inactive-or-failed")] : []),
				]),
		...[...accounting, version === 1 ? "BlockIOAccounting" : "IOAccounting"].map((name) => flag(name, true)),
		flag("DefaultDependencies", false),
		...deviceProperties(limits.devices ?? [], version, readFile("/proc/devices")),
		...resourceProperties(limits, version, systemd),
		...annotatedProperties(annotations),
	];
}

function isSlice(unit: string): boolean {
	return unit.endsWith(".slice");
}

/** Its control files are those of any cgroup; a change and the end go through systemd as well. */
function openUnit(record: CgroupRecord, { name, isUser }: UnitRecord): Cgroup {
	const files = openCgroupfs(record);
	return {
		...files,
		...(isUser && {
			// from a session of the user's the kernel lets nobody but systemd move a process to its own units
			joinFd: () => -1,
			enter: () => withSystemd(isUser, (manager) => manager.attachProcess(name, below(record, name), sys.getpid())),
		}),
		apply(resources) {
			withSystemd(isUser, (manager) => {
				manager.setProperties(name, resourceProperties(resources, record.version, manager.version));
			});
			files.apply(resources);
		},
		destroy() {
			withSystemd(isUser, (manager) => manager.stopUnit(name));
			files.destroy();
			if (record.version === 1) removeEmptySlices(record);
		},
	};
}

/** Hierarchies of v1 in which systemd makes and removes cgroups; in the others `completeOnV1` has made the slices. */
const ofSystemd = new Set(["", "blkio", "cpu", "cpuacct", "devices", "memory", "name=systemd", "pids"]);

/** Those that somebody else uses are not empty, and stay. */
function removeEmptySlices({ paths }: CgroupRecord): void {
	for (const [key, path] of Object.entries(paths)) {
		if (ofSystemd.has(key)) continue;
		for (let above = parentOf(path); isSlice(above); above = parentOf(above)) if (tryRemove(above) !== null) break;
	}
}

/** "" for the unit's own cgroup, "/sub" for one that the container has made in it. */
function below({ paths }: CgroupRecord, name: string): string {
	const path = paths[""] ?? "";
	return path.slice(path.indexOf(`/${name}`) + name.length + 1);
}

function withSystemd(isUser: boolean, use: (manager: SystemdManager) => void): void {
	const manager = connectSystemd(isUser);
	try {
		use(manager);
	} finally {
		manager.close();
	}
}
