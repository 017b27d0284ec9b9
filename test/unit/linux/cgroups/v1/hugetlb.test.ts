import { expect, it } from "vitest";
import { hugetlbWrites } from "../../../../../src/linux/cgroups/v1/hugetlb.js";

it("huge pages on v1 limit usage, and reservations where the kernel counts them", () => {
	expect(hugetlbWrites([{ pageSize: "2MB", limit: 209715200 }])).toEqual([
		{ file: "hugetlb.2MB.limit_in_bytes", value: "209715200" },
		{ file: "hugetlb.2MB.rsvd.limit_in_bytes", value: "209715200", otherwise: "nothing" },
	]);
});

it.each(["2mb", "2M", "MB", "02MB", "../2MB", ""])("a page size of %s is refused", (pageSize) => {
	expect(() => hugetlbWrites([{ pageSize, limit: 1 }])).toThrow(`invalid huge page size "${pageSize}"`);
});
