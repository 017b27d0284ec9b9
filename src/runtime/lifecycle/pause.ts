/** `pause` and `resume`: every process of the container stops where it is, and goes on (the freezer; not in the specification). */
import { directoryOf } from "../../linux/cgroups/apply.js";
import type { CgroupRecord } from "../../linux/cgroups/driver.js";
import { awaitThawed } from "../../linux/cgroups/freeze.js";
import { TsrunError } from "../../sys/errors.js";
import { now } from "../history/life.js";
import { note } from "../history/note.js";
import type { Host } from "../host.js";
import { ownCgroup } from "../own-cgroup.js";
import { uninterrupted } from "../process/ending-signals.js";
import { listStateDirectories } from "../state/store.js";
import { completeContainer, findContainer } from "../status.js";

export function pauseContainer(host: Host, id: string): void {
	const { record, status, directory } = completeContainer(host, id);
	if (status !== "created" && status !== "running") throw refusal(id, "container not running");
	const cgroup = ownCgroup(record, "it cannot be paused");
	refuseShared(host, id, cgroup.record);
	uninterrupted(() => cgroup.freeze());
	note(host, directory, { did: "pause", at: now() });
}

export function resumeContainer(host: Host, id: string): void {
	const { record, status, directory } = completeContainer(host, id);
	if (status !== "paused") throw refusal(id, "container not paused");
	const cgroup = ownCgroup(record, "it cannot be paused");
	cgroup.thaw();
	awaitThawed(cgroup.record);
	note(host, directory, { did: "resume", at: now() });
}

function refusal(id: string, message: string): TsrunError {
	return new TsrunError("container-status", message, { object: id });
}

/** Whatever else lives in the cgroup or below it would stop, too. */
function refuseShared(host: Host, id: string, cgroup: CgroupRecord): void {
	const place = directoryOf(cgroup, "freezer");
	for (const other of listStateDirectories(host)) {
		const its = other === id ? undefined : freezerOf(host, other);
		if (place === undefined || its === undefined || (its !== place && !its.startsWith(`${place}/`))) continue;
		throw new TsrunError("cgroup-in-use", `container ${id} shares its cgroup with container ${other}`, {
			stage: "cgroup",
			object: its,
			hint: `${other} would stop as well: pause it by itself, or give the containers cgroups beside each other`,
		});
	}
}

/** Of a container that has not ended; one whose state is damaged is not this one's concern. */
function freezerOf(host: Host, id: string): string | undefined {
	try {
		const { record, status } = findContainer(host, id);
		return record?.cgroup && status !== "stopped" ? directoryOf(record.cgroup, "freezer") : undefined;
	} catch (error) {
		if (error instanceof TsrunError && (error.id === "container-missing" || error.id === "state-failed"))
			return undefined;
		throw error;
	}
}
