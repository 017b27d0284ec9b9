import { beforeEach, describe, expect, it } from "vitest";
import { freeze, isFrozen, isThawed, thaw } from "../../../../../src/linux/cgroups/v1/freezer.js";
import { startClock } from "../../../../../src/linux/cgroups/waiting.js";
import { door } from "../../../../support/door.js";
import { type FakeCgroupfs, fakeCgroupfs } from "../fake-cgroupfs.js";

let cgroups: FakeCgroupfs;
beforeEach(() => {
	cgroups = fakeCgroupfs({ "/f": { version: 1, controllers: ["freezer"] } });
	cgroups.make("/f/x");
});

/** A kernel that needs to be asked several times. */
function reluctant(times: number): void {
	let left = times;
	door.answer("read", () => (left-- > 0 ? "FREEZING\n" : "FROZEN\n"));
}

describe("the v1 freezer", () => {
	it("freezes and thaws", () => {
		expect(isFrozen("/f/x")).toBe(false);
		expect(freeze("/f/x", startClock(1000))).toBe(true);
		expect(isFrozen("/f/x")).toBe(true);
		thaw("/f/x");
		expect(isFrozen("/f/x")).toBe(false);
		expect(cgroups.open).toBe(0);
	});

	it("asks again while the kernel is at it", () => {
		reluctant(3);
		expect(freeze("/f/x", startClock(60_000))).toBe(true);
		expect(cgroups.log).toEqual(Array(4).fill("/f/x/freezer.state=FROZEN"));
	});

	it("gives up when the time is over", () => {
		reluctant(1000);
		expect(freeze("/f/x", startClock(500))).toBe(false);
	});

	it("counts a cgroup that is still freezing as frozen, and one that is gone as not", () => {
		cgroups.set("/f/x/freezer.state", "FREEZING");
		expect(isFrozen("/f/x")).toBe(true);
		expect(isFrozen("/f/gone")).toBe(false);
		expect(() => thaw("/f/gone")).not.toThrow();
	});

	it("knows whether one above keeps it frozen", () => {
		expect([isThawed("/f/x"), isThawed("/f/gone")]).toEqual([true, true]);
		reluctant(0);
		expect(isThawed("/f/x")).toBe(false);
	});
});
