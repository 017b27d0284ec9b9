/** `resources.hugepageLimits` on cgroup v2 (Documentation/admin-guide/cgroup-v2.rst, "HugeTLB"). */
import type { HugepageLimit } from "../../../spec/types.js";
import { checkPageSize } from "../hugepage-size.js";
import type { Write } from "../writes.js";

/** Usage is limited, and reservations where the kernel counts them (since 5.7). */
export function hugetlbWrites(limits: readonly HugepageLimit[]): readonly Write[] {
	return limits.flatMap(({ pageSize, limit }) => {
		const prefix = `hugetlb.${checkPageSize(pageSize)}`;
		return [
			{ file: `${prefix}.max`, value: `${limit}` },
			{ file: `${prefix}.rsvd.max`, value: `${limit}`, otherwise: "nothing" as const },
		];
	});
}
