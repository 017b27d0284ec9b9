/** `kill`: a signal to the container's init, through a pidfd that is known to be that process's, or to all processes. */
import { openCgroup } from "../../linux/cgroups/driver.js";
import { SIGKILL } from "../../sys/constants.js";
import { failure, hasCode, TsrunError } from "../../sys/errors.js";
import { withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import type { Host } from "../host.js";
import { isAlive } from "../state/journal.js";
import type { ContainerRecord } from "../state/record.js";
import { completeContainer } from "../status.js";

/** `all`: every process of the cgroup, also when init has gone; that an engine may ask without knowing is no error. */
export function killContainer(host: Host, id: string, signal: number, all: boolean): void {
	const { record, status } = completeContainer(host, id);
	const cgroup = record.cgroup === null ? null : openCgroup(record.cgroup);
	if (all) {
		if (cgroup !== null) cgroup.kill(signal);
		else if (status !== "stopped") signalInit(record, signal);
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
	signalInit(record, signal);
	if (signal !== SIGKILL) return;
	if (!record.ownPidNamespace) cgroup?.kill(SIGKILL);
	// the frozen do not die
	if (status === "paused") cgroup?.thaw();
}

function notRunning(id: string): TsrunError {
	return new TsrunError("container-status", "container not running", { object: id });
}

function signalInit(record: ContainerRecord, signal: number): void {
	try {
		withFd(sys.pidfd_open(record.pid, 0), (pidfd) => {
			// checked after the opening: from now on the descriptor cannot come to mean another process
			if (!isAlive(record)) throw notRunning(record.id);
			sys.pidfd_send_signal(pidfd, signal);
		});
	} catch (error) {
		if (hasCode(error, "ESRCH")) throw notRunning(record.id);
		throw failure("signal-failed", `send signal ${signal} to container ${record.id}`, error, { object: record.id });
	}
}
