import { expect, it } from "vitest";
import { oomEvent, statsEvent } from "../../../src/cli/event-document.js";
import { readStats } from "../../../src/linux/cgroups/stats.js";
import { door } from "../../support/door.js";

const record = {
	version: 1,
	paths: { memory: "/m/a", blkio: "/b/a", hugetlb: "/h/a" },
	unifiedMountPoint: "",
} as const;

it("an OOM event is type and id", () => {
	expect(oomEvent("c1")).toBe('{"type":"oom","id":"c1"}\n');
});

it("statistics of nothing have the members that runc always prints", () => {
	expect(statsEvent("c1", readStats({ version: 1, paths: {}, unifiedMountPoint: "" }))).toBe(
		'{"type":"stats","id":"c1","data":{"cpu":{"usage":{"kernel":0,"user":0},"throttling":{}},' +
			'"cpuset":{"cpu_exclusive":0,"mem_hardwall":0,"mem_exclusive":0,"memory_migrate":0,"memory_spread_page":0,' +
			'"memory_spread_slab":0,"memory_pressure":0,"sched_load_balance":0,"sched_relax_domain_level":0},' +
			'"memory":{"usage":{"limit":0,"failcnt":0},"swap":{"limit":0,"failcnt":0},"kernel":{"limit":0,"failcnt":0},' +
			'"kernelTCP":{"limit":0,"failcnt":0}},"pids":{},"blkio":{},"hugetlb":{},"intel_rdt":{},' +
			'"network_interfaces":null}}\n',
	);
});

it("statistics keep 64 bits, leave zeros out of tables, and sort memory.stat", () => {
	door.files({
		"/m/a/memory.limit_in_bytes": "9223372036854771712\n",
		"/m/a/memory.stat": "rss 8\ncache 7\n",
		"/b/a/blkio.throttle.io_serviced_recursive": "254:0 Read 0\n254:0 Write 3\n",
		"/h/a/hugetlb.2MB.usage_in_bytes": "0\n",
		"/h/a/hugetlb.2MB.failcnt": "0\n",
		"/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "0\n",
	});
	const text = statsEvent("c1", readStats(record));
	expect(text).toContain('"memory":{"cache":7,"usage":{"limit":9223372036854771712,"failcnt":0}');
	expect(text).toContain('"raw":{"cache":7,"rss":8}');
	expect(text).toContain(
		'"blkio":{"ioServicedRecursive":[{"major":254,"op":"Read"},{"major":254,"op":"Write","value":3}]}',
	);
	expect(text).toContain('"hugetlb":{"2MB":{"failcnt":0}}');
});
