import { describe, expect, test } from "vitest";
import { issuesOfResources, named } from "../support.js";

const found = (resources: unknown) => named(issuesOfResources(resources));

test("device access is made of r, w and m", () => {
	const rule = (access: string) => ({ devices: [{ allow: true, access }] });
	expect(found(rule("rwm"))).toEqual([]);
	expect(found(rule(""))).toEqual([]);
	expect(found(rule("rx"))).toEqual(["AL-05 $.devices[0].access"]);
});

test("swappiness is 0 to 100", () => {
	expect(found({ memory: { swappiness: 100 } })).toEqual([]);
	expect(found({ memory: { swappiness: 101 } })).toEqual(["ME-07 $.memory.swappiness"]);
});

describe("swap", () => {
	test("includes memory, so it is not below its limit", () => {
		expect(found({ memory: { limit: 2, swap: 1 } })).toEqual(["ME-04 $.memory.swap"]);
		expect(found({ memory: { limit: 2, swap: 2 } })).toEqual([]);
	});

	test.each([-1, 0])("%i is no limit", (swap) => {
		expect(found({ memory: { limit: 2, swap } })).toEqual([]);
	});
});

describe("burst", () => {
	test("fits into the quota", () => {
		expect(found({ cpu: { quota: 5, burst: 6 } })).toEqual(["CU-05 $.cpu.burst"]);
		expect(found({ cpu: { quota: 5, burst: 5 } })).toEqual([]);
	});

	test("is free where there is no quota", () => {
		expect(found({ cpu: { quota: -1, burst: 6 } })).toEqual([]);
		expect(found({ cpu: { burst: 6 } })).toEqual([]);
	});
});

test("idle is 0 or 1", () => {
	expect([0, 1].map((idle) => found({ cpu: { idle } }))).toEqual([[], []]);
	expect([-1, 2].map((idle) => found({ cpu: { idle } }))).toEqual([["CU-11 $.cpu.idle"], ["CU-11 $.cpu.idle"]]);
});

test("a weight per device has a weight", () => {
	const device = { major: 8, minor: 0 };
	expect(found({ blockIO: { weightDevice: [device] } })).toEqual(["BI-04 $.blockIO.weightDevice[0]"]);
	expect(
		found({
			blockIO: {
				weightDevice: [
					{ ...device, leafWeight: 10 },
					{ ...device, weight: 10 },
				],
			},
		}),
	).toEqual([]);
});

describe("huge pages", () => {
	const sizes = (...names: readonly string[]) => ({
		hugepageLimits: names.map((pageSize) => ({ pageSize, limit: 0 })),
	});

	test("2MB, 1GB and 64KB are sizes", () => {
		expect(found(sizes("2MB", "1GB", "64KB"))).toEqual([]);
	});

	test.each(["64kB", "2M", "0MB", "2 MB", "MB", "2TB"])("%s is none", (size) => {
		expect(found(sizes(size))).toEqual(["HP-03 $.hugepageLimits[0].pageSize"]);
	});
});

test("an RDMA entry limits something", () => {
	expect(found({ rdma: { mlx5_1: {}, mlx5_2: { hcaHandles: 3 }, mlx5_3: { hcaObjects: 0 } } })).toEqual([
		"HP-10 $.rdma.mlx5_1",
	]);
});

describe("unified", () => {
	test("names files, also those that nobody knows", () => {
		expect(found({ unified: { "memory.high": "max", "new.file": "1" } })).toEqual([]);
	});

	test.each(["../memory.max", "a/b", "..", ".", ""])("%j is no file name", (name) => {
		expect(issuesOfResources({ unified: { [name]: "1" } })).toMatchObject([
			{ rule: "UN-01", message: `unified resource "${name}" must be a file name (no slashes)` },
		]);
	});
});

test("pids without a limit is legal, and so is the limit 0", () => {
	expect(found({ pids: {} })).toEqual([]);
	expect(found({ pids: { limit: 0 } })).toEqual([]);
});
