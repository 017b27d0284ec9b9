import { describe, expect, it } from "vitest";
import { needsCgroup, resourceWrites } from "../../../../src/linux/cgroups/resources.js";
import type { LinuxResources } from "../../../../src/spec/types.js";

const all: LinuxResources = {
	devices: [{ allow: false }],
	pids: { limit: 10 },
	memory: { limit: 100 },
	cpu: { shares: 1024, cpus: "0" },
	blockIO: { weight: 100 },
	hugepageLimits: [{ pageSize: "2MB", limit: 0 }],
	rdma: { mlx5_1: { hcaHandles: 1 } },
};
const files = (resources: LinuxResources, versionOf: (controller: string) => 1 | 2) =>
	resourceWrites(resources, versionOf).map(({ controller, writes }) => `${controller}: ${writes[0]?.file}`);

describe("resourceWrites", () => {
	it("lists v1 files by controller", () => {
		expect(files({ ...all, network: { classID: 1, priorities: [{ name: "eth0", priority: 1 }] } }, () => 1)).toEqual([
			"pids: pids.max",
			"memory: memory.limit_in_bytes",
			"blkio: blkio.weight",
			"cpu: cpu.shares",
			"cpuset: cpuset.cpus",
			"hugetlb: hugetlb.2MB.limit_in_bytes",
			"net_cls: net_cls.classid",
			"net_prio: net_prio.ifpriomap",
			"rdma: rdma.max",
		]);
	});

	it("lists v2 files by controller", () => {
		expect(files(all, () => 2)).toEqual([
			"pids: pids.max",
			"memory: memory.max",
			"blkio: io.bfq.weight",
			"cpu: cpu.weight",
			"cpuset: cpuset.cpus",
			"hugetlb: hugetlb.2MB.max",
			"rdma: rdma.max",
		]);
	});

	it("takes each controller in its own version on a hybrid machine", () => {
		const versionOf = (controller: string) => (controller === "hugetlb" ? 2 : 1);
		expect(files({ memory: { limit: 1 }, hugepageLimits: [{ pageSize: "2MB", limit: 1 }] }, versionOf)).toEqual([
			"memory: memory.limit_in_bytes",
			"hugetlb: hugetlb.2MB.max",
		]);
	});

	it("leaves out what sets nothing", () => {
		expect(resourceWrites({ cpu: { shares: 0 }, blockIO: {}, memory: { disableOOMKiller: false } }, () => 1)).toEqual(
			[],
		);
		expect(resourceWrites({}, () => 2)).toEqual([]);
	});
});

describe("needsCgroup", () => {
	it("is true for any limit, and for files of the unified hierarchy", () => {
		expect(needsCgroup({ pids: { limit: 0 } })).toBe(true);
		expect(needsCgroup({ unified: { "memory.high": "1" } })).toBe(true);
	});

	it("is false for nothing, zeros, and device rules alone", () => {
		expect(needsCgroup(undefined)).toBe(false);
		expect(needsCgroup({})).toBe(false);
		expect(needsCgroup({ devices: [{ allow: false }], cpu: { shares: 0 }, unified: {} })).toBe(false);
	});
});
