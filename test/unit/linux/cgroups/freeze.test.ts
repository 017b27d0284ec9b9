import { describe, expect, it } from "vitest";
import type { CgroupRecord } from "../../../../src/linux/cgroups/driver.js";
import { awaitThawed, freezeCgroup, isCgroupFrozen, thawCgroup } from "../../../../src/linux/cgroups/freeze.js";
import { door } from "../../../support/door.js";
import { fakeCgroupfs } from "./fake-cgroupfs.js";

const v1: CgroupRecord = { version: 1, unifiedMountPoint: "", paths: { freezer: "/f/c" } };
const v2: CgroupRecord = { version: 2, unifiedMountPoint: "/f", paths: { "": "/f/c" } };
const hybridWithoutV1Freezer: CgroupRecord = { ...v2, version: 1 };
const without: CgroupRecord = { version: 1, unifiedMountPoint: "", paths: { cpu: "/c/c" } };

const machine = ({ version }: { version: 1 | 2 }) => {
	const cgroups = fakeCgroupfs({ "/f": { version, controllers: version === 1 ? ["freezer"] : [] } });
	cgroups.make("/f/c");
	return cgroups;
};

it.each([
	["v1", v1, { version: 1 as const }],
	["v2", v2, { version: 2 as const }],
	["a hybrid machine whose freezer is in v2", hybridWithoutV1Freezer, { version: 2 as const }],
])("freezes and thaws on %s", (_name, record, mount) => {
	machine(mount);
	freezeCgroup(record);
	expect(isCgroupFrozen(record)).toBe(true);
	thawCgroup(record);
	expect(isCgroupFrozen(record)).toBe(false);
});

describe("a freeze that fails", () => {
	it("thaws again and tells where to look", () => {
		const cgroups = machine({ version: 1 });
		cgroups.set("/f/c/freezer.state", "FREEZING");
		door.answer("write", (_fd, data) => String(data).length);
		expect(() => freezeCgroup(v1)).toThrow(
			expect.objectContaining({
				message: "freeze /f/c: not frozen within 10 seconds",
				details: expect.objectContaining({ hint: expect.stringContaining("state D") }),
			}),
		);
		expect(door.args("write").at(-1)?.[1]).toBe("THAWED");
	});

	it("thaws what it may have frozen when the kernel fails it half-way", () => {
		const cgroups = machine({ version: 2 });
		door.fail("read", "EIO", () => cgroups.content("/f/c/cgroup.freeze") === "1");
		expect(() => freezeCgroup(v2)).toThrow(expect.objectContaining({ id: "cgroup-failed" }));
		expect(cgroups.content("/f/c/cgroup.freeze")).toBe("0");
	});

	it("is refused before it begins when we are in that cgroup ourselves", () => {
		const cgroups = machine({ version: 2 });
		cgroups.enter("/f/c", door.native.getpid());
		expect(() => freezeCgroup(v2)).toThrow(
			expect.objectContaining({ id: "cgroup-in-use", message: "freeze /f/c: the runtime itself is in that cgroup" }),
		);
		expect(cgroups.log).toEqual([]);
	});

	it("names a freezer that is not there", () => {
		expect(() => freezeCgroup(without)).toThrow("freeze: the freezer controller is not mounted");
		expect(isCgroupFrozen(without)).toBe(false);
		expect(() => thawCgroup(without)).not.toThrow();
	});

	it("names a cgroup that is gone", () => {
		machine({ version: 2 });
		expect(() => freezeCgroup({ ...v2, paths: { "": "/f/gone" } })).toThrow(
			"freeze /f/gone: no such file or directory",
		);
	});

	it("names the cgroup that cannot be thawed", () => {
		machine({ version: 2 });
		door.fail("write", "EACCES");
		expect(() => thawCgroup(v2)).toThrow("thaw /f/c: permission denied");
	});
});

describe("awaitThawed", () => {
	it.each([
		["v1", v1],
		["v2", v2],
	] as const)("is content with a thawed cgroup on %s, and with one that is gone", (_name, record) => {
		machine(record);
		awaitThawed(record);
		awaitThawed({ ...record, paths: { freezer: "/f/gone", "": "/f/gone" } });
		awaitThawed(without);
	});

	it.each([
		["v1", v1, "FROZEN\n"],
		["v2", v2, "populated 1\nfrozen 1\n"],
	] as const)("says on %s that one above is frozen", (_name, record, text) => {
		machine(record);
		door.answer("read", () => text);
		expect(() => awaitThawed(record)).toThrow(
			expect.objectContaining({
				message: "thaw /f/c: it is still frozen",
				details: expect.objectContaining({ hint: "a cgroup above it is frozen: thaw that" }),
			}),
		);
	});
});
