/** The processes of a container, how each came into it, and what each does with signals: the data of the verb `signals`. */
import { openCgroup } from "../linux/cgroups/driver.js";
import { allProcesses, processStat } from "../linux/proc.js";
import { type ProcessSignals, processSignals } from "../linux/process-signals.js";
import { TsrunError } from "../sys/errors.js";
import type { Host } from "./host.js";
import { completeContainer, type Status } from "./status.js";
import { stopSignalOf } from "./stop-signal.js";

export type Role =
	/** The container's first process. */
	| "init"
	/** Its parent is in the container; or is its first process, and nothing shows that it was another one before. */
	| "child"
	/** Its parent has ended, and the init of the pid namespace took its place. */
	| "adopted"
	/** Its parent is outside: it was put in from there, as exec does; or, in a shared pid namespace, is an orphan. */
	| "joined";

export interface Member {
	readonly process: ProcessSignals;
	readonly role: Role;
	/** Its parent, when that is in the container. */
	readonly parent: ProcessSignals | null;
}

export interface ContainerSignals {
	readonly id: string;
	readonly status: Status;
	readonly ownPidNamespace: boolean;
	/** How many pid namespaces, from ours down, a process of the container is seen in. */
	readonly depth: number;
	/** By its annotation, else TERM. */
	readonly stopSignal: number;
	/** False: without a cgroup only the first process is known. */
	readonly complete: boolean;
	/** The first process first, the others by pid. */
	readonly members: readonly Member[];
}

/** @throws TsrunError container-status when it has stopped. */
export function containerSignals(host: Host, id: string): ContainerSignals {
	const { record, status } = completeContainer(host, id);
	const init = status === "stopped" ? null : processSignals(record.pid);
	if (init === null) throw new TsrunError("container-status", "container not running", { object: id });
	const alive = record.cgroup === null ? [record.pid] : openCgroup(record.cgroup).processes();
	const pids = [...alive, ...zombiesOf(new Set([record.pid, ...alive]))];
	const others = pids.filter((pid) => pid !== record.pid).map(processSignals);
	const processes = [init, ...others.filter((process) => process !== null)];
	return {
		id,
		status,
		ownPidNamespace: record.ownPidNamespace,
		depth: init.pids.length,
		stopSignal: stopSignalOf(record),
		complete: record.cgroup !== null,
		members: membersOf(init, processes),
	};
}

/** What has ended is in no cgroup any more, but still its parent's child. */
function zombiesOf(parents: ReadonlySet<number>): readonly number[] {
	return allProcesses().filter((pid) => {
		const stat = processStat(pid);
		return stat?.state === "Z" && parents.has(stat.parent);
	});
}

/**
 * A session is inherited, and left only for one of one's own: a child of init in anybody else's session was that one's
 * child or grandchild before.
 */
export function membersOf(init: ProcessSignals, processes: readonly ProcessSignals[]): readonly Member[] {
	return processes.map((process) => {
		if (process === init) return { process, role: "init", parent: null };
		const parent = processes.find(({ pid }) => pid === process.parent) ?? null;
		if (parent === null) return { process, role: "joined", parent };
		const strange = process.session !== init.session && process.session !== process.pid;
		return { process, role: parent === init && strange ? "adopted" : "child", parent };
	});
}
