import { expect, it } from "vitest";
import { hugetlbWrites } from "../../../../../src/linux/cgroups/v2/hugetlb.js";

it("huge pages on v2 limit usage, and reservations where the kernel counts them", () => {
	expect(hugetlbWrites([{ pageSize: "1GB", limit: 2n ** 60n }])).toEqual([
		{ file: "hugetlb.1GB.max", value: "1152921504606846976" },
		{ file: "hugetlb.1GB.rsvd.max", value: "1152921504606846976", otherwise: "nothing" },
	]);
	expect(() => hugetlbWrites([{ pageSize: "3 MB", limit: 1 }])).toThrow('invalid huge page size "3 MB"');
});
