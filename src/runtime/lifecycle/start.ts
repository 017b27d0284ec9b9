/** `start`: tells the waiting process to go on, and returns once the program runs and the poststart hooks have ended. */
import { TsrunError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import { runHooks } from "../hooks/run.js";
import type { Host } from "../host.js";
import { requestStart } from "../init/start-socket.js";
import type { ContainerRecord } from "../state/record.js";
import { stateOf } from "../state/record.js";
import { completeContainer, statusOf } from "../status.js";
import { awaitProgram } from "./await-program.js";
import { deleteContainer } from "./delete.js";

export function startContainer(host: Host, id: string): void {
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
	const socket = requestStart(directory);
	if (socket === null) {
		const stopped = statusOf(record) === "stopped";
		throw refusal(
			id,
			stopped ? "cannot start a container that has stopped" : "cannot start an already running container",
		);
	}
	awaitProgram(socket, -1);
	sys.close(socket);
	runPoststart(host, record);
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
		deleteContainer(host, record.id, true);
		throw error;
	}
}
