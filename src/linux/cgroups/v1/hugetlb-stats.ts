/** Huge pages in use on cgroup v1 (Documentation/admin-guide/cgroup-v1/hugetlb.rst). */
import { count, type ReadControl } from "../flat-file.js";
import type { HugetlbStats } from "../stats-types.js";

/** null where the kernel counts no pages of that size. */
export function hugetlbStats(read: ReadControl, pageSize: string): HugetlbStats | null {
	const usage = read(`hugetlb.${pageSize}.usage_in_bytes`);
	if (usage === null) return null;
	return {
		usage: count(usage),
		max: count(read(`hugetlb.${pageSize}.max_usage_in_bytes`)),
		failcnt: count(read(`hugetlb.${pageSize}.failcnt`)),
	};
}
