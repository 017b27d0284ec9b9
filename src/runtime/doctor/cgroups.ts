/** Which control groups there are, what they can control, and whether we may make any. */

import { type CgroupLayout, detectCgroups, type Hierarchy } from "../../linux/cgroups/detect.js";
import { childrenOf } from "../../linux/cgroups/members.js";
import { isUnprivileged } from "../../linux/cgroups/user-namespace.js";
import { AT_EACCESS, W_OK } from "../../sys/constants.js";
import { type Area, type Finding, limited, missing, needed, works } from "./finding.js";
import { exists, mayAccess, textOf } from "./probe.js";

export const cgroupsArea: Area = {
	title: "cgroups",
	checks: [layout, controllers, delegation, freezer, killing, swap],
};

const mountV2 = "mount -t cgroup2 none /sys/fs/cgroup";

function layout(): Finding {
	const { version, hierarchies } = detectCgroups();
	if (version === 0) {
		const none = missing("layout", "no cgroup file system is mounted", mountV2);
		return isUnprivileged() ? none : needed(none);
	}
	if (version === 2) return works("layout", "v2");
	const unified = hierarchies.some((hierarchy) => hierarchy.version === 2);
	return works("layout", unified ? "v1 with v2 beside it (hybrid)" : "v1");
}

/** v1's names, what v2 calls them where that differs, and what cannot be limited without. */
const wanted = [
	["cpu", "cpu", "CPU time"],
	["cpuset", "cpuset", "which CPUs are used"],
	["memory", "memory", "memory"],
	["pids", "pids", "the number of processes"],
	["blkio", "io", "block I/O"],
] as const;

function controllers(): readonly Finding[] {
	const found = detectCgroups();
	if (found.version === 0) return [];
	const offered = offeredOn(found);
	const lacking = wanted.filter(([v1, v2]) => !offered.has(v1) && !offered.has(v2));
	const devices = found.version === 1 && !offered.has("devices") && !isUnprivileged() ? [noDevices] : [];
	const present = [...offered].filter((name) => name !== "" && !name.startsWith("name=")).sort();
	if (lacking.length === 0) return [works("controllers", present.join(" ")), ...devices];
	const names = lacking.map(([v1, v2]) => (found.version === 2 ? v2 : v1));
	const detail = `no ${names.join(", ")}: ${lacking.map(([, , what]) => what).join(", ")} cannot be limited`;
	return [limited("controllers", detail, cureOf(found, names)), ...devices];
}

const noDevices = limited(
	"devices",
	"the controller is not mounted: containers with device rules, which all have, are refused",
	"mkdir /sys/fs/cgroup/devices; mount -t cgroup -o devices cgroup /sys/fs/cgroup/devices",
);

function cureOf({ version, hierarchies }: CgroupLayout, names: readonly string[]): string {
	if (version === 1) return "mkdir /sys/fs/cgroup/NAME; mount -t cgroup -o NAME cgroup /sys/fs/cgroup/NAME";
	const known = hierarchies.flatMap(({ mountPoint }) => controllersIn(mountPoint));
	if (names.some((name) => known.includes(name))) {
		return `have them delegated: Delegate=${names.join(" ")} in a drop-in of user@.service`;
	}
	return "boot a kernel that has them; memory may be switched off: cgroup_enable=memory on its command line";
}

/** Of a user those that are delegated. */
function offeredOn({ hierarchies }: CgroupLayout): ReadonlySet<string> {
	return new Set(
		hierarchies.flatMap((hierarchy) => {
			if (hierarchy.version === 1) return hierarchy.keys;
			const place = isUnprivileged() ? ownDirectory(hierarchy) : hierarchy.mountPoint;
			return controllersIn(place);
		}),
	);
}

function controllersIn(directory: string): readonly string[] {
	return (textOf(`${directory}/cgroup.controllers`) ?? "").split(" ").filter(Boolean);
}

function ownDirectory({ mountPoint, own }: Hierarchy): string {
	return `${mountPoint}${own === "/" ? "" : own}`;
}

/** Whether cgroups can be made where containers without a cgroupsPath get theirs. */
function delegation(): readonly Finding[] {
	const { version, hierarchies } = detectCgroups();
	if (version === 0) return [];
	const places = hierarchies.map((one) =>
		version === 2 && one.own !== "/" ? parentOf(ownDirectory(one)) : ownDirectory(one),
	);
	const closed = places.filter((place) => !mayAccess(place, W_OK, AT_EACCESS));
	if (closed.length === 0) return [works("making cgroups")];
	if (!isUnprivileged()) {
		const detail = `${closed.join(", ")} cannot be written`;
		return [needed(missing("making cgroups", detail, "mount the cgroup file system writable for the runtime"))];
	}
	const detail = "no cgroup is delegated to this user: containers without limits run in the caller's";
	return [limited("making cgroups", detail, "systemd-run --user --scope -p Delegate=yes COMMAND, on cgroup v2")];
}

function parentOf(path: string): string {
	return path.slice(0, path.lastIndexOf("/"));
}

function freezer(): readonly Finding[] {
	const { version, hierarchies } = detectCgroups();
	const hasV1 = hierarchies.some(({ keys }) => keys.includes("freezer"));
	if (version === 0 || hasV1 || anyHas(hierarchies, "cgroup.freeze")) return version === 0 ? [] : [works("freezer")];
	if (version === 2) return [missing("freezer", "pause and resume are refused", "boot Linux 5.2 or later")];
	const cure = "mkdir /sys/fs/cgroup/freezer; mount -t cgroup -o freezer cgroup /sys/fs/cgroup/freezer";
	return [missing("freezer", "pause and resume are refused", cure)];
}

function killing(): readonly Finding[] {
	const { version, hierarchies } = detectCgroups();
	if (version !== 2 || anyHas(hierarchies, "cgroup.kill")) return [];
	const detail = "no cgroup.kill: all processes of a container are frozen, killed and thawed instead";
	return [limited("killing", detail, "boot Linux 5.14 or later")];
}

/** The root cgroup has fewer files than others: one below it is looked at, too. True when there is none to look at. */
function anyHas(hierarchies: readonly Hierarchy[], file: string): boolean {
	const unified = hierarchies.find((hierarchy) => hierarchy.version === 2);
	if (unified === undefined) return false;
	const places = [ownDirectory(unified), ...childrenOf(unified.mountPoint)].filter(
		(place) => place !== unified.mountPoint,
	);
	return places.length === 0 || places.some((place) => exists(`${place}/${file}`));
}

/** v1 tells at the root; v2 only where memory is controlled. */
function swap(): readonly Finding[] {
	const memory = detectCgroups().hierarchies.find(({ keys }) => keys.includes("memory"));
	if (memory === undefined || exists(`${memory.mountPoint}/memory.memsw.limit_in_bytes`)) return [];
	return [limited("swap", "it is not counted: memory.swap is refused", "boot with swapaccount=1")];
}
