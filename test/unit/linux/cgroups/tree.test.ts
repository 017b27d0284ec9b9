import { describe, expect, it } from "vitest";
import { makeDirectory, removeTree } from "../../../../src/linux/cgroups/tree.js";
import { startClock } from "../../../../src/linux/cgroups/waiting.js";
import { door } from "../../../support/door.js";
import { fakeCgroupfs } from "./fake-cgroupfs.js";

const v1 = { "/d": { version: 1, controllers: ["devices"] } } as const;
const v2 = { "/d": { version: 2, controllers: [] } } as const;

describe("makeDirectory", () => {
	it("makes one directory with one call, parents only when they are missing", () => {
		const cgroups = fakeCgroupfs(v1);
		const made: string[] = [];
		expect(makeDirectory("/d/x", made)).toBe(true);
		expect(door.args("mkdirat")).toHaveLength(1);
		expect(makeDirectory("/d/x/a/b", made)).toBe(true);
		expect(made).toEqual(["/d/x", "/d/x/a", "/d/x/a/b"]);
		expect(cgroups.directories()).toEqual(["/d", "/d/x", "/d/x/a", "/d/x/a/b"]);
	});

	it("says when the directory was there", () => {
		fakeCgroupfs(v1).make("/d/x");
		const made: string[] = [];
		expect(makeDirectory("/d/x", made)).toBe(false);
		expect(made).toEqual([]);
	});
});

describe("removeTree", () => {
	it("takes one call for an empty cgroup, and for one that is gone", () => {
		fakeCgroupfs(v1).make("/d/x");
		removeTree("/d/x", startClock(1000));
		removeTree("/d/x", startClock(1000));
		expect(door.names.filter((name) => name !== "clock_gettime")).toEqual(["unlinkat", "unlinkat"]);
	});

	it("removes what is below first", () => {
		const cgroups = fakeCgroupfs(v1);
		for (const path of ["/d/x", "/d/x/a", "/d/x/a/b", "/d/x/c"]) cgroups.make(path);
		removeTree("/d/x", startClock(1000));
		expect(cgroups.directories()).toEqual(["/d"]);
		expect(door.names).not.toContain("poll");
	});

	it.each([
		["v1, by the processes' ends", v1],
		["v2, by the kernel's notice", v2],
	])("waits for processes that are about to end: %s", (_name, mounts) => {
		const cgroups = fakeCgroupfs(mounts);
		cgroups.make("/d/x");
		cgroups.make("/d/x/a");
		cgroups.enter("/d/x/a", 7);
		cgroups.whileWaiting((items) => {
			expect(items).toBe(1);
			cgroups.end(7);
			cgroups.whileWaiting(() => {});
		});
		removeTree("/d/x", startClock(10_000));
		expect(cgroups.directories()).toEqual(["/d"]);
		expect(cgroups.open).toBe(0);
	});

	it.each([v1, v2])("waits for a kernel that is slow to let go of an empty cgroup: %o", (mounts) => {
		const cgroups = fakeCgroupfs(mounts);
		cgroups.make("/d/x");
		let refusals = 3;
		door.fail("unlinkat", "EBUSY", () => refusals-- > 0);
		removeTree("/d/x", startClock(10_000));
		expect(cgroups.directories()).toEqual(["/d"]);
		expect(door.args("poll").map(([, timeout]) => timeout)).toEqual([1, 2, 4]);
	});

	it("gives up when the time is over and names who is in it", () => {
		const cgroups = fakeCgroupfs(v1);
		cgroups.make("/d/x");
		cgroups.enter("/d/x", 7, 8);
		expect(() => removeTree("/d/x", startClock(1000))).toThrow(
			expect.objectContaining({
				id: "cgroup-failed",
				message: "remove cgroup /d/x: device or resource busy",
				details: expect.objectContaining({ hint: "still in it: 7, 8" }),
			}),
		);
	});

	it("takes a read-only file system's refusal for a cgroup that does not exist as done", () => {
		fakeCgroupfs(v1).make("/d/x");
		door.fail("unlinkat", "EROFS");
		expect(() => removeTree("/d/gone", startClock(1000))).not.toThrow();
		expect(() => removeTree("/d/x", startClock(1000))).toThrow("remove cgroup /d/x: read-only file system");
	});
});
