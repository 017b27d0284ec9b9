/** Huge pages in use on cgroup v2 (Documentation/admin-guide/cgroup-v2.rst, "HugeTLB"). */
import { count, flatKeyed, type ReadControl } from "../flat-file.js";
import type { HugetlbStats } from "../stats-types.js";

/** null where the kernel counts no pages of that size. v2 remembers no peak. */
export function hugetlbStats(read: ReadControl, pageSize: string): HugetlbStats | null {
	const usage = read(`hugetlb.${pageSize}.current`);
	if (usage === null) return null;
	return { usage: count(usage), max: 0, failcnt: flatKeyed(read(`hugetlb.${pageSize}.events`)).max ?? 0 };
}
