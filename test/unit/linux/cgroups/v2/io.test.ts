import { describe, expect, it } from "vitest";
import { ioWeight, ioWrites } from "../../../../../src/linux/cgroups/v2/io.js";

describe("io on v2", () => {
	it("BI-01 BI-03 writes weights to BFQ's file, or converted to io.weight", () => {
		expect(ioWrites({ weight: 500, weightDevice: [{ major: 8, minor: 0, weight: 1000 }] })).toEqual([
			{ file: "io.bfq.weight", value: "500", otherwise: { file: "io.weight", value: "4950" } },
			{ file: "io.bfq.weight", value: "8:0 1000", otherwise: { file: "io.weight", value: "8:0 10000" } },
		]);
	});

	it.each([
		[10, 1],
		[11, 11],
		[100, 910],
		[1000, 10000],
	])("converts weight %s to %s", (weight, expected) => {
		expect(ioWeight(weight)).toBe(expected);
	});

	it("writes one line of throttles per device, 0 as max", () => {
		const writes = ioWrites({
			throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 600 }],
			throttleWriteBpsDevice: [{ major: 8, minor: 0, rate: 2n ** 60n }],
			throttleReadIOPSDevice: [{ major: 8, minor: 16, rate: 5 }],
			throttleWriteIOPSDevice: [{ major: 8, minor: 0, rate: 0 }],
		});
		expect(writes).toEqual([
			{ file: "io.max", value: "8:0 rbps=600 wbps=1152921504606846976 wiops=max" },
			{ file: "io.max", value: "8:16 riops=5" },
		]);
	});

	it("takes weight 0 as unset and refuses leaf weights", () => {
		expect(ioWrites({ weight: 0, leafWeight: 0, weightDevice: [{ major: 8, minor: 0, weight: 0 }] })).toEqual([]);
		expect(() => ioWrites({ leafWeight: 1 })).toThrow("linux.resources.blockIO.leafWeight cannot be set on cgroup v2");
		expect(() => ioWrites({ weightDevice: [{ major: 8, minor: 0, leafWeight: 1 }] })).toThrow("blockIO.leafWeight");
	});
});
