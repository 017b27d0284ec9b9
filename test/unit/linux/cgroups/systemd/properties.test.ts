import { describe, expect, it } from "vitest";
import { bits, propertyRows, resourceProperties } from "../../../../../src/linux/cgroups/systemd/properties.js";
import type { LinuxResources } from "../../../../../src/spec/types.js";

const infinity = 18446744073709551615n;

/** Name and value alone. */
const properties = (resources: LinuxResources, version: 1 | 2 = 2, systemd = 255) =>
	Object.fromEntries(resourceProperties(resources, version, systemd).map(([name, { value }]) => [name, value]));

describe("resourceProperties", () => {
	it("sets nothing for what is not set", () => {
		expect(properties({})).toEqual({});
		expect(
			properties({ memory: { limit: 0, swap: 0 }, cpu: { shares: 0, quota: 0, period: 0, cpus: "", mems: "" } }),
		).toEqual({});
	});

	it("limits memory, and swap alone on v2", () => {
		const memory = { limit: 64n, reservation: 32, swap: 96 };
		expect(properties({ memory })).toEqual({ MemoryMax: 64n, MemoryLow: 32n, MemorySwapMax: 32n });
		expect(properties({ memory }, 1)).toEqual({ MemoryLimit: 64n });
		expect(properties({ memory: { limit: -1 } })).toEqual({ MemoryMax: infinity, MemorySwapMax: infinity });
	});

	it("has shares as they are on v1, as the weight of cpu.weight on v2", () => {
		expect(properties({ cpu: { shares: 1024 } }, 1)).toEqual({ CPUShares: 1024 });
		expect(properties({ cpu: { shares: 1024 } })).toEqual({ CPUWeight: 100 });
	});

	it("has quotas per second, up to the next per cent", () => {
		expect(properties({ cpu: { quota: 25_000, period: 100_000 } })).toEqual({
			CPUQuotaPeriodUSec: 100_000,
			CPUQuotaPerSecUSec: 250_000n,
		});
		expect(properties({ cpu: { quota: 25_001 } })).toEqual({ CPUQuotaPerSecUSec: 260_000n });
		expect(properties({ cpu: { quota: -1 } })).toEqual({ CPUQuotaPerSecUSec: infinity });
		expect(properties({ cpu: { period: 50_000 } })).toEqual({
			CPUQuotaPeriodUSec: 50_000,
			CPUQuotaPerSecUSec: infinity,
		});
	});

	it("leaves out what an older systemd does not know", () => {
		const cpu = { quota: 1000, period: 50_000, cpus: "0", mems: "0" };
		expect(Object.keys(properties({ cpu }, 2, 241))).toEqual(["CPUQuotaPerSecUSec"]);
		expect(Object.keys(properties({ cpu }, 2, 243))).toEqual(["CPUQuotaPeriodUSec", "CPUQuotaPerSecUSec"]);
		expect(properties({ cpu: { idle: 1 } }, 2, 251)).toEqual({});
	});

	it("calls idle the weight 0, whatever the shares", () => {
		expect(properties({ cpu: { idle: 1, shares: 512 } })).toEqual({ CPUWeight: 0 });
		expect(properties({ cpu: { idle: 0, shares: 1024 } })).toEqual({ CPUWeight: 100 });
	});

	it("counts tasks", () => {
		expect(properties({ pids: { limit: 20 } })).toEqual({ TasksMax: 20n });
		expect(properties({ pids: { limit: -1 } })).toEqual({ TasksMax: infinity });
		expect(properties({ pids: { limit: 0 } })).toEqual({ TasksMax: 1 });
	});

	it("throttles and weighs disks", () => {
		const device = { major: 8, minor: 16 };
		const blockIO = {
			weight: 1000,
			weightDevice: [
				{ ...device, weight: 10 },
				{ ...device, leafWeight: 10 },
			],
			throttleReadBpsDevice: [{ ...device, rate: 5 }],
			throttleWriteBpsDevice: [{ ...device, rate: 0 }],
			throttleReadIOPSDevice: [{ ...device, rate: 7 }],
			throttleWriteIOPSDevice: [],
		};
		const path = "/dev/block/8:16";
		expect(properties({ blockIO })).toEqual({
			IOWeight: 10_000,
			IODeviceWeight: [[path, 1]],
			IOReadBandwidthMax: [[path, 5]],
			IOWriteBandwidthMax: [[path, infinity]],
			IOReadIOPSMax: [[path, 7]],
		});
		expect(properties({ blockIO }, 1)).toEqual({
			BlockIOWeight: 1000,
			BlockIODeviceWeight: [[path, 10]],
			BlockIOReadBandwidth: [[path, 5]],
			BlockIOWriteBandwidth: [[path, infinity]],
		});
	});

	it("reads unified, which comes last", () => {
		const unified = {
			"memory.max": "max",
			"memory.high": "5000000",
			"memory.zswap.max": "7",
			"cpu.max": "33000 110000",
			"cpu.weight": "77",
			"cpuset.cpus": "0-1",
			"io.weight": "default 300",
			"pids.max": "44",
			"hugetlb.2MB.max": "1",
		};
		expect(properties({ unified, memory: { limit: 64 }, pids: { limit: 3 } })).toEqual({
			MemoryMax: infinity,
			MemoryHigh: 5000000n,
			MemoryZSwapMax: 7n,
			CPUQuotaPeriodUSec: 110000n,
			CPUQuotaPerSecUSec: 300_000n,
			CPUWeight: 77n,
			AllowedCPUs: [3],
			IOWeight: 300n,
			TasksMax: 44n,
		});
		expect(properties({ unified: { "cpu.max": "max" } })).toEqual({ CPUQuotaPerSecUSec: infinity });
	});

	it("leaves nonsense to the kernel, which names file and value", () => {
		expect(
			properties({ unified: { "cpu.max": "lots", "memory.max": "-5", "cpuset.cpus": "a-b", "cpu.idle": "x" } }),
		).toEqual({});
		expect(properties({ cpu: { cpus: "4-" } })).toEqual({});
	});
});

describe("bits", () => {
	it("has the lowest number in the first byte", () => {
		expect(bits("0-2,8")).toEqual([0x07, 0x01]);
		expect(bits("31")).toEqual([0, 0, 0, 0x80]);
		expect(bits(" 1 , 3-4\n")).toEqual([0x1a]);
	});
});

describe("propertyRows", () => {
	it("give every property the type that systemd expects", () => {
		const types = new Map<string, string>();
		for (const { property, signature } of propertyRows) {
			for (const name of Object.values(property)) {
				expect(types.get(name) ?? signature, name).toBe(signature);
				types.set(name, signature);
			}
		}
		expect(types.get("AllowedCPUs")).toBe("ay");
		expect(types.get("IODeviceWeight")).toBe("a(st)");
	});
});
