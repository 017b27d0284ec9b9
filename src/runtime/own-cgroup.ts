/** For verbs that are about a container's cgroup: one without is refused. */
import { type Cgroup, openCgroup, type SystemdDriver } from "../linux/cgroups/driver.js";
import { TsrunError } from "../sys/errors.js";
import type { ContainerRecord } from "./state/record.js";

/**
 * @param so what follows from having none: "it cannot be paused"
 * @param systemd for what changes the unit that the cgroup may be
 */
export function ownCgroup({ id, cgroup }: ContainerRecord, so: string, systemd?: SystemdDriver): Cgroup {
	if (cgroup !== null) return openCgroup(cgroup, systemd);
	throw new TsrunError("config-unsupported", `container ${id} has no cgroup of its own, so ${so}`, {
		object: id,
		hint: "give the user a delegated cgroup, or run as root",
	});
}
