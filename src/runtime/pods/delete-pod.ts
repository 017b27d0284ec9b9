/** `pod delete`: the members in reverse order, then the pause container. */
import { TsrunError } from "../../sys/errors.js";
import type { Host } from "../host.js";
import { deleteContainer } from "../lifecycle/delete.js";
import { findPod, lookForPod, type Pod } from "./pod.js";

/** `force` kills what runs, and is content when there is no such pod. */
export function deletePod(host: Host, name: string, force: boolean): void {
	const pod = force ? lookForPod(host, name) : findPod(host, name);
	if (pod === null) return;
	if (!force) refuseWhileRunning(pod);
	deleteMembers(host, pod);
	if (pod.pause !== null) deleteContainer(host, name, true);
	// whoever was added meanwhile is in sight now, or finds that the pod has ended
	const late = lookForPod(host, name);
	if (late !== null && late.pause === null) deleteMembers(host, late);
}

/** By force from here on: what is gone already is what was wanted. */
function deleteMembers(host: Host, { members }: Pod): void {
	for (const { id } of members.toReversed()) deleteContainer(host, id, true);
}

function refuseWhileRunning({ name, pause, members }: Pod): void {
	const running = [...members, ...(pause === null ? [] : [pause])].filter(({ status }) => status !== "stopped");
	if (running.length === 0) return;
	const list = running.map(({ id, status }) => `${id} is ${status}`).join(", ");
	throw new TsrunError("container-status", `cannot delete pod ${name}: ${list}`, {
		object: name,
		hint: `stop it first (pod stop ${name}), or pod delete --force ${name}`,
	});
}
