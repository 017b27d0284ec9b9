/** Processes that the kernel has killed for want of memory: how many, and notice of the next. */
import type { PollItem } from "../../sys/door.js";
import { directoryOf, versionOf } from "./apply.js";
import { readValueIfPresent } from "./control-files.js";
import type { CgroupRecord } from "./driver.js";
import { flatKeyed } from "./flat-file.js";
import * as v1 from "./v1/oom.js";
import * as v2 from "./v2/oom.js";

/** 0 when the cgroup is gone. v1 counts since Linux 4.13. */
export function oomKills(record: CgroupRecord): number {
	const directory = directoryOf(record, "memory");
	if (directory === undefined) return 0;
	const file = versionOf(record, "memory") === 1 ? v1.file : v2.file;
	return Number(flatKeyed(readValueIfPresent(directory, file)).oom_kill ?? 0);
}

export interface OomWatch {
	/** For poll(2). */
	readonly item: PollItem;
	/** Whether memory ran out since it was last asked. */
	happened(): boolean;
	close(): void;
}

/** Kernel errors as they come; null where memory is not controlled. */
export function watchOom(record: CgroupRecord): OomWatch | null {
	const directory = directoryOf(record, "memory");
	if (directory === undefined) return null;
	return (versionOf(record, "memory") === 1 ? v1 : v2).watchOom(directory);
}
