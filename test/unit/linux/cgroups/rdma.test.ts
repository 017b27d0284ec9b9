import { expect, it } from "vitest";
import { rdmaWrites } from "../../../../src/linux/cgroups/rdma.js";

it("HP-09 rdma limits are one line per device, with what is given", () => {
	const limits = { mlx5_1: { hcaHandles: 3, hcaObjects: 10000 }, rxe3: { hcaObjects: 0 } };
	expect(rdmaWrites(limits)).toEqual([
		{ file: "rdma.max", value: "mlx5_1 hca_handle=3 hca_object=10000" },
		{ file: "rdma.max", value: "rxe3 hca_object=0" },
	]);
});
