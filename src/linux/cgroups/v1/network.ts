/** `resources.network`, two controllers that only cgroup v1 has (net_cls.rst, net_prio.rst). */
import type { NetworkResources } from "../../../spec/types.js";
import { isSet } from "../numbers.js";
import type { Write } from "../writes.js";

/** Class 0 is unset. */
export function netClsWrites({ classID }: NetworkResources): readonly Write[] {
	return isSet(classID) ? [{ file: "net_cls.classid", value: `${classID}` }] : [];
}

export function netPrioWrites({ priorities = [] }: NetworkResources): readonly Write[] {
	return priorities.map(({ name, priority }) => ({ file: "net_prio.ifpriomap", value: `${name} ${priority}` }));
}
