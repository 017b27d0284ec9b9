/** The container's cgroup between config.json and the driver: where it goes, whether it may be missing, what it is set to. */
import { type CgroupLayout, detectCgroups } from "../../linux/cgroups/detect.js";
import { deviceRules } from "../../linux/cgroups/devices.js";
import { type Cgroup, type CgroupRecord, openCgroup, type SystemdDriver } from "../../linux/cgroups/driver.js";
import { ownsCgroup } from "../../linux/cgroups/ownership.js";
import { planCgroup } from "../../linux/cgroups/path.js";
import { needsCgroup } from "../../linux/cgroups/resources.js";
import { toHostId } from "../../linux/id-maps.js";
import type { Config, LinuxResources } from "../../spec/types.js";
import { AT_FDCWD } from "../../sys/constants.js";
import { hasCode, TsrunError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import type { Host } from "../host.js";
import { appendJournal } from "../state/journal.js";
import { idTaken, isBeingDeleted, type StateDirectory } from "../state/store.js";
import type { Undo } from "../undo.js";

export interface ContainerCgroup {
	readonly layout: CgroupLayout;
	/** null: the container stays in the caller's cgroup (--cgroup-manager disabled; rootless without delegation, and nothing asked for). */
	readonly cgroup: Cgroup | null;
	/** Makes what was put off for the container's process, and sets limits and owner. */
	complete(pid: number): void;
}

/**
 * Makes the container's directories, journalled first. With `putOff` only that of the unified hierarchy, into which the
 * process is cloned: those of v1 can be made while it mounts its file systems.
 */
export function makeCgroup(
	host: Host,
	config: Config,
	directory: StateDirectory,
	putOff: boolean,
	undo: Undo,
): ContainerCgroup {
	const { linux } = config;
	const cgroupsPath = linux?.cgroupsPath || undefined;
	if (host.cgroupManager === "systemd" && host.systemd) return planUnit(host, host.systemd, config, directory, undo);
	const layout = detectCgroups(!cgroupsPath?.startsWith("/"));
	const none = { layout, cgroup: null, complete: () => {} };
	if (host.cgroupManager === "disabled") {
		refuseLimits(linux?.resources);
		return none;
	}
	const choosesFreely = host.rootless && cgroupsPath === undefined;
	const optional = choosesFreely && !needsCgroup(linux?.resources);
	if (layout.version === 0 && optional) return none;
	const record = planCgroup(layout, { cgroupsPath, id: directory.id });
	const made: CgroupRecord[] = [];
	// registered before there is a process, and so undone after its end
	undo.add("remove the cgroup", () => {
		for (const part of made) openCgroup(part).destroy();
	});
	const make = (cgroup: Cgroup, dispensable = false) => {
		const missing = { ...cgroup.record, paths: missingPaths(cgroup.record) };
		refuseWhileDeleted(host, directory.id, cgroup.record, missing);
		appendJournal(directory.fd, { cgroup: missing });
		if (!cgroup.create({ optional: dispensable })) return false;
		made.push(missing);
		refuseFrozen(cgroup);
		if (host.debug) host.log.debug(`cgroup: made ${Object.values(missing.paths).join(", ") || "none, all are there"}`);
		return true;
	};
	if (choosesFreely) {
		const permitted = makePermitted(record, (cgroup) => make(cgroup, true));
		if (permitted !== null) return { layout, cgroup: permitted, complete: () => limitCgroup(permitted, config) };
		if (optional) return none;
	}
	const cgroup = openCgroup(record);
	const [now, later] = putOff && record.version === 1 ? parts(record) : [cgroup, null];
	make(now);
	const complete = () => {
		if (later !== null) make(later);
		limitCgroup(cgroup, config);
	};
	return { layout, cgroup, complete };
}

function refuseLimits(resources: LinuxResources | undefined): void {
	if (!needsCgroup(resources)) return;
	throw new TsrunError("config-unsupported", "cannot set limits without cgroups", {
		stage: "cgroup",
		jsonPath: "$.linux.resources",
		hint: "leave the limits out, or --cgroup-manager disabled",
	});
}

/** Of a user: hierarchy by hierarchy, since some may be delegated and others not. null when none is. */
function makePermitted(record: CgroupRecord, make: (cgroup: Cgroup) => boolean): Cgroup | null {
	const directories = [...new Set(Object.values(record.paths))];
	const made = directories.filter((directory) => make(part(record, (_key, path) => path === directory)));
	return made.length > 0 ? part(record, (_key, path) => made.includes(path)) : null;
}

/** A new cgroup is frozen when one above it is: the process would stop on entering it, and we would wait for it. */
function refuseFrozen(cgroup: Cgroup): void {
	if (!cgroup.isFrozen()) return;
	throw new TsrunError("cgroup-in-use", "container's cgroup unexpectedly frozen", {
		stage: "cgroup",
		object: Object.values(cgroup.record.paths)[0] ?? "",
		hint: "a cgroup above it is frozen: thaw that, or choose another linux.cgroupsPath",
	});
}

/** The directory in the unified hierarchy, if there is one, and those of v1. */
function parts(record: CgroupRecord): readonly [Cgroup, Cgroup] {
	return [part(record, (key) => key === ""), part(record, (key) => key !== "")];
}

/** The cgroup in some of its hierarchies. */
function part(record: CgroupRecord, wanted: (key: string, path: string) => boolean): Cgroup {
	const paths = Object.entries(record.paths).filter(([key, path]) => wanted(key, path));
	return openCgroup({ ...record, paths: Object.fromEntries(paths) });
}

/**
 * A unit of systemd is made around a process. So the container's one is cloned where we are, and the unit made while it
 * mounts its file systems, before it looks at its cgroup.
 */
function planUnit(
	host: Host,
	systemd: SystemdDriver,
	config: Config,
	directory: StateDirectory,
	undo: Undo,
): ContainerCgroup {
	const layout = detectCgroups(false);
	const { id } = directory;
	const isUser = host.rootless;
	const { record, start } = systemd.plan(layout, { cgroupsPath: config.linux?.cgroupsPath, id, isUser });
	const state = { isOurs: false };
	undo.add("stop the unit", () => {
		if (state.isOurs) openCgroup(record, systemd).destroy();
	});
	const files = openCgroup(record);
	return {
		layout,
		cgroup: { ...files, joinFd: () => -1, enter: () => {} },
		complete(pid) {
			const missing = { ...record, paths: missingPaths(record) };
			refuseWhileDeleted(host, id, record, missing);
			// a cgroup that is there is somebody else's, as systemd is about to say
			if (Object.keys(missing.paths).length > 0) appendJournal(directory.fd, { cgroup: missing });
			state.isOurs = true;
			try {
				start(pid, limitsOf(config), config.annotations ?? {});
			} catch (error) {
				if (error instanceof TsrunError && error.id === "cgroup-in-use") state.isOurs = false;
				throw error;
			}
			refuseFrozen(files);
			limitCgroup(files, config);
		},
	};
}

/** A cgroup that is there may be about to go, with the last container of this id, whose delete is still at work. */
function refuseWhileDeleted(host: Host, id: string, wanted: CgroupRecord, missing: CgroupRecord): void {
	if (Object.keys(missing.paths).length === Object.keys(wanted.paths).length || !isBeingDeleted(host, id)) return;
	throw idTaken(id, "it is being deleted: try again in a moment");
}

/** What a failure or a crash must not leave behind; a cgroup that is there already may be somebody else's. */
function missingPaths({ paths }: CgroupRecord): CgroupRecord["paths"] {
	return Object.fromEntries(Object.entries(paths).filter(([, path]) => !exists(path)));
}

function exists(path: string): boolean {
	try {
		sys.fstatat(AT_FDCWD, path, 0);
		return true;
	} catch (error) {
		// a path that leads through a file is refused when it is made
		if (hasCode(error, "ENOENT", "ENOTDIR")) return false;
		throw error;
	}
}

/** `linux.resources` with the device rules every container has. */
function limitsOf({ linux }: Config): LinuxResources {
	const resources = linux?.resources ?? {};
	return { ...resources, devices: [...deviceRules(resources.devices, linux?.devices)] };
}

/** The limits, and the owner of a delegated cgroup. */
function limitCgroup(cgroup: Cgroup, config: Config): void {
	const { linux, process } = config;
	cgroup.apply(limitsOf(config));
	if (!ownsCgroup(config)) return;
	const uid = process?.user?.uid ?? 0;
	const mapped = linux?.namespaces?.some(({ type }) => type === "user");
	const owner = mapped ? toHostId(linux?.uidMappings ?? [], uid) : uid;
	// chown(2): a user has nothing to give away
	if (owner !== undefined && sys.geteuid() === 0) cgroup.changeOwner(owner);
}
