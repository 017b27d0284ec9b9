/**
 * `delete`: undoes create, whatever became of the container. It works on half-created ones, without the bundle, with a
 * damaged state.json, and may be killed and repeated: the folder with the journal goes last.
 */
import { type Cgroup, openCgroup } from "../../linux/cgroups/driver.js";
import { processStat } from "../../linux/proc.js";
import { unmountHostRoot } from "../../linux/rootfs.js";
import { AT_FDCWD, SIGKILL } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { hasCode, messageOf, TsrunError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import { waitForExit } from "../../sys/wait.js";
import { endOfLife } from "../history/end-of-life.js";
import { type LifeEvent, lifeOf } from "../history/life.js";
import { remember } from "../history/store.js";
import { runHooksTolerantly } from "../hooks/run.js";
import type { Host } from "../host.js";
import { isAlive, livesBy, type ProcessIdentity, readJournal } from "../state/journal.js";
import { type ContainerRecord, stateOf } from "../state/record.js";
import {
	claimAbandonedDeletion,
	claimForDeletion,
	containerMissing,
	findStateDirectory,
	readRecord,
	removeStateDirectory,
	type StateDirectory,
} from "../state/store.js";
import { findContainer } from "../status.js";
import { removeResctrlGroups } from "./intel-rdt.js";

/** How long a killed process may take to be gone, and how often it is looked after meanwhile: in milliseconds. */
const dyingTime = 10_000;
const look = 500;

/** `force` kills what runs, and is content when there is nothing. What an earlier delete has not finished is finished, too. */
export function deleteContainer(host: Host, id: string, force: boolean): void {
	const isThere = findStateDirectory(host, id) !== null;
	if (isThere && !force) refuseUnlessOver(host, id);
	const directory = isThere ? claimForDeletion(host, id) : null;
	if (directory !== null) destroy(host, directory);
	// only now: a cgroup of the same name may have been the new container's
	const finished = finishAbandoned(host, id);
	// of several deletes at once one does it; the others are told what they would have been told a moment later
	if (!force && directory === null && !finished) throw containerMissing(host, id);
}

/** For `run`, whose own container has ended: it is there, unless somebody else deletes it, who does not know all that we do. */
export function deleteOwn(host: Host, record: ContainerRecord, events: readonly LifeEvent[]): void {
	const directory = claimForDeletion(host, record.id);
	if (directory !== null) destroy(host, directory, events);
	else remember(host, lifeOf(record.id, record, { events }));
}

/** Of a container that was for us alone: nobody will ask for it. */
export function discard(host: Host, id: string): void {
	const directory = claimForDeletion(host, id);
	if (directory !== null) destroy(host, directory, "forget");
}

/** A created container is ended and deleted, as runc does and engines expect; a running one is not. */
function refuseUnlessOver(host: Host, id: string): void {
	const { status } = findContainer(host, id);
	if (status === "stopped" || status === "created") return;
	throw new TsrunError("container-status", `cannot delete container ${id} that is not stopped: ${status}`, {
		object: id,
		hint: `stop it first (kill ${id} TERM), or delete --force`,
	});
}

/** True when a deletion that had been cut short was completed, or several of them. */
function finishAbandoned(host: Host, id: string): boolean {
	const claim = () => claimAbandonedDeletion(host, id);
	const first = claim();
	for (let directory = first; directory !== null; directory = claim()) destroy(host, directory);
	return first !== null;
}

/** `known`: what the caller has seen, for the history. */
function destroy(host: Host, directory: StateDirectory, known: readonly LifeEvent[] | "forget" = []): void {
	// a creation still at work would go on making things: its end is everything's end, and then the journal is complete
	if (!exists(directory.fd, "state.json")) endProcess(readJournal(directory.fd).creator);
	const record = tolerantRecord(host, directory);
	const journal = readJournal(directory.fd);
	const cgroupRecord = record?.cgroup ?? journal.cgroup;
	const cgroup = cgroupRecord ? openCgroup(cgroupRecord, host.systemd) : null;
	const init = record ?? journal.init;
	const stat = init ? processStat(init.pid) : null;
	const life = known === "forget" ? null : endOfLife(directory, record, journal, stat, known);
	endCriu(journal.criu);
	// whom it has left behind nobody has been told of
	endContainer(init && livesBy(stat, init) ? init : undefined, cgroup, !record?.ownPidNamespace);
	cgroup?.destroy();
	removeResctrlGroups(record, journal);
	if (journal.hostRoot) unmountHostRoot(journal.hostRoot);
	if (record) runPoststop(host, record);
	if (life !== null) remember(host, life);
	removeStateDirectory(directory);
	sys.close(directory.fd);
}

/** It notices that whoever restored has gone, and then takes back what it has made, files of its own among it. */
function endCriu(criu: ProcessIdentity | undefined): void {
	if (criu) withPidfd(criu, (pidfd) => waitForExit(pidfd, dyingTime / 2));
	endProcess(criu);
}

function tolerantRecord(host: Host, directory: StateDirectory): ContainerRecord | null {
	try {
		return readRecord(directory);
	} catch (error) {
		host.log.warning(`${messageOf(error)}: going by the journal`);
		return null;
	}
}

/** Init's death takes its pid namespace along; without one of its own every process of the cgroup has to be ended. */
function endContainer(init: ProcessIdentity | undefined, cgroup: Cgroup | null, killAll: boolean): void {
	const frozen = cgroup?.isFrozen() ?? false;
	if (killAll) cgroup?.kill(SIGKILL);
	signalOnce(init);
	// the frozen do not die
	if (frozen) cgroup?.thaw();
	endProcess(init, () => {
		// somebody's pause may have come between the signal and the end
		if (cgroup?.isFrozen()) cgroup.thaw();
	});
}

function signalOnce(process: ProcessIdentity | undefined): void {
	if (process) withPidfd(process, (pidfd) => sys.pidfd_send_signal(pidfd, SIGKILL));
}

function endProcess(process: ProcessIdentity | undefined, meanwhile?: () => void): void {
	if (!process || !isAlive(process)) return;
	withPidfd(process, (pidfd) => {
		sys.pidfd_send_signal(pidfd, SIGKILL);
		for (let waited = 0; waited < dyingTime; waited += look) {
			if (waitForExit(pidfd, look)) return;
			meanwhile?.();
		}
		const state = processStat(process.pid)?.state;
		throw new TsrunError("signal-failed", `process ${process.pid} does not die: it is in state ${state ?? "unknown"}`, {
			object: String(process.pid),
			hint: state === "D" ? "it waits inside the kernel, for a disk or a network file system" : "try again",
		});
	});
}

function withPidfd(process: ProcessIdentity, use: (pidfd: number) => void): void {
	try {
		const pidfd = sys.pidfd_open(process.pid, 0);
		try {
			// the pid may have changed hands before it was opened
			if (isAlive(process)) use(pidfd);
		} finally {
			sys.close(pidfd);
		}
	} catch (error) {
		if (!hasCode(error, "ESRCH")) throw error;
	}
}

function runPoststop(host: Host, record: ContainerRecord): void {
	const state = stateOf(record, "stopped", 0);
	// the bundle may have gone
	const cwd = exists(AT_FDCWD, record.bundle) ? record.bundle : "/";
	runHooksTolerantly("poststop", record.hooks.poststop, { state, cwd }, host.log.warning);
}

function exists(directory: Fd, path: string): boolean {
	try {
		sys.fstatat(directory, path, 0);
		return true;
	} catch {
		return false;
	}
}
