import { describe, expect, it } from "vitest";
import { blkioWrites } from "../../../../../src/linux/cgroups/v1/blkio.js";

describe("blkio on v1", () => {
	it("BI-01 BI-02 BI-03 writes weights to the files of CFQ, or where those are missing to BFQ's", () => {
		const weightDevice = [{ major: 8, minor: 0, weight: 500, leafWeight: 300 }];
		expect(blkioWrites({ weight: 10, leafWeight: 20, weightDevice })).toEqual([
			{ file: "blkio.weight", value: "10", otherwise: { file: "blkio.bfq.weight", value: "10" } },
			{ file: "blkio.leaf_weight", value: "20" },
			{
				file: "blkio.weight_device",
				value: "8:0 500",
				otherwise: { file: "blkio.bfq.weight_device", value: "8:0 500" },
			},
			{ file: "blkio.leaf_weight_device", value: "8:0 300" },
		]);
	});

	it("writes throttles one device at a time, 0 to take one away", () => {
		const devices = [
			{ major: 8, minor: 0, rate: 600 },
			{ major: 8, minor: 16, rate: 0 },
		];
		expect(blkioWrites({ throttleReadBpsDevice: devices })).toEqual([
			{ file: "blkio.throttle.read_bps_device", value: "8:0 600" },
			{ file: "blkio.throttle.read_bps_device", value: "8:16 0" },
		]);
		const one = [{ major: 8, minor: 0, rate: 2n ** 63n }];
		const files = blkioWrites({
			throttleWriteBpsDevice: one,
			throttleReadIOPSDevice: one,
			throttleWriteIOPSDevice: one,
		});
		expect(files.map(({ file, value }) => `${file} ${value}`)).toEqual([
			"blkio.throttle.write_bps_device 8:0 9223372036854775808",
			"blkio.throttle.read_iops_device 8:0 9223372036854775808",
			"blkio.throttle.write_iops_device 8:0 9223372036854775808",
		]);
	});

	it("takes weight 0 as unset", () => {
		expect(blkioWrites({ weight: 0, leafWeight: 0, weightDevice: [{ major: 8, minor: 0, weight: 0 }] })).toEqual([]);
	});
});
