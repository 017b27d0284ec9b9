import { describe, expect, it } from "vitest";
import type { CgroupRecord } from "../../../../src/linux/cgroups/driver.js";
import { freezeCgroup, isCgroupFrozen, thawCgroup } from "../../../../src/linux/cgroups/freeze.js";
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
		door.answer("read", () => "FREEZING\n");
		expect(() => freezeCgroup(v1)).toThrow(
			expect.objectContaining({
				message: "freeze /f/c: not frozen within 10 seconds",
				details: expect.objectContaining({ hint: expect.stringContaining("state D") }),
			}),
		);
		expect(cgroups.content("/f/c/freezer.state")).toBe("THAWED");
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
