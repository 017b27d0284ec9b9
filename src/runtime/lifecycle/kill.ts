/** `kill`: a signal to the container's init, through a pidfd that is known to be that process's, or to all processes. */
import { openCgroup } from "../../linux/cgroups/driver.js";
import { signalName } from "../../linux/signals.js";
import { SIGKILL } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { failure, hasCode, TsrunError } from "../../sys/errors.js";
import { withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import { actor } from "../history/actor.js";
import { now } from "../history/life.js";
import { note } from "../history/note.js";
import type { Host } from "../host.js";
import { uninterrupted } from "../process/ending-signals.js";
import { isAlive } from "../state/journal.js";
import type { ContainerRecord } from "../state/record.js";
import { completeContainer } from "../status.js";

/** `all`: every process of the cgroup, also when init has gone; that an engine may ask without knowing is no error. */
export function killContainer(host: Host, id: string, signal: number, all: boolean): void {
	const { record, status, directory } = completeContainer(host, id);
	const cgroup = record.cgroup === null ? null : openCgroup(record.cgroup);
	// before it is sent: whoever waits for the end may delete the container at once. What has ended, it does not end
	if (signal > 0 && status !== "stopped") {
		note(host, directory, { did: "kill", at: now(), signal, ...(all ? { all } : {}), who: actor() });
	}
	if (all) {
		if (cgroup !== null) uninterrupted(() => cgroup.kill(signal));
		else if (status !== "stopped") sendToInit(record, signal);
		return;
	}
	if (status === "stopped") {
		// with a shared pid namespace init's end is not the end of the others
		if (signal === SIGKILL && !record.ownPidNamespace && cgroup !== null && cgroup.processes().length > 0) {
			cgroup.kill(signal);
			return;
		}
		throw notRunning(id);
	}
	sendToInit(record, signal);
	if (signal !== SIGKILL) return;
	if (!record.ownPidNamespace) cgroup?.kill(SIGKILL);
	// the frozen do not die
	if (status === "paused") cgroup?.thaw();
}

function notRunning(id: string): TsrunError {
	return new TsrunError("container-status", "container not running", { object: id });
}

function sendToInit(record: ContainerRecord, signal: number): void {
	const pidfd = holdInit(record);
	if (pidfd === null) throw notRunning(record.id);
	const sent = withFd(pidfd, () => signalInit(record, pidfd, signal));
	if (!sent) throw notRunning(record.id);
}

/** A descriptor that cannot come to mean another process; null when init has ended. The caller closes it. */
export function holdInit(record: ContainerRecord): Fd | null {
	try {
		const pidfd = sys.pidfd_open(record.pid, 0);
		// looked at after the opening: before it the pid may have changed hands
		if (isAlive(record)) return pidfd;
		sys.close(pidfd);
		return null;
	} catch (error) {
		if (hasCode(error, "ESRCH")) return null;
		throw cannotSignal(record, 0, error);
	}
}

/** False when it has ended meanwhile. */
export function signalInit(record: ContainerRecord, pidfd: Fd, signal: number): boolean {
	try {
		sys.pidfd_send_signal(pidfd, signal);
		return true;
	} catch (error) {
		if (hasCode(error, "ESRCH")) return false;
		throw cannotSignal(record, signal, error);
	}
}

function cannotSignal({ id }: ContainerRecord, signal: number, error: unknown): unknown {
	return failure("signal-failed", `send signal ${signalName(signal)} to container ${id}`, error, { object: id });
}
