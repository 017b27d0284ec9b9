/** Whether we lack the rights over cgroups and devices that root has on the machine. */
import { readFile } from "../../sys/files.js";
import { sys } from "../../sys/index.js";

/** user_namespaces(7): the initial one maps every id onto itself. */
function inUserNamespace(): boolean {
	return !/^\s*0\s+0\s+4294967295\s*$/.test(readFile("/proc/self/uid_map"));
}

/** A user, or root of a user namespace alone: there, device rules are neither possible nor needed. */
export function isUnprivileged(): boolean {
	return sys.geteuid() !== 0 || inUserNamespace();
}
