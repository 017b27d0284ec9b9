import { beforeEach, describe, expect, it } from "vitest";
import { freeze, isFrozen, isThawed, thaw } from "../../../../../src/linux/cgroups/v2/freezer.js";
import { startClock } from "../../../../../src/linux/cgroups/waiting.js";
import { POLLPRI } from "../../../../../src/sys/constants.js";
import { door } from "../../../../support/door.js";
import { type FakeCgroupfs, fakeCgroupfs } from "../fake-cgroupfs.js";

let cgroups: FakeCgroupfs;
beforeEach(() => {
	cgroups = fakeCgroupfs({ "/f": { version: 2, controllers: [] } });
	cgroups.make("/f/x");
});

describe("the v2 freezer", () => {
	it("freezes and thaws", () => {
		expect(isFrozen("/f/x")).toBe(false);
		expect(freeze("/f/x", startClock(1000))).toBe(true);
		expect(isFrozen("/f/x")).toBe(true);
		thaw("/f/x");
		expect(isFrozen("/f/x")).toBe(false);
	});

	it("waits for the kernel's notice, and not longer than it may", () => {
		door.answer("read", () => "populated 1\nfrozen 0\n");
		expect(freeze("/f/x", startClock(1000))).toBe(false);
		const [items, timeout] = door.args("poll")[0] ?? [];
		expect(items).toMatchObject([{ events: POLLPRI }]);
		expect(timeout).toBeLessThanOrEqual(1000);
		expect(cgroups.open).toBe(0);
	});

	it("is not frozen where there is no freezer, and thaws what is gone without a word", () => {
		cgroups.remove("/f/x/cgroup.freeze");
		expect(isFrozen("/f/x")).toBe(false);
		expect(() => thaw("/f/gone")).not.toThrow();
	});

	it("knows whether one above keeps it frozen", () => {
		cgroups.set("/f/x/cgroup.freeze", "0");
		expect([isThawed("/f/x", startClock(1000)), isThawed("/f/gone", startClock(1000))]).toEqual([true, true]);
		door.answer("read", () => "populated 1\nfrozen 1\n");
		expect(isThawed("/f/x", startClock(1000))).toBe(false);
	});
});
