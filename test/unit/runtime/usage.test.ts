import { describe, expect, it } from "vitest";
import { NO_LIMIT } from "../../../src/linux/cgroups/flat-file.js";
import { readStats } from "../../../src/linux/cgroups/stats.js";
import type { CgroupStats } from "../../../src/linux/cgroups/stats-types.js";
import type { Host } from "../../../src/runtime/host.js";
import { type Sample, takeSample, usageBetween } from "../../../src/runtime/usage.js";
import { door } from "../../support/door.js";

const zeros = readStats({ version: 1, paths: {}, unifiedMountPoint: "" });

function sample(at: number, stats: Partial<CgroupStats>, oomKills = 0): Sample {
	return { id: "c1", status: "running", at, stats: { ...zeros, ...stats }, oomKills };
}

const cpu = (total: number, throttledTime: number) => ({
	usage: { total, kernel: 0, user: 0 },
	throttling: { periods: 10, throttledPeriods: 5, throttledTime },
});
const io = (read: number, write: number) => ({
	ioServiceBytesRecursive: [
		{ major: 8, minor: 0, op: "Read", value: read },
		{ major: 8, minor: 0, op: "Write", value: write },
		{ major: 8, minor: 16, op: "Read", value: 100 },
		{ major: 8, minor: 0, op: "Total", value: read + write },
	],
});
const memory = (usage: number, limit: number | bigint, raw = {}) => ({
	...zeros.memory,
	usage: { usage, limit, max: 0, failcnt: 0 },
	raw,
});

describe("usageBetween", () => {
	it("makes rates of what was counted in the time between", () => {
		const usage = usageBetween(
			sample(1e9, { cpu: cpu(1e9, 0), blkio: io(1000, 50) }),
			sample(3e9, { cpu: cpu(2e9, 5e8), blkio: io(5000, 50) }, 2),
		);
		expect(usage).toMatchObject({
			cpu: { percent: 50, time: 2e9, throttledPercent: 25, throttledPeriods: 5, periods: 10 },
			io: { readBytes: 5100, writeBytes: 50, readRate: 2000, writeRate: 0 },
			memory: { oomKills: 2 },
			pids: { current: 0, limit: null },
			pressure: { cpu: null, memory: null, io: null },
		});
	});

	it("leaves file pages out that were not used lately, in either version", () => {
		const of = (raw: object) => usageBetween(sample(0, {}), sample(1, { memory: memory(100, 200, raw) })).memory;
		expect(of({ inactive_file: 10, total_inactive_file: 40 })).toMatchObject({
			workingSet: 60,
			limit: 200,
			percent: 30,
		});
		expect(of({ inactive_file: 10 })).toMatchObject({ usage: 100, workingSet: 90, percent: 45 });
	});

	it.each([NO_LIMIT, 9223372036854771712n, 0])("takes %s for no memory limit", (limit) => {
		const { memory: seen } = usageBetween(sample(0, {}), sample(1, { memory: memory(100, limit) }));
		expect(seen).toMatchObject({ limit: null, percent: null });
	});

	it("never goes below zero, when a cgroup was made anew or the clock stood still", () => {
		const { cpu: seen } = usageBetween(sample(5, { cpu: cpu(9, 9) }), sample(5, { cpu: cpu(0, 0) }));
		expect(seen).toMatchObject({ percent: 0, throttledPercent: 0 });
	});
});

describe("takeSample", () => {
	const host = { root: "/run/tsrun", rootIsExplicit: true } as Host;
	const record = {
		id: "c1",
		pid: 600,
		startTime: 3,
		cgroup: { version: 2, paths: { "": "/v2" }, unifiedMountPoint: "/" },
	};

	it("looks at a living container, and is null for a stopped one", () => {
		door.files({
			"/run/tsrun/c1/state.json": JSON.stringify(record),
			"/proc/600/stat": `600 (sleep) S 1 ${Array(17).fill(0).join(" ")} 3 0\n`,
			"/v2/memory.events": "oom_kill 3\n",
			"/v2/pids.current": "2\n",
		});
		expect(takeSample(host, "c1")).toMatchObject({ status: "running", oomKills: 3, stats: { pids: { current: 2 } } });
		door.fail("openat", "ENOENT", (_fd, path) => path === "/proc/600/stat");
		expect(takeSample(host, "c1")).toBeNull();
	});
});
