/** Settings of cgroup v1 that cgroup v2 cannot express: an error is due (config-linux.md#unified). */
import { TsrunError } from "../../../sys/errors.js";

/** @param member its place below `linux.resources`, "memory.swappiness". */
export function refuseOnV2(member: string, hint: string): never {
	throw new TsrunError("config-unsupported", `linux.resources.${member} cannot be set on cgroup v2`, {
		object: member,
		jsonPath: `$.linux.resources.${member}`,
		hint,
	});
}
