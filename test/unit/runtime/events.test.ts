import { beforeEach, describe, expect, it } from "vitest";
import { containerStats, followContainer } from "../../../src/runtime/events.js";
import type { Host } from "../../../src/runtime/host.js";
import { CLOCK_MONOTONIC } from "../../../src/sys/constants.js";
import { door } from "../../support/door.js";

const host = { root: "/run/tsrun", rootIsExplicit: true } as Host;
const stat = `600 (sleep) S 1 ${Array(17).fill(0).join(" ")} 3 0\n`;
const cgroup = { version: 2, paths: { "": "/v2/c1" }, unifiedMountPoint: "/v2" };
const record = { id: "c1", pid: 600, startTime: 3, cgroup };

/** Milliseconds since the test began. */
let now = 0;

beforeEach(() => {
	now = 0;
	door.files({
		"/run/tsrun/c1/state.json": JSON.stringify(record),
		"/proc/600/stat": stat,
		"/v2/c1/memory.events": "oom_kill 0\n",
		"/v2/c1/memory.current": "40\n",
	});
	door.answer("clock_gettime", (clock) => (clock === CLOCK_MONOTONIC ? BigInt(now) * 1_000_000n : 0n));
});

/** What is told, when each wait for the container's end, the listener's and memory answers what the script says. */
function follow(script: readonly (readonly [end: number, gone: number, memory: number])[]): string[] {
	const told: string[] = [];
	let waits = 0;
	door.answer("poll", (items, timeout) => {
		if (items.length === 1) return [0];
		const ready = script[waits++] ?? [1, 0, 0];
		if (ready.some((one) => one !== 0)) {
			if (ready[2]) door.native.write(door.open("/v2/c1/memory.events"), `oom_kill ${waits}\n`);
		} else now += timeout;
		return [...ready];
	});
	followContainer(
		host,
		"c1",
		{ interval: 5000, listener: 1 },
		{
			stats: ({ memory }) => told.push(`stats ${memory.usage.usage} at ${now}`),
			oom: () => told.push(`oom at ${now}`),
		},
	);
	return told;
}

describe("followContainer", () => {
	it("tells statistics at each interval, memory that ran out at once", () => {
		const told = follow([
			[0, 0, 0],
			[0, 0, 1],
			[0, 0, 0],
			[1, 0, 0],
		]);
		expect(told).toEqual(["stats 40 at 5000", "oom at 5000", "stats 40 at 10000"]);
	});

	it("tells of the memory that the container dies of before it ends", () => {
		expect(follow([[1, 0, 1]])).toEqual(["oom at 0"]);
	});

	it("ends when nobody listens, and leaves nothing open", () => {
		expect(follow([[0, 8, 0]])).toEqual([]);
		const opened = door.calls.filter(({ name }) => name === "pidfd_open").length;
		expect(opened).toBe(1);
	});

	it("refuses a container that has stopped, before and after the look at its status", () => {
		const refusal = { id: "container-status", message: "container with id c1 is not running" };
		door.fail("pidfd_open", "ESRCH");
		expect(() => follow([])).toThrow(expect.objectContaining(refusal));
		door.files({ "/proc/600/stat": stat.replace(" S ", " Z ") });
		expect(() => follow([])).toThrow(expect.objectContaining(refusal));
		expect(() => containerStats(host, "c1")).toThrow(expect.objectContaining(refusal));
	});

	it("refuses one without a cgroup of its own", () => {
		door.files({ "/run/tsrun/c1/state.json": JSON.stringify({ ...record, cgroup: null }) });
		expect(() => containerStats(host, "c1")).toThrow(
			expect.objectContaining({
				id: "config-unsupported",
				message: "container c1 has no cgroup of its own, so nothing is known of its use",
			}),
		);
	});
});
