/** `pause` and `resume`: every process of the container stops where it is, and goes on (the freezer; not in the specification). */
import { type Cgroup, openCgroup } from "../../linux/cgroups/driver.js";
import { TsrunError } from "../../sys/errors.js";
import type { Host } from "../host.js";
import type { ContainerRecord } from "../state/record.js";
import { completeContainer } from "../status.js";

export function pauseContainer(host: Host, id: string): void {
	const { record, status } = completeContainer(host, id);
	if (status !== "created" && status !== "running") throw refusal(id, "container not running");
	ownCgroup(record).freeze();
}

export function resumeContainer(host: Host, id: string): void {
	const { record, status } = completeContainer(host, id);
	if (status !== "paused") throw refusal(id, "container not paused");
	ownCgroup(record).thaw();
}

function refusal(id: string, message: string): TsrunError {
	return new TsrunError("container-status", message, { object: id });
}

function ownCgroup({ id, cgroup }: ContainerRecord): Cgroup {
	if (cgroup !== null) return openCgroup(cgroup);
	throw new TsrunError("config-unsupported", `container ${id} has no cgroup of its own, so it cannot be paused`, {
		object: id,
		hint: "give the user a delegated cgroup, or run as root",
	});
}
