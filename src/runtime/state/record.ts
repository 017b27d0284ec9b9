/** What tsrun keeps of a container in state.json: the specification's state and what later verbs need. */
import type { CgroupRecord } from "../../linux/cgroups/driver.js";
import type { ResctrlGroups } from "../../linux/resctrl/group.js";
import type { Hooks, State, Status } from "../../spec/types.js";
import { TsrunError } from "../../sys/errors.js";

export interface ContainerRecord {
	readonly ociVersion: string;
	readonly id: string;
	/** Init's pid in the runtime's pid namespace; with `startTime` it names one process, also when pids are used again. */
	readonly pid: number;
	/** Clock ticks since boot. */
	readonly startTime: number;
	/** Absolute path of the bundle. */
	readonly bundle: string;
	/** Absolute path of the root filesystem. */
	readonly rootfs: string;
	/** RFC 3339 with nanoseconds. */
	readonly created: string;
	/** uid of whoever created it. */
	readonly owner: number;
	readonly annotations: Readonly<Record<string, string>>;
	/** null when the container has no cgroup of its own (rootless without delegation). */
	readonly cgroup: CgroupRecord | null;
	/** null without `linux.intelRdt`. */
	readonly resctrl: ResctrlGroups | null;
	/** Whether the container has a pid namespace that dies with its init. */
	readonly ownPidNamespace: boolean;
	/** False with --no-new-keyring. */
	readonly ownKeyring: boolean;
	/** Of a container that was made from a checkpoint. */
	readonly restored?: true;
	/** False when config.json has no `process`: such a container cannot be started. */
	readonly startable: boolean;
	/** The hooks of later verbs, as they were at create. */
	readonly hooks: Pick<Hooks, "poststart" | "poststop">;
}

/** The part of a record that does not depend on a process. */
export type ContainerIdentity = Pick<ContainerRecord, "id" | "bundle" | "annotations">;

/** The specification's version that our state documents comply with. */
export const stateVersion = "1.3.0";

/** The state as hooks get it; `pid` as the reader of the state sees the process. */
export function stateOf({ id, bundle, annotations }: ContainerIdentity, status: Status, pid: number): State {
	return { ociVersion: stateVersion, id, status, pid, bundle, annotations: { ...annotations } };
}

export function parseRecord(text: string, path: string): ContainerRecord {
	try {
		const record = JSON.parse(text) as ContainerRecord;
		if (typeof record.id === "string" && typeof record.pid === "number") return record;
	} catch {
		// told below
	}
	throw new TsrunError("state-failed", `${path} is damaged`, {
		object: path,
		hint: "tsrun delete --force removes what is left of the container",
	});
}

/** RFC 3339 in UTC with all nine digits of a CLOCK_REALTIME value in nanoseconds. */
export function timestamp(nanoseconds: bigint): string {
	const seconds = new Date(Number(nanoseconds / 1_000_000n)).toISOString().slice(0, 19);
	return `${seconds}.${(nanoseconds % 1_000_000_000n).toString().padStart(9, "0")}Z`;
}
