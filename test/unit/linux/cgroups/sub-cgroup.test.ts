import { describe, expect, it } from "vitest";
import { placeBelow, subCgroup } from "../../../../src/linux/cgroups/sub-cgroup.js";
import { door } from "../../../support/door.js";

const hybrid = { version: 1, unifiedMountPoint: "/u", paths: { cpu: "/c/x", memory: "/m/x", "": "/u/x" } } as const;
const v2 = { version: 2, unifiedMountPoint: "/u", paths: { "": "/u/x" } } as const;

describe("subCgroup", () => {
	it("moves a path without controllers in every hierarchy that the container sees", () => {
		expect(subCgroup(v2, ["a/b"]).paths).toEqual({ "": "/u/x/a/b" });
		expect(subCgroup(hybrid, ["a"]).paths).toEqual({ cpu: "/c/x/a", memory: "/m/x/a", "": "/u/x" });
		expect(subCgroup(v2, ["/"]).paths).toEqual(v2.paths);
		expect(subCgroup(v2, [])).toEqual(v2);
	});

	it("moves the named controllers only", () => {
		expect(subCgroup(hybrid, ["cpu:a"]).paths).toEqual({ cpu: "/c/x/a", memory: "/m/x", "": "/u/x" });
		expect(subCgroup(hybrid, ["cpu,memory:a"]).paths).toMatchObject({ cpu: "/c/x/a", memory: "/m/x/a" });
		expect(subCgroup(hybrid, ["cpu:a", "memory:b"]).paths).toMatchObject({ cpu: "/c/x/a", memory: "/m/x/b" });
	});

	it.each([
		["..", "bad sub cgroup path: .. is not a sub cgroup path"],
		["../x2", "bad sub cgroup path: ../x2 is not a sub cgroup path"],
		["cpu:a/../../b", "bad sub cgroup path: a/../../b is not a sub cgroup path"],
		["what:/", "unknown controller what"],
		[":a", "invalid --cgroup argument: :a (empty <controller> prefix)"],
		["cpu,cpu:a", "invalid --cgroup argument: cpu,cpu:a (controller cpu specified multiple times)"],
	])("refuses %s", (request, message) => {
		expect(() => subCgroup(hybrid, [request])).toThrow(expect.objectContaining({ id: "usage", message }));
	});

	it("refuses several paths without controllers", () => {
		expect(() => subCgroup(hybrid, ["a", "b"])).toThrow("invalid --cgroup argument: a (missing <controller>: prefix)");
	});
});

describe("placeBelow", () => {
	it.each([
		["0::/x/a/b\n", "/a/b"],
		["0::/top/x/a\n", "/a"],
		["0::/x\n", null],
		["0::/x2/a\n", null],
		["1:cpu:/x/a\n0::/y\n", null],
	])("of %j is %j", (text, place) => {
		door.files({ "/proc/7/cgroup": text });
		expect(placeBelow(v2, 7)).toBe(place);
		expect(placeBelow(hybrid, 7)).toBeNull();
	});
});
