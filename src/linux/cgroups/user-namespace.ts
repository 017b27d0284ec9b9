/** Whether we are root only of a user namespace, where device rules are neither possible nor needed. */
import { readFile } from "../../sys/files.js";

/** user_namespaces(7): the initial one maps every id onto itself. */
export function inUserNamespace(): boolean {
	return !/^\s*0\s+0\s+4294967295\s*$/.test(readFile("/proc/self/uid_map"));
}
