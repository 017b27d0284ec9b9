import { beforeEach, describe, expect, it } from "vitest";
import { createDirectories } from "../../../../src/linux/cgroups/create.js";
import type { CgroupRecord } from "../../../../src/linux/cgroups/driver.js";
import { door } from "../../../support/door.js";
import { fakeCgroupfs } from "./fake-cgroupfs.js";

const paths = { cpuset: "/cg/cpuset/box/c", devices: "/cg/devices/box/c", freezer: "/cg/freezer/box/c" };
const v1: CgroupRecord = { version: 1, unifiedMountPoint: "", paths };
const v2: CgroupRecord = { version: 2, unifiedMountPoint: "/cg", paths: { "": "/cg/box/c" } };

const machineV1 = () =>
	fakeCgroupfs(
		{
			"/cg/cpuset": { version: 1, controllers: ["cpuset"] },
			"/cg/devices": { version: 1, controllers: ["devices"] },
			"/cg/freezer": { version: 1, controllers: ["freezer"] },
		},
		{ "/proc/self/uid_map": "         0          0 4294967295\n" },
	);
const machineV2 = () => fakeCgroupfs({ "/cg": { version: 2, controllers: ["cpu", "memory"] } });
const create = (record: CgroupRecord, optional = false, frozen = false) =>
	createDirectories(record, Object.values(record.paths), optional, () => frozen);

describe("createDirectories on v1", () => {
	it("makes every hierarchy's directory and fills the cpuset", () => {
		const cgroups = machineV1();
		expect(create(v1)).toEqual({ isNew: true });
		expect(cgroups.directories()).toEqual(expect.arrayContaining(Object.values(paths)));
		expect(cgroups.content("/cg/cpuset/box/c/cpuset.cpus")).toBe("0-1");
		expect(cgroups.content("/cg/cpuset/box/c/cpuset.mems")).toBe("0");
		expect(cgroups.writes.every(({ path }) => path.includes("cpuset"))).toBe(true);
		expect(cgroups.open).toBe(0);
	});

	it("takes an empty cgroup that exists", () => {
		const cgroups = machineV1();
		cgroups.make("/cg/devices/box");
		cgroups.make("/cg/devices/box/c");
		expect(create(v1)).toEqual({ isNew: false });
	});

	it("refuses one with processes, here or below, and removes what it made", () => {
		const cgroups = machineV1();
		for (const path of ["/cg/devices/box", "/cg/devices/box/c", "/cg/devices/box/c/d"]) cgroups.make(path);
		cgroups.enter("/cg/devices/box/c/d", 7, 8);
		const before = cgroups.directories();
		expect(() => create(v1)).toThrow(
			expect.objectContaining({ id: "cgroup-in-use", message: "container's cgroup is not empty: 2 process(es) found" }),
		);
		expect(cgroups.directories()).toEqual(before);
	});

	it("refuses a frozen one, and asks only one that existed", () => {
		const cgroups = machineV1();
		expect(create(v1, false, true)).toEqual({ isNew: true });
		expect(() => create(v1, false, true)).toThrow(
			expect.objectContaining({ id: "cgroup-in-use", message: "container's cgroup unexpectedly frozen" }),
		);
		expect(cgroups.directories()).toEqual(expect.arrayContaining(Object.values(paths)));
	});
});

describe("createDirectories on v2", () => {
	it("hands the controllers down to a new cgroup", () => {
		const cgroups = machineV2();
		create(v2);
		expect(cgroups.log).toEqual([
			"/cg/cgroup.subtree_control=+cpu +memory",
			"/cg/box/cgroup.subtree_control=+cpu +memory",
		]);
	});

	it("writes nothing where the parent hands them down already", () => {
		const cgroups = machineV2();
		create(v2);
		const before = cgroups.writes.length;
		create({ ...v2, paths: { "": "/cg/box/d" } });
		expect(cgroups.writes).toHaveLength(before);
	});
});

describe("without permission", () => {
	beforeEach(() => {
		machineV1();
		door.fail("mkdirat", "EACCES", (_fd, path) => path.startsWith("/cg/freezer"));
		door.answer("geteuid", 1000);
	});
	const made = () => door.args("mkdirat").map(([, path]) => path);
	const removed = () => door.args("unlinkat").map(([, path]) => path);

	it("does without cgroups when they are optional, and leaves none behind", () => {
		expect(create(v1, true)).toBeNull();
		expect(removed()).toEqual(["/cg/devices/box/c", "/cg/devices/box", "/cg/cpuset/box/c", "/cg/cpuset/box"]);
		expect(made().at(-1)).toMatch("/cg/freezer");
	});

	it("tells a user what would help", () => {
		expect(() => create(v1)).toThrow(
			expect.objectContaining({
				id: "cgroup-failed",
				message: expect.stringMatching(
					/^unable to apply cgroup configuration: rootless needs no limits \+ no cgrouppath when no permission is granted for cgroups: mkdir "\/cg\/freezer\/box\/c": permission denied$/,
				),
				details: expect.objectContaining({ hint: expect.stringContaining("Delegate=yes"), errno: "EACCES" }),
			}),
		);
	});

	it("does not call root rootless", () => {
		door.answer("geteuid", 0);
		expect(() => create(v1)).toThrow(
			/^unable to apply cgroup configuration: mkdir "\/cg\/freezer\/box\/c": permission denied$/,
		);
	});
});

it.each([
	["EROFS", "mounted read-only"],
	["EAGAIN", "cgroup.max.descendants"],
] as const)("has a hint on %s", (code, word) => {
	machineV1();
	door.fail("mkdirat", code);
	expect(() => create(v1)).toThrow(
		expect.objectContaining({ details: expect.objectContaining({ hint: expect.stringContaining(word) }) }),
	);
});

it("is not optional where something else than permission is missing", () => {
	machineV1();
	door.fail("mkdirat", "ENOSPC");
	expect(() => create(v1, true)).toThrow("no space left on device");
});
