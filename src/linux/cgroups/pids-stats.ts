/** What pids.current and pids.max say, in both versions. */
import { count, NO_LIMIT, type ReadControl } from "./flat-file.js";
import type { PidsStats } from "./stats-types.js";

export function pidsStats(read: ReadControl): PidsStats {
	const limit = count(read("pids.max"));
	return { current: count(read("pids.current")), limit: limit === NO_LIMIT ? 0 : limit };
}
