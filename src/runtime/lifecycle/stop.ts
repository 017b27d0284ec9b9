/**
 * `stop`: the signal that a container wants for its end, time to act on it, then KILL. Before the waiting begins it is
 * looked whether the first process can act at all: most stops that take ten seconds were lost from the start.
 */
import { type Cgroup, openCgroup } from "../../linux/cgroups/driver.js";
import { startClock, waitForEnd } from "../../linux/cgroups/waiting.js";
import { processStat } from "../../linux/proc.js";
import { processSignals } from "../../linux/process-signals.js";
import { CLOCK_MONOTONIC, SIGCONT, SIGKILL } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { isSysError, TsrunError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import { waitReadable } from "../../sys/wait.js";
import { actor } from "../history/actor.js";
import { now } from "../history/life.js";
import { note } from "../history/note.js";
import type { Host } from "../host.js";
import type { ContainerRecord } from "../state/record.js";
import type { StateDirectory } from "../state/store.js";
import { completeContainer, waitsForStart } from "../status.js";
import { stopSignalOf } from "../stop-signal.js";
import { holdInit, signalInit } from "./kill.js";
import { stopConcerns } from "./stop-concerns.js";

export interface StopOptions {
	/** Seconds before KILL; null waits as long as it takes. */
	readonly time: number | null;
	/** Without it the one that the container's image names, else TERM. */
	readonly signal: number | undefined;
}

export interface StopReport {
	readonly id: string;
	/**
	 * already: it had stopped before. unstarted: it waited for start, and was ended at once. ended: after the signal, in
	 * time. killed: not in time.
	 */
	readonly outcome: "already" | "unstarted" | "ended" | "killed";
	readonly signal: number;
	/** From the signal to the end. */
	readonly seconds: number;
	/** Raw wait status of the first process; null when only its parent knows. */
	readonly status: number | null;
	/** Processes that outlived the first one and were killed: only where it has no pid namespace of its own. */
	readonly leftBehind: number;
}

export interface StopWatcher {
	/** What will keep the container from ending as it should; told before the waiting begins. */
	concern(id: string, text: string): void;
	done(report: StopReport): void;
	failed(id: string, error: unknown): void;
}

interface Stopping {
	readonly directory: StateDirectory;
	readonly record: ContainerRecord;
	readonly cgroup: Cgroup | null;
	readonly signal: number;
	readonly unstarted: boolean;
	readonly pidfd: Fd;
	/** Nanoseconds of CLOCK_MONOTONIC. */
	readonly begun: bigint;
}

/** What KILL may take: in milliseconds. */
const dyingTime = 10_000;

/** All at the same time; one that fails keeps none of the others. */
export function stopContainers(host: Host, ids: readonly string[], options: StopOptions, watcher: StopWatcher): void {
	const stoppings: Stopping[] = [];
	const orTell = (id: string, step: () => void) => {
		try {
			step();
		} catch (error) {
			watcher.failed(id, error);
		}
	};
	try {
		for (const id of new Set(ids)) {
			orTell(id, () => {
				const stopping = begin(host, id, options, watcher);
				if (stopping !== null) stoppings.push(stopping);
			});
		}
		const ended = (forced: boolean) => (stopping: Stopping) =>
			orTell(stopping.record.id, () => {
				const told = report(stopping, forced);
				note(host, stopping.directory, { did: "ended", at: now(), status: told.status, seen: "stop" });
				watcher.done(told);
			});
		const time = options.time === null ? -1 : options.time * 1000;
		const late = awaitEnds(stoppings, time, ended(false));
		for (const { record, pidfd, directory } of late) {
			note(host, directory, { did: "stop-killed", at: now() });
			orTell(record.id, () => signalInit(record, pidfd, SIGKILL));
		}
		for (const { record } of awaitEnds(late, dyingTime, ended(true))) watcher.failed(record.id, immortal(record));
	} finally {
		for (const { pidfd } of stoppings) sys.close(pidfd);
	}
}

/** null: it has stopped before, and that has been told. */
function begin(host: Host, id: string, options: StopOptions, watcher: StopWatcher): Stopping | null {
	const { record, status, directory } = completeContainer(host, id);
	const signal = options.signal ?? stopSignalOf(record);
	const cgroup = record.cgroup === null ? null : openCgroup(record.cgroup);
	const pidfd = status === "stopped" ? null : holdInit(record);
	if (pidfd === null) {
		const leftBehind = killOthers(record, cgroup);
		watcher.done({ id, outcome: "already", signal, seconds: 0, status: null, leftBehind });
		return null;
	}
	try {
		// also when it is paused
		const stat = processStat(record.pid);
		const unstarted = stat !== null && waitsForStart(record, stat);
		const process = unstarted ? null : processSignals(record.pid);
		if (process !== null) {
			const circumstances = { record, process, signal, time: options.time, paused: status === "paused" };
			for (const text of stopConcerns(circumstances)) watcher.concern(id, text);
		}
		const sent = unstarted ? SIGKILL : signal;
		note(host, directory, { did: "stop", at: now(), signal: sent, time: options.time, who: actor() });
		const begun = sys.clock_gettime(CLOCK_MONOTONIC);
		signalInit(record, pidfd, sent);
		// what is stopped gets to no handler
		if (process?.state === "T") signalInit(record, pidfd, SIGCONT);
		if (status === "paused") cgroup?.thaw();
		return { directory, record, cgroup, signal, unstarted, pidfd, begun };
	} catch (error) {
		sys.close(pidfd);
		throw error;
	}
}

/** Those that have not ended in time, in milliseconds (-1: no limit). */
function awaitEnds(
	stoppings: readonly Stopping[],
	time: number,
	ended: (stopping: Stopping) => void,
): readonly Stopping[] {
	const left = time < 0 ? () => -1 : startClock(time);
	let waiting = stoppings;
	while (waiting.length > 0) {
		const pidfds = waiting.map(({ pidfd }) => pidfd);
		const over = waitReadable(pidfds, left());
		if (over === null) break;
		for (const stopping of waiting) if (over.includes(stopping.pidfd)) ended(stopping);
		waiting = waiting.filter(({ pidfd }) => !over.includes(pidfd));
	}
	return waiting;
}

function report({ record, cgroup, signal, unstarted, pidfd, begun }: Stopping, forced: boolean): StopReport {
	const seconds = Number(sys.clock_gettime(CLOCK_MONOTONIC) - begun) / 1e9;
	const status = statusOf(record, pidfd);
	const outcome = unstarted ? "unstarted" : forced ? "killed" : "ended";
	return { id: record.id, outcome, signal, seconds, status, leftBehind: killOthers(record, cgroup) };
}

/** Its parent is told; we find it on the zombie, or with the descriptor after the parent has taken it (Linux 6.15). */
function statusOf({ pid, startTime }: ContainerRecord, pidfd: Fd): number | null {
	const stat = processStat(pid);
	if (stat?.startTime === startTime && stat.state === "Z") return stat.exitCode;
	try {
		return sys.ioctl_pidfd_exit_code(pidfd);
	} catch (error) {
		// an older kernel
		if (isSysError(error)) return null;
		throw error;
	}
}

/** How many there were. With a pid namespace of its own the first process's end is everybody's. */
function killOthers({ ownPidNamespace }: ContainerRecord, cgroup: Cgroup | null): number {
	if (ownPidNamespace || cgroup === null) return 0;
	const others = cgroup.processes();
	if (others.length === 0) return 0;
	cgroup.kill(SIGKILL);
	waitForEnd(others, startClock(dyingTime));
	return others.length;
}

function immortal({ pid }: ContainerRecord): TsrunError {
	const state = processStat(pid)?.state ?? "unknown";
	return new TsrunError("signal-failed", `process ${pid} does not die of SIGKILL: it is in state ${state}`, {
		object: String(pid),
		hint: state === "D" ? "it waits inside the kernel, for a disk or a network file system" : "try again",
	});
}
