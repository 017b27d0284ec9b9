/**
 * What a container's cgroup can do, whichever version and driver it has. The cgroupfs driver makes directories and
 * writes files itself; the systemd driver asks systemd for a unit and then works on the same directories.
 */
import type { LinuxResources } from "../../spec/types.js";
import type { Fd } from "../../sys/door.js";
import { openCgroupfs } from "./cgroupfs.js";
import type { CgroupLayout } from "./detect.js";

/** Where a container's cgroup lies: what the container's state remembers. */
export interface CgroupRecord {
	/** 1 also for the hybrid layout, whose controllers are those of v1. */
	readonly version: 1 | 2;
	/** Absolute directory by v1 controller ("cpu", "memory", "name=systemd") and "" for the unified hierarchy. */
	readonly paths: Readonly<Record<string, string>>;
	/** Where the unified hierarchy is mounted, "" when it is not. */
	readonly unifiedMountPoint: string;
	/** The unit that it is, when systemd made it. */
	readonly unit?: UnitRecord;
}

export interface UnitRecord {
	readonly name: string;
	/** Of the user's systemd. */
	readonly isUser: boolean;
}

export interface Cgroup {
	readonly record: CgroupRecord;
	/**
	 * Makes the directories. False when that is not permitted and `optional`: the container does without cgroups.
	 * After a failure nothing is left, so {@link Cgroup.destroy} is not to be called then: an existing cgroup may
	 * be somebody else's.
	 * @throws cgroup-in-use for one with processes or a frozen one; cgroup-failed.
	 */
	create(options?: { readonly optional?: boolean }): boolean;
	/**
	 * For CLONE_INTO_CGROUP: an O_PATH descriptor of the unified hierarchy's directory, also on a hybrid machine; the
	 * caller closes it. -1 where that hierarchy is not mounted.
	 */
	joinFd(): Fd | -1;
	/**
	 * What is left to do in a child that was cloned into {@link Cgroup.joinFd}: it moves itself into the v1 hierarchies,
	 * its children with it. Before it changes mount namespace or user. Nothing on v2.
	 *
	 * The fast way in: a process with one thread that moves itself does so without the lock for which a write to
	 * cgroup.procs waits an RCU grace period, 5 to 15 ms on a quiet machine (since Linux 5.5).
	 */
	enter(): void;
	/** Moves another process into the cgroup, in every hierarchy: where the child cannot do it by itself. */
	add(pid: number): void;
	/** Sets what is given and leaves the rest alone; zeros mean "unset" where engines send them so. */
	apply(resources: LinuxResources): void;
	/** Hands a v2 cgroup to a host user, so that the container can make cgroups of its own; nothing on v1. */
	changeOwner(uid: number): void;
	/** Removes it with all cgroups below; one that is gone is fine. Waits for dying processes, with a bound. */
	destroy(): void;
	/** Process ids in it and below, ascending, as seen from our pid namespace. */
	processes(): number[];
	freeze(): void;
	thaw(): void;
	isFrozen(): boolean;
	/** Signals every process in it and below; none is missed by forking in the meantime, where the kernel can freeze. */
	kill(signal: number): void;
}

/** Loaded when it is asked for: src/linux/cgroups/systemd. */
export interface SystemdDriver {
	/**
	 * Where the unit goes, before there is one.
	 * @throws config-unsupported without systemd, config-invalid for a cgroupsPath of another form, cgroup-failed
	 */
	plan(layout: CgroupLayout, request: UnitRequest): UnitPlan;
	open(record: CgroupRecord, unit: UnitRecord): Cgroup;
}

export interface UnitRequest {
	readonly cgroupsPath: string | undefined;
	readonly id: string;
	readonly isUser: boolean;
}

export interface UnitPlan {
	readonly record: CgroupRecord;
	/**
	 * Makes the unit around a process, with those limits that are properties, and what the annotations say.
	 * @throws cgroup-in-use when there is such a unit, which then is not ours to destroy; config-invalid, cgroup-failed
	 */
	start(pid: number, limits: LinuxResources, annotations: Readonly<Record<string, string>>): void;
}

/** The cgroup of a record; touches nothing. Without `systemd` a unit is its cgroup alone, which is all that most verbs see. */
export function openCgroup(record: CgroupRecord, systemd?: SystemdDriver): Cgroup {
	return systemd && record.unit ? systemd.open(record, record.unit) : openCgroupfs(record);
}
