/** Whether the kernel has killed a process of the cgroup for want of memory. */
import { hasCode } from "../../sys/errors.js";
import { directoryOf, versionOf } from "./apply.js";
import { readControl } from "./control-files.js";
import type { CgroupRecord } from "./driver.js";

/** v1: memory.oom_control, v2: memory.events; both have a line "oom_kill N". */
export function hadOomKill(record: CgroupRecord): boolean {
	const directory = directoryOf(record, "memory");
	if (directory === undefined) return false;
	try {
		const text = readControl(directory, versionOf(record, "memory") === 1 ? "memory.oom_control" : "memory.events");
		return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0) > 0;
	} catch (error) {
		if (hasCode(error, "ENOENT")) return false;
		throw error;
	}
}
