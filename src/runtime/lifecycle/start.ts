/** `start`: tells the waiting process to go on, and returns once the program runs and the poststart hooks have ended. */
import type { Fd } from "../../sys/door.js";
import { type ErrorId, messageOf, TsrunError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import { failureOf, now } from "../history/life.js";
import { note } from "../history/note.js";
import { runHooks } from "../hooks/run.js";
import type { Host } from "../host.js";
import { requestStart } from "../init/start-socket.js";
import { awaitReadiness, readinessOf } from "../process/notify.js";
import type { ContainerRecord } from "../state/record.js";
import { stateOf } from "../state/record.js";
import type { StateDirectory } from "../state/store.js";
import { completeContainer, statusOf } from "../status.js";
import { awaitProgram } from "./await-program.js";
import { deleteContainer } from "./delete.js";
import { holdInit } from "./kill.js";

/** `manager`: $NOTIFY_SOCKET of a service manager, which then hears first that the program is ready. */
export function startContainer(host: Host, id: string, manager?: string): void {
	const { record, status, directory } = completeContainer(host, id);
	if (status === "stopped")
		throw refusal(id, "cannot start a container that has stopped", "delete it and create a new one");
	if (status === "running") throw refusal(id, "cannot start an already running container");
	if (status === "paused") throw refusal(id, "cannot start a paused container", `resume ${id}`);
	if (!record.startable) {
		throw new TsrunError("config-invalid", "process is not set in config.json: there is nothing to start", {
			object: id,
			jsonPath: "$.process",
		});
	}
	// held before the process can end: what it said before its end counts
	const pidfd = manager === undefined ? null : holdInit(record);
	const accepted = requestStart(directory);
	if (accepted === null) {
		const stopped = statusOf(record) === "stopped";
		throw refusal(
			id,
			stopped ? "cannot start a container that has stopped" : "cannot start an already running container",
		);
	}
	// while the process does its last steps
	note(host, directory, { did: "start", at: now() });
	awaitOrDestroy(host, record, accepted.socket, directory);
	sys.close(accepted.socket);
	host.log.debug(`process ${record.pid} runs its program`);
	runPoststart(host, record);
	const readiness = readinessOf(accepted.notify, manager, record.pid);
	if (readiness !== null && pidfd !== null) awaitReadiness(readiness, pidfd, host.log.warning);
}

/** LC-13: a startContainer hook that fails ends the container; so does an agent that did not get its descriptor. */
const fatal: readonly ErrorId[] = ["hook-failed", "seccomp-failed"];

/** A program that cannot be executed leaves a stopped container behind. */
function awaitOrDestroy(host: Host, record: ContainerRecord, socket: Fd, directory: StateDirectory): void {
	try {
		awaitProgram(socket, { pid: record.pid, state: stateOf(record, "created", record.pid) });
	} catch (error) {
		note(host, directory, { did: "start-failed", at: now(), ...failureOf(error) });
		if (error instanceof TsrunError && fatal.includes(error.id)) destroy(host, record);
		throw error;
	}
}

function refusal(id: string, message: string, hint?: string): TsrunError {
	return new TsrunError("container-status", message, { object: id, ...(hint ? { hint } : {}) });
}

/** LC-16: when one fails the container is stopped and destroyed. */
export function runPoststart(host: Host, record: ContainerRecord): void {
	const { poststart } = record.hooks;
	if (!poststart?.length) return;
	try {
		runHooks("poststart", poststart, { state: stateOf(record, "running", record.pid), cwd: record.bundle });
	} catch (error) {
		destroy(host, record);
		throw error;
	}
}

/** What led to it is what the caller has to know; a clean-up that fails as well is told beside it. */
function destroy(host: Host, { id }: ContainerRecord): void {
	try {
		deleteContainer(host, id, true);
	} catch (error) {
		host.log.warning(`could not delete container ${id}: ${messageOf(error)}`);
	}
}
