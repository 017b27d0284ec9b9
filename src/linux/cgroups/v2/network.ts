/** `resources.network` on cgroup v2: there is no such thing. */
import type { NetworkResources } from "../../../spec/types.js";
import { isSet } from "../numbers.js";
import { refuseOnV2 } from "./refuse.js";

/** @throws config-unsupported when anything is asked. */
export function networkWrites({ classID, priorities = [] }: NetworkResources): readonly never[] {
	const hint = "net_cls and net_prio are controllers of cgroup v1: filter by cgroup path, or mark in the container";
	if (isSet(classID)) refuseOnV2("network.classID", hint);
	if (priorities.length > 0) refuseOnV2("network.priorities", hint);
	return [];
}
