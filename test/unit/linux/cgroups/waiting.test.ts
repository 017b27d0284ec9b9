import { describe, expect, it } from "vitest";
import { startClock, waitForEnd, waitForEvent } from "../../../../src/linux/cgroups/waiting.js";
import { POLLIN } from "../../../../src/sys/constants.js";
import { door } from "../../../support/door.js";
import { fakeCgroupfs } from "./fake-cgroupfs.js";

describe("startClock", () => {
	it("counts down to zero, in milliseconds rounded up", () => {
		const times = [0n, 500_000n, 9_999_999n, 10_000_000n, 99_000_000n];
		door.answer("clock_gettime", () => times.shift() ?? 0n);
		const left = startClock(10);
		expect([left(), left(), left(), left()]).toEqual([10, 1, 0, 0]);
	});
});

describe("waitForEvent", () => {
	it("returns when the line comes, after reading the file anew", () => {
		const cgroups = fakeCgroupfs({ "/u": { version: 2, controllers: [] } });
		cgroups.make("/u/x");
		cgroups.enter("/u/x", 7);
		cgroups.whileWaiting(() => cgroups.end(7));
		expect(waitForEvent("/u/x", "populated 0", startClock(10_000))).toBe(true);
		expect(door.args("poll")).toHaveLength(1);
		expect(cgroups.open).toBe(0);
	});

	it("looks again soon at first, then leaves it to the kernel's notice", () => {
		const cgroups = fakeCgroupfs({ "/u": { version: 2, controllers: [] } });
		cgroups.make("/u/x");
		cgroups.enter("/u/x", 7);
		expect(waitForEvent("/u/x", "populated 0", startClock(1000))).toBe(false);
		expect(door.args("poll").map(([, timeout]) => timeout)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 100]);
	});

	it("does not take one line for another", () => {
		door.files({ "/u/x/cgroup.events": "populated 01\nunpopulated 0\n" });
		expect(waitForEvent("/u/x", "populated 0", () => 0)).toBe(false);
	});
});

describe("waitForEnd", () => {
	it("watches each process by pidfd, and passes over those that are gone", () => {
		const cgroups = fakeCgroupfs({ "/d": { version: 1, controllers: [] } });
		cgroups.make("/d/x");
		cgroups.enter("/d/x", 7, 8);
		waitForEnd([7, 8, 9], () => 500);
		expect(door.args("poll").map(([items, timeout]) => [items.length, items[0]?.events, timeout])).toEqual([
			[1, POLLIN, 500],
			[1, POLLIN, 500],
		]);
		expect(cgroups.open).toBe(0);
	});
});
