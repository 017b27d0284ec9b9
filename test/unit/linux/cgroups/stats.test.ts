import { describe, expect, it } from "vitest";
import { readStats } from "../../../../src/linux/cgroups/stats.js";
import { door } from "../../../support/door.js";

const pressure = "some avg10=1.00 avg60=0.00 avg300=0.00 total=5\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";

describe("readStats", () => {
	it("reads each controller where it is, and pressure and huge pages from a hybrid's unified half", () => {
		door.files({
			"/v1/memory/a/memory.usage_in_bytes": "40\n",
			"/v1/pids/a/pids.current": "2\n",
			"/v2/a/memory.pressure": pressure,
			"/v2/a/hugetlb.2MB.current": "0\n",
			"/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "0\n",
			"/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages": "0\n",
		});
		const paths = { memory: "/v1/memory/a", pids: "/v1/pids/a", "": "/v2/a" };
		const stats = readStats({ version: 1, paths, unifiedMountPoint: "/v2" });
		expect(stats.memory.usage.usage).toBe(40);
		expect(stats.memory.psi?.some.avg10).toBe(1);
		expect(stats.pids).toEqual({ current: 2, limit: 0 });
		expect(Object.keys(stats.hugetlb)).toEqual(["2MB"]);
	});

	it("reads all from one directory on v2, where there is no cpuset in the document", () => {
		door.files({ "/v2/a/cpu.stat": "usage_usec 7\n", "/v2/a/memory.current": "40\n", "/v2/a/cpuset.cpus": "0\n" });
		const stats = readStats({ version: 2, paths: { "": "/v2/a" }, unifiedMountPoint: "/v2" });
		expect([stats.cpu.usage.total, stats.memory.usage.usage, stats.cpuset.cpus]).toEqual([7000, 40, []]);
		expect(stats.cpu.psi).toBeUndefined();
	});

	it("is zeros when the cgroup is gone", () => {
		door.fail("openat", "ENODEV", (_fd, path) => path.startsWith("/v2"));
		expect(readStats({ version: 2, paths: { "": "/v2/a" }, unifiedMountPoint: "/v2" }).memory.usage.usage).toBe(0);
	});
});
