/** `pause` and `resume`: every process of the container stops where it is, and goes on (the freezer; not in the specification). */
import { TsrunError } from "../../sys/errors.js";
import type { Host } from "../host.js";
import { ownCgroup } from "../own-cgroup.js";
import { completeContainer } from "../status.js";

export function pauseContainer(host: Host, id: string): void {
	const { record, status } = completeContainer(host, id);
	if (status !== "created" && status !== "running") throw refusal(id, "container not running");
	ownCgroup(record, "it cannot be paused").freeze();
}

export function resumeContainer(host: Host, id: string): void {
	const { record, status } = completeContainer(host, id);
	if (status !== "paused") throw refusal(id, "container not paused");
	ownCgroup(record, "it cannot be paused").thaw();
}

function refusal(id: string, message: string): TsrunError {
	return new TsrunError("container-status", message, { object: id });
}
