/**
 * Cloning the container's process into its new namespaces, and what only its parent can do for it then. Namespaces
 * given by path are joined by an intermediate process, so that the runtime itself stays in its own for the hooks.
 */
import type { Cgroup } from "../../linux/cgroups/driver.js";
import { explainCloneInto } from "../../linux/cgroups/explain.js";
import { type IdMaps, idMapHelperArgs, writeIdMaps } from "../../linux/id-maps.js";
import {
	explainCloneFailure,
	joinNamespace,
	type NamespacePlan,
	unshareNamespace,
	writeTimeOffsets,
} from "../../linux/namespaces.js";
import { openProc } from "../../linux/proc.js";
import { joinGroups } from "../../linux/resctrl/group.js";
import { AT_FDCWD, CLONE_PARENT, PR_SET_DUMPABLE, PR_SET_PDEATHSIG, SIGCHLD, SIGKILL } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { attempt, TsrunError } from "../../sys/errors.js";
import { withFd, writeFileAt } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import type { Arrival } from "../init/create-init.js";
import { send, sendError } from "../init/sync.js";
import { type Child, exitStatus, inChild } from "../process/child.js";
import { findInPath, runHelper } from "../process/helper.js";
import type { Launch } from "./launch.js";
import { receiveIntermediate } from "./serve.js";

/**
 * The child of the clone calls `inside` and never comes back. It starts in the container's cgroup of the unified hierarchy
 * (`cgroupFd`, or -1).
 */
export function spawnInit(
	launch: Launch,
	cgroup: Cgroup | null,
	cgroupFd: Fd,
	ours: Fd,
	theirs: Fd,
	inside: (arrival: Arrival) => never,
): Child {
	return needsIntermediate(launch.namespaces)
		? spawnThroughIntermediate(launch, cgroup, cgroupFd, ours, theirs, inside)
		: cloneInto(launch, launch.namespaces.cloneFlags, SIGCHLD, cgroup, cgroupFd, () =>
				inside({ socket: theirs, entered: false, proc: null }),
			);
}

/** It is in the container's cgroups before it joins anything, so those have to be complete by then. */
export function needsIntermediate({ joined, ownTimeNamespace }: NamespacePlan): boolean {
	return joined.length > 0 || ownTimeNamespace;
}

function cloneInto(
	launch: Launch,
	flags: number,
	exitSignal: number,
	cgroup: Cgroup | null,
	cgroupFd: Fd,
	inside: () => never,
): Child {
	let child: Child;
	try {
		child = sys.clone3(flags, exitSignal, cgroupFd);
	} catch (error) {
		throw explainCloneFailure(launch.namespaces, explainCloneInto(cgroup?.record.paths[""] ?? "", error));
	}
	return child.pid === 0 ? inChild(inside) : child;
}

/**
 * runtime ─clone─▶ intermediate: joins, unshares the time namespace, and ─clone(CLONE_PARENT)─▶ the container's process,
 * which is thereby a child of the runtime. The intermediate tells its pid and is gone.
 */
function spawnThroughIntermediate(
	launch: Launch,
	cgroup: Cgroup | null,
	cgroupFd: Fd,
	ours: Fd,
	theirs: Fd,
	inside: (arrival: Arrival) => never,
): Child {
	const intermediate = sys.clone3(0, SIGCHLD, -1);
	if (intermediate.pid === 0) inChild(() => joinAndClone(launch, cgroup, cgroupFd, theirs, inside));
	return receiveIntermediate(ours, intermediate);
}

function joinAndClone(
	launch: Launch,
	cgroup: Cgroup | null,
	cgroupFd: Fd,
	socket: Fd,
	inside: (arrival: Arrival) => never,
): never {
	const { namespaces, bundle } = launch;
	try {
		sys.prctl_set_name("tsrun:join");
		sys.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		// from here on processes of somebody else may share a namespace with us
		sys.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		// a joined mount namespace is somebody else's, and so may be the /proc in it
		const proc = openProc();
		// cgroups pass on to children; in another mount namespace their files may be out of sight
		cgroup?.enter();
		// the cgroup namespace is joined by the child: from inside it the clone into the cgroup would cross its border
		for (const namespace of namespaces.joined) if (namespace.type !== "cgroup") joinNamespace(namespace);
		if (namespaces.ownTimeNamespace) {
			unshareNamespace("time");
			writeTimeOffsets(proc, bundle.config.linux);
		}
		// the exit signal is the one of our own group leader
		const child = cloneInto(launch, namespaces.cloneFlags | CLONE_PARENT, 0, cgroup, cgroupFd, () =>
			inside({ socket, entered: true, proc }),
		);
		send(socket, { type: "pid", pid: child.pid });
	} catch (error) {
		sendError(socket, error);
		sys.exit(1);
	}
	sys.exit(0);
}

/** Id maps, resctrl groups and oom score of the process, which waits meanwhile. */
export function setUpProcess(launch: Launch, { pid }: Child): void {
	const { bundle, namespaces, resctrl } = launch;
	const { linux, process } = bundle.config;
	if (namespaces.makes("user")) {
		mapIds(pid, { uidMappings: linux?.uidMappings ?? [], gidMappings: linux?.gidMappings ?? [] });
	}
	if (resctrl !== null) joinGroups(resctrl, pid);
	if (process?.oomScoreAdj !== undefined) setOomScore(pid, process.oomScoreAdj);
}

function mapIds(pid: number, maps: IdMaps): void {
	const privileged = sys.geteuid() === 0;
	if (!privileged && (needsHelper(maps.uidMappings, sys.geteuid()) || needsHelper(maps.gidMappings, sys.getegid()))) {
		runIdMapHelper("newgidmap", pid, maps.gidMappings);
		runIdMapHelper("newuidmap", pid, maps.uidMappings);
		return;
	}
	withFd(openProc(), (proc) => writeIdMaps(proc, pid, maps, privileged ? "allow" : "deny"));
}

/** user_namespaces(7): without privilege the kernel takes one line that maps the caller's own id. */
function needsHelper(mappings: IdMaps["uidMappings"], id: number): boolean {
	const [only] = mappings;
	return mappings.length !== 1 || only?.hostID !== id || only.size !== 1;
}

function runIdMapHelper(name: "newuidmap" | "newgidmap", pid: number, mappings: IdMaps["uidMappings"]): void {
	const path = findInPath(name);
	if (path === null) {
		throw new TsrunError("id-map-failed", `${name} is not in $PATH`, {
			stage: "id-maps",
			object: name,
			hint: "install the package uidmap, or map only your own id",
		});
	}
	const { status, output } = runHelper(path, idMapHelperArgs(name, pid, mappings));
	if (exitStatus(status) === 0) return;
	throw new TsrunError("id-map-failed", `${name} failed: ${output.trim() || `exit status ${exitStatus(status)}`}`, {
		stage: "id-maps",
		object: name,
		hint: `the host ids must be granted in ${name === "newuidmap" ? "/etc/subuid" : "/etc/subgid"}`,
	});
}

export function setOomScore(pid: number, score: number): void {
	const path = `/proc/${pid}/oom_score_adj`;
	attempt("process-failed", `write ${score} to ${path}`, () => writeFileAt(AT_FDCWD, path, String(score)), {
		stage: "process",
		object: path,
		hint: "lowering it below the caller's needs CAP_SYS_RESOURCE",
	});
}
