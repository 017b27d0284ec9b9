import { describe, expect, it } from "vitest";
import { type CgroupRecord, openCgroup } from "../../../../src/linux/cgroups/driver.js";
import { O_DIRECTORY, O_PATH, SIGKILL } from "../../../../src/sys/constants.js";
import { door } from "../../../support/door.js";
import { fakeCgroupfs } from "./fake-cgroupfs.js";

const both = "/cg/cpu,cpuacct/c";
const hybrid: CgroupRecord = {
	version: 1,
	unifiedMountPoint: "/cg/unified",
	paths: { cpu: both, cpuacct: both, devices: "/cg/devices/c", freezer: "/cg/freezer/c", "": "/cg/unified/c" },
};
const v2: CgroupRecord = { version: 2, unifiedMountPoint: "/cg/unified", paths: { "": "/cg/unified/c" } };

const machine = () =>
	fakeCgroupfs({
		"/cg/cpu,cpuacct": { version: 1, controllers: ["cpu", "cpuacct"] },
		"/cg/devices": { version: 1, controllers: ["devices"] },
		"/cg/freezer": { version: 1, controllers: ["freezer"] },
		"/cg/unified": { version: 2, controllers: ["cpu", "memory", "pids"] },
	});

describe("a cgroup", () => {
	it("is opened without a system call", () => {
		expect(openCgroup(hybrid).record).toBe(hybrid);
		expect(door.calls).toEqual([]);
	});

	it("lives: made, joined, counted, paused, killed, removed", () => {
		const cgroups = machine();
		const cgroup = openCgroup(hybrid);
		expect(cgroup.create()).toBe(true);
		cgroup.add(7);
		expect(cgroup.processes()).toEqual([7]);
		cgroup.freeze();
		expect(cgroup.isFrozen()).toBe(true);
		cgroup.thaw();
		expect(cgroup.isFrozen()).toBe(false);
		cgroup.kill(SIGKILL);
		expect(cgroup.processes()).toEqual([]);
		cgroup.destroy();
		cgroup.destroy();
		expect(cgroups.directories()).toEqual(["/cg/cpu,cpuacct", "/cg/devices", "/cg/freezer", "/cg/unified"]);
		expect(cgroups.open).toBe(0);
	});

	it("joins each hierarchy once, co-mounted controllers together", () => {
		const cgroups = machine();
		const cgroup = openCgroup(hybrid);
		cgroup.create();
		expect(door.args("mkdirat")).toHaveLength(4);
		cgroup.add(7);
		expect(cgroups.log).toEqual(
			[both, "/cg/devices/c", "/cg/freezer/c", "/cg/unified/c"].map((path) => `${path}/cgroup.procs=7`),
		);
	});

	it("is joined with one write on v2", () => {
		const cgroups = machine();
		const cgroup = openCgroup(v2);
		cgroup.create();
		const before = cgroups.writes.length;
		cgroup.add(7);
		expect(cgroups.log.slice(before)).toEqual(["/cg/unified/c/cgroup.procs=7"]);
	});

	it.each([v2, hybrid])("hands out the unified directory for CLONE_INTO_CGROUP: version $version", (record) => {
		machine();
		const cgroup = openCgroup(record);
		cgroup.create();
		expect(cgroup.joinFd()).toBeGreaterThan(0);
		const [, path, flags] = door.args("openat").at(-1) ?? [];
		expect(path).toBe("/cg/unified/c");
		expect((flags ?? 0) & (O_PATH | O_DIRECTORY)).toBe(O_PATH | O_DIRECTORY);
	});

	it("has no such directory on a pure v1 machine", () => {
		expect(openCgroup({ ...hybrid, paths: { devices: "/cg/devices/c" } }).joinFd()).toBe(-1);
	});

	it("is entered by a child itself: each v1 hierarchy once, by the file that takes no lock", () => {
		const cgroups = machine();
		const cgroup = openCgroup(hybrid);
		cgroup.create();
		cgroup.enter();
		expect(cgroups.log).toEqual([both, "/cg/devices/c", "/cg/freezer/c"].map((path) => `${path}/tasks=0`));
		expect(cgroup.processes()).toEqual([1000]);
	});

	it("is not entered on v2, where the clone did it", () => {
		machine();
		openCgroup(v2).enter();
		expect(door.calls.filter(({ name }) => name === "write")).toEqual([]);
	});

	it("names itself when it cannot enter", () => {
		machine();
		openCgroup(hybrid).create();
		door.fail("write", "ENOSPC");
		expect(() => openCgroup(hybrid).enter()).toThrow(
			`error adding pid 1000 to cgroups: write ${both}/tasks: no space left on device`,
		);
	});

	it("tells why a process cannot join", () => {
		const cgroups = machine();
		const cgroup = openCgroup(v2);
		cgroup.create();
		cgroups.set("/cg/unified/c/cgroup.subtree_control", "pids");
		expect(() => cgroup.add(7)).toThrow(
			expect.objectContaining({
				message: "error adding pid 7 to cgroups: write /cg/unified/c/cgroup.procs: device or resource busy",
				details: expect.objectContaining({ hint: expect.stringContaining("cgroup.subtree_control") }),
			}),
		);
	});

	it("asks a new cgroup for old device programs never, an old one always", () => {
		machine();
		const rules = { devices: [{ allow: true }] };
		const cgroup = openCgroup(v2);
		cgroup.create();
		cgroup.apply(rules);
		expect(door.names).not.toContain("bpf_prog_query");
		cgroup.apply(rules);
		openCgroup(v2).apply(rules);
		expect(door.args("bpf_prog_query")).toHaveLength(2);
	});

	it("changes hands on v2 only", () => {
		machine();
		openCgroup(hybrid).create();
		openCgroup(hybrid).changeOwner(1000);
		expect(door.args("fchownat")).toEqual([]);
		openCgroup(v2).changeOwner(1000);
		expect(door.args("fchownat")[0]?.slice(1)).toEqual(["/cg/unified/c", 1000, -1, 0]);
	});

	it("is not made when that is not permitted and it may be left out", () => {
		const cgroups = machine();
		door.fail("mkdirat", "EROFS");
		expect(openCgroup(hybrid).create({ optional: true })).toBe(false);
		expect(cgroups.writes).toEqual([]);
	});
});
