import { describe, expect, it } from "vitest";
import { blkioStats } from "../../../../../src/linux/cgroups/v1/blkio-stats.js";
import { cpuStats } from "../../../../../src/linux/cgroups/v1/cpu-stats.js";
import { cpusetStats } from "../../../../../src/linux/cgroups/v1/cpuset-stats.js";
import { hugetlbStats } from "../../../../../src/linux/cgroups/v1/hugetlb-stats.js";
import { memoryStats } from "../../../../../src/linux/cgroups/v1/memory-stats.js";
import { nothing, readFrom } from "../read-from.js";

describe("CPU time on v1", () => {
	it("is told by CPU, in nanoseconds, with throttling", () => {
		const cpu = readFrom({
			"cpu.stat": "nr_periods 9\nnr_throttled 4\nthrottled_time 5000\nnr_bursts 0\nburst_time 0\n",
		});
		const cpuacct = readFrom({
			"cpuacct.usage": "30\n",
			"cpuacct.usage_percpu": "10 20 \n",
			"cpuacct.usage_all": "cpu user system\n0 1 9\n1 2 18\n",
			"cpuacct.stat": "user 3\nsystem 7\n",
		});
		expect(cpuStats(cpu, cpuacct)).toEqual({
			usage: {
				total: 30,
				percpu: [10, 20],
				percpu_kernel: [9, 18],
				percpu_user: [1, 2],
				kernel: 70_000_000,
				user: 30_000_000,
			},
			throttling: { periods: 9, throttledPeriods: 4, throttledTime: 5000 },
		});
	});

	it("is nothing where nobody counts", () => {
		expect(cpuStats(nothing, nothing).usage).toEqual({
			total: 0,
			percpu: [],
			percpu_kernel: [],
			percpu_user: [],
			kernel: 0,
			user: 0,
		});
	});
});

it("cpuset on v1 lists CPUs and nodes one by one", () => {
	const files = { "cpuset.cpus": "0-1\n", "cpuset.mems": "0\n", "cpuset.sched_relax_domain_level": "-1\n" };
	expect(cpusetStats(readFrom(files))).toMatchObject({ cpus: [0, 1], mems: [0], sched_relax_domain_level: -1 });
});

it("memory on v1 has four counters and memory.stat", () => {
	const files = {
		"memory.limit_in_bytes": "100\n",
		"memory.usage_in_bytes": "40\n",
		"memory.max_usage_in_bytes": "50\n",
		"memory.failcnt": "2\n",
		"memory.memsw.limit_in_bytes": "9223372036854771712\n",
		"memory.stat": "cache 7\nrss 8\n",
	};
	const none = { limit: 0, usage: 0, max: 0, failcnt: 0 };
	expect(memoryStats(readFrom(files))).toEqual({
		cache: 7,
		usage: { limit: 100, usage: 40, max: 50, failcnt: 2 },
		swap: { ...none, limit: 9223372036854771712n },
		kernel: none,
		kernelTCP: none,
		raw: { cache: 7, rss: 8 },
	});
});

describe("block I/O on v1", () => {
	const table = "8:0 Read 4096\n8:0 Total 4096\nTotal 4096\n";
	const entries = [
		{ major: 8, minor: 0, op: "Read", value: 4096 },
		{ major: 8, minor: 0, op: "Total", value: 4096 },
	];

	it("is BFQ's where that has counted", () => {
		const files = {
			"blkio.bfq.io_service_bytes_recursive": table,
			"blkio.bfq.sectors_recursive": "8:0 8\nTotal 8\n",
			"blkio.throttle.io_service_bytes_recursive": "8:0 Read 1\n",
		};
		expect(blkioStats(readFrom(files))).toEqual({
			ioServiceBytesRecursive: entries,
			sectorsRecursive: [{ major: 8, minor: 0, op: "", value: 8 }],
		});
	});

	it("is the throttle's where BFQ's tables are empty", () => {
		const files = {
			"blkio.bfq.io_service_bytes_recursive": "Total 0\n",
			"blkio.throttle.io_service_bytes_recursive": table,
			"blkio.throttle.io_serviced_recursive": "8:0 Read 1\nTotal 1\n",
		};
		expect(blkioStats(readFrom(files))).toEqual({
			ioServiceBytesRecursive: entries,
			ioServicedRecursive: [{ major: 8, minor: 0, op: "Read", value: 1 }],
		});
		expect(blkioStats(nothing)).toEqual({});
	});
});

it("huge pages on v1 are told by size", () => {
	const files = {
		"hugetlb.2MB.usage_in_bytes": "2097152\n",
		"hugetlb.2MB.max_usage_in_bytes": "4194304\n",
		"hugetlb.2MB.failcnt": "1\n",
	};
	expect(hugetlbStats(readFrom(files), "2MB")).toEqual({ usage: 2097152, max: 4194304, failcnt: 1 });
	expect(hugetlbStats(readFrom(files), "1GB")).toBeNull();
});
