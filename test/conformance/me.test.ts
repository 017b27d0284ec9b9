/** ME, CU, BI, HP, UN: the limits of linux.resources, in the files of the cgroup (config-linux.md#memory to #unified). */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { inLayout } from "../support/cgroup-layouts.js";
import { control } from "../support/cgroups.js";
import { test as base, type Patch, setting } from "../support/conformance.js";
import { shell } from "../support/container.js";
import { needs } from "../support/skip.js";
import { waitFor } from "../support/wait.js";

const test = base.extend("machine", { auto: true }, ({ skip }) => needs(skip, "cgroup v1"));

const withResources = (resources: object): Patch => setting(({ linux }) => linux.resources, resources);

const MiB = 1 << 20;
const unlimited = "9223372036854771712";

/** id, what is given, controller, file, what the file holds then. */
type Row = readonly [id: string, what: string, resources: object, controller: string, file: string, value: string];

const limits: readonly Row[] = [
	["ME-01", "memory.limit -1", { memory: { limit: -1 } }, "memory", "memory.limit_in_bytes", unlimited],
	[
		"ME-01",
		"memory.swap -1",
		{ memory: { limit: 64 * MiB, swap: -1 } },
		"memory",
		"memory.memsw.limit_in_bytes",
		unlimited,
	],
	["ME-02", "memory.limit", { memory: { limit: 64 * MiB } }, "memory", "memory.limit_in_bytes", String(64 * MiB)],
	[
		"ME-03",
		"memory.reservation",
		{ memory: { reservation: 32 * MiB } },
		"memory",
		"memory.soft_limit_in_bytes",
		String(32 * MiB),
	],
	[
		"ME-04",
		"memory.swap",
		{ memory: { limit: 64 * MiB, swap: 96 * MiB } },
		"memory",
		"memory.memsw.limit_in_bytes",
		String(96 * MiB),
	],
	[
		"ME-06",
		"memory.kernelTCP",
		{ memory: { kernelTCP: 16 * MiB } },
		"memory",
		"memory.kmem.tcp.limit_in_bytes",
		String(16 * MiB),
	],
	["ME-07", "memory.swappiness 0", { memory: { swappiness: 0 } }, "memory", "memory.swappiness", "0"],
	["ME-07", "memory.swappiness 100", { memory: { swappiness: 100 } }, "memory", "memory.swappiness", "100"],
	[
		"ME-08",
		"memory.disableOOMKiller",
		{ memory: { disableOOMKiller: true } },
		"memory",
		"memory.oom_control",
		"oom_kill_disable 1\nunder_oom 0\noom_kill 0",
	],
	["ME-09", "memory.useHierarchy", { memory: { useHierarchy: true } }, "memory", "memory.use_hierarchy", "1"],
	["CU-01", "cpu.shares", { cpu: { shares: 512 } }, "cpu", "cpu.shares", "512"],
	["CU-02", "cpu.quota", { cpu: { quota: 20_000 } }, "cpu", "cpu.cfs_quota_us", "20000"],
	["CU-04", "cpu.burst", { cpu: { quota: 20_000, burst: 10_000 } }, "cpu", "cpu.cfs_burst_us", "10000"],
	["CU-06", "cpu.period", { cpu: { quota: 20_000, period: 50_000 } }, "cpu", "cpu.cfs_period_us", "50000"],
	[
		"CU-07",
		"cpu.realtimeRuntime",
		{ cpu: { realtimePeriod: 500_000, realtimeRuntime: 1_000 } },
		"cpu",
		"cpu.rt_runtime_us",
		"1000",
	],
	["CU-08", "cpu.realtimePeriod", { cpu: { realtimePeriod: 500_000 } }, "cpu", "cpu.rt_period_us", "500000"],
	["CU-09", "cpu.cpus", { cpu: { cpus: "0" } }, "cpuset", "cpuset.cpus", "0"],
	["CU-10", "cpu.mems", { cpu: { mems: "0" } }, "cpuset", "cpuset.mems", "0"],
	["CU-11", "cpu.idle", { cpu: { idle: 1 } }, "cpu", "cpu.idle", "1"],
	["HP-07", "pids.limit", { pids: { limit: 20 } }, "pids", "pids.max", "20"],
	["HP-07", "pids.limit -1", { pids: { limit: -1 } }, "pids", "pids.max", "max"],
	// no process fits into 0
	["HP-08", "pids.limit 0", { pids: { limit: 0 } }, "pids", "pids.max", "1"],
];

test.for(limits)("%s %s ends in its file", ([, , resources, controller, file, value], { start }) => {
	expect(control(start({ patch: withResources(resources) }).pid, controller, file)).toBe(value);
});

test("ME-05 memory.kernel, which the kernel ignores by now, is no error", ({ output }) => {
	expect(output(["/bin/echo", "runs"], withResources({ memory: { limit: 64 * MiB, kernel: 32 * MiB } }))).toBe(
		"runs\n",
	);
});

test("ME-10 ME-11 with checkBeforeUpdate a limit below the usage is rejected", async ({ start, runtime, folder }) => {
	const { id, pid, printed } = start({
		args: ["/probe", "alloc", String(32 * MiB), "hold"],
		patch: withResources({ memory: { limit: 64 * MiB, swap: 64 * MiB } }),
	});
	await waitFor(() => printed() === "ready\n", { what: "the memory" });
	const file = join(folder, "resources.json");
	writeFileSync(file, JSON.stringify({ memory: { limit: 8 * MiB, checkBeforeUpdate: true } }));
	expect(runtime("update", "--resources", file, id).status).not.toBe(0);
	expect(control(pid, "memory", "memory.limit_in_bytes")).toBe(String(64 * MiB));
});

