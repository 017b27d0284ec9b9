/** `resources.hugepageLimits` on cgroup v1 (Documentation/admin-guide/cgroup-v1/hugetlb.rst). */
import type { HugepageLimit } from "../../../spec/types.js";
import { checkPageSize } from "../hugepage-size.js";
import type { Write } from "../writes.js";

/** Usage is limited, and reservations where the kernel counts them (since 5.7). */
export function hugetlbWrites(limits: readonly HugepageLimit[]): readonly Write[] {
	return limits.flatMap(({ pageSize, limit }) => {
		const prefix = `hugetlb.${checkPageSize(pageSize)}`;
		return [
			{ file: `${prefix}.limit_in_bytes`, value: `${limit}` },
			{ file: `${prefix}.rsvd.limit_in_bytes`, value: `${limit}`, otherwise: "nothing" as const },
		];
	});
}
