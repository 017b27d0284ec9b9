/**
 * Putting a process into a living container:
 *
 * runtime ─clone─▶ intermediate: setns(pidfd of init), and ─clone(CLONE_PARENT)─▶ the process, in the pid namespace too
 */
import type { Cgroup } from "../../linux/cgroups/driver.js";
import { explainCloneInto } from "../../linux/cgroups/explain.js";
import { cloneFlag } from "../../linux/namespaces.js";
import { openProc } from "../../linux/proc.js";
import { chrootInto } from "../../linux/rootfs.js";
import { applyCpuAffinity } from "../../linux/scheduling.js";
import type { NamespaceType } from "../../spec/types.js";
import {
	AT_FDCWD,
	CLONE_PARENT,
	O_CLOEXEC,
	O_DIRECTORY,
	O_PATH,
	PR_SET_DUMPABLE,
	PR_SET_PDEATHSIG,
	SIGCHLD,
	SIGKILL,
} from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { attempt } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import { runExecInit } from "../init/exec-init.js";
import { send, sendError, syncPair } from "../init/sync.js";
import { type Child, inChild } from "../process/child.js";
import type { ExecPlan } from "./exec.js";
import { receiveIntermediate } from "./serve.js";

export function spawnExec(plan: ExecPlan, cgroup: Cgroup | null): { readonly child: Child; readonly socket: Fd } {
	const [socket, theirs] = syncPair();
	const cgroupFd = cgroup?.joinFd() ?? -1;
	const intermediate = sys.clone3(0, SIGCHLD, -1);
	if (intermediate.pid === 0) {
		inChild(() => joinAndClone(plan, cgroup, cgroupFd, socket, theirs));
	}
	sys.close(theirs);
	if (cgroupFd >= 0) sys.close(cgroupFd);
	return { child: receiveIntermediate(socket, intermediate), socket };
}

function joinAndClone(plan: ExecPlan, cgroup: Cgroup | null, cgroupFd: Fd, runtimeSide: Fd, socket: Fd): never {
	try {
		sys.close(runtimeSide);
		sys.prctl_set_name("tsrun:join");
		sys.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		// the container's processes must not be able to trace us once we share its namespaces
		sys.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		const { execCPUAffinity } = plan.process;
		if (execCPUAffinity?.initial) applyCpuAffinity(execCPUAffinity.initial);
		// its child starts in the same ones
		cgroup?.enter();
		const flags = joinFlags(plan);
		const proc = openProc();
		const root = openOwnRoot(plan);
		if (flags !== 0) {
			attempt(
				"namespace-failed",
				`join the namespaces of process ${plan.record.pid}`,
				() => sys.setns(plan.initPidfd, flags),
				{
					stage: "namespaces",
					object: plan.record.id,
				},
			);
		}
		if (root !== null) chrootInto(root);
		const child = cloneInto(cgroup, cgroupFd);
		if (child.pid === 0) runExecInit(plan, proc, socket);
		send(socket, { type: "pid", pid: child.pid });
	} catch (error) {
		sendError(socket, error);
		sys.exit(1);
	}
	sys.exit(0);
}

/** A sibling, whose parent is the runtime. */
function cloneInto(cgroup: Cgroup | null, cgroupFd: Fd): Child {
	try {
		return sys.clone3(CLONE_PARENT, 0, cgroupFd);
	} catch (error) {
		throw explainCloneInto(cgroup?.record.paths[""] ?? "", error);
	}
}

/** A mount namespace brings its root along; without one of its own the container's root is that of its process alone. */
function openOwnRoot({ config, record }: ExecPlan): Fd | null {
	if (config.linux?.namespaces?.some(({ type }) => type === "mount")) return null;
	return sys.openat(AT_FDCWD, `/proc/${record.pid}/root`, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
}

/**
 * Those that the container does not share with us, but for the cgroup namespace: from inside it the clone into the
 * container's cgroup would be a move across the namespace's border (ENOENT), so the child joins it (exec-init.ts).
 * setns(2) refuses a user namespace that is our own.
 */
function joinFlags({ config, record }: ExecPlan): number {
	const types: NamespaceType[] = (config.linux?.namespaces ?? []).map(({ type }) => type);
	return types
		.filter((type) => type !== "cgroup" && !(type === "user" && sharesUsers(record.pid)))
		.reduce((flags, type) => flags | cloneFlag(type), 0);
}

function sharesUsers(pid: number): boolean {
	return sys.readlinkat(AT_FDCWD, `/proc/${pid}/ns/user`) === sys.readlinkat(AT_FDCWD, "/proc/self/ns/user");
}