test.for<[ids: string, what: string, resources: object]>([
	["ME-07", "a swappiness over 100", { memory: { swappiness: 101 } }],
	["CU-03 CU-05", "a burst above the quota", { cpu: { quota: 10_000, burst: 20_000 } }],
	["CU-11", "an idle that is neither 0 nor 1", { cpu: { idle: 2 } }],
	["BI-04", "a device without weight and leafWeight", { blockIO: { weightDevice: [{ major: 8, minor: 0 }] } }],
	["HP-03", "a page size of another form", { hugepageLimits: [{ pageSize: "2 MB", limit: 1 }] }],
	["HP-03", "a page size that the kernel lacks", { hugepageLimits: [{ pageSize: "3MB", limit: MiB }] }],
	["HP-04", "a page size without limit", { hugepageLimits: [{ pageSize: "2MB" }] }],
	["HP-10", "an rdma device without limits", { rdma: { mlx5_1: {} } }],
])("%s %s is an error", ([, , resources], { refuse }) => {
	refuse(withResources(resources));
});

const disk = existsSync("/sys/block/vda/dev") ? readFileSync("/sys/block/vda/dev", "utf8").trim() : "";
const [major = 0, minor = 0] = disk.split(":").map(Number);

test.for([
	["BI-05", "throttleReadBpsDevice", "read_bps_device"],
	["BI-06", "throttleWriteBpsDevice", "write_bps_device"],
	["BI-07", "throttleReadIOPSDevice", "read_iops_device"],
	["BI-08", "throttleWriteIOPSDevice", "write_iops_device"],
] as const)("%s blockIO.%s ends in its file", ([, member, file], { start, skip }) => {
	if (disk === "") skip("this machine has no disk vda");
	const { pid } = start({ patch: withResources({ blockIO: { [member]: [{ major, minor, rate: 4096 }] } }) });
	expect(control(pid, "blkio", `blkio.throttle.${file}`)).toBe(`${disk} 4096`);
});

describe("where cgroups are v2 alone", () => {
	/** What is in a file of the container's cgroup, as the container sees it. */
	const v2 = test
		.extend("layout", ({ runtime, skip }) => {
			// in no hierarchy of version 1
			if (!/^hugetlb\s+0\s/m.test(readFileSync("/proc/cgroups", "utf8"))) skip("v2 has no hugetlb controller here");
			return inLayout(runtime, "v2");
		})
		.extend("seenIn", ({ layout, makeBundle, newId }) => (file: string, resources: object) => {
			const patch: Patch = (config) => {
				config.linux.resources = resources;
				config.linux.namespaces.push({ type: "cgroup" });
			};
			const bundle = makeBundle({ args: shell(`cat /sys/fs/cgroup/${file}`), patch });
			const { status, stdout, stderr } = layout("run", "--bundle", bundle, newId());
			expect(status, stderr).toBe(0);
			return stdout.trim();
		})
		.extend("refuseIn", ({ layout, makeBundle, newId }) => (resources: object) => {
			const id = newId();
			const created = layout(
				"create",
				"--bundle",
				makeBundle({ patch: setting(({ linux }) => linux, { resources }) }),
				id,
			);
			if (created.status === 0) layout("delete", "--force", id);
			expect(created.status, "create must fail").not.toBe(0);
		});
	const pages = { hugepageLimits: [{ pageSize: "2MB", limit: 4 * MiB }] };

	v2("HP-01 hugepageLimits limit reservations", ({ seenIn }) => {
		expect(seenIn("hugetlb.2MB.rsvd.max", pages)).toBe(String(4 * MiB));
	});

	v2("HP-02 UN-05 hugepageLimits limit use", ({ seenIn }) => {
		expect(seenIn("hugetlb.2MB.max", pages)).toBe(String(4 * MiB));
	});

	v2("UN-01 each entry of unified is a file and what is written to it", ({ seenIn }) => {
		expect(seenIn("cgroup.max.depth", { unified: { "cgroup.max.depth": "3" } })).toBe("3");
	});

	v2("UN-02 the controllers that unified needs are enabled", ({ seenIn }) => {
		expect(seenIn("hugetlb.2MB.max", { unified: { "hugetlb.2MB.max": String(6 * MiB) } })).toBe(String(6 * MiB));
	});

	v2("UN-03 a file that no runtime need know is written all the same", ({ seenIn }) => {
		expect(seenIn("cgroup.max.descendants", { unified: { "cgroup.max.descendants": "7" } })).toBe("7");
	});

	v2("UN-04 a controller that is not there is an error", ({ refuseIn }) => {
		refuseIn({ unified: { "memory.high": "1000000" } });
	});

	v2.for<[what: string, resources: object]>([
		["memory.swappiness", { memory: { swappiness: 10 } }],
		["memory.kernelTCP", { memory: { kernelTCP: MiB } }],
		["cpu.realtimeRuntime", { cpu: { realtimeRuntime: 1000, realtimePeriod: 100_000 } }],
		["network.classID", { network: { classID: 5 } }],
	])("UN-06 what v2 has no equivalent for is an error: %s", ([, resources], { refuseIn }) => {
		refuseIn(resources);
	});
});
