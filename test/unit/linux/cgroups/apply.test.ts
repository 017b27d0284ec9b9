import { describe, expect, it } from "vitest";
import { applyResources, directoryOf, versionOf } from "../../../../src/linux/cgroups/apply.js";
import type { CgroupRecord } from "../../../../src/linux/cgroups/driver.js";
import { door } from "../../../support/door.js";
import { fakeCgroupfs } from "./fake-cgroupfs.js";

const initial = { "/proc/self/uid_map": "         0          0 4294967295\n" };
const mapped = { "/proc/self/uid_map": "         0     100000      65536\n" };
const hybrid: CgroupRecord = {
	version: 1,
	unifiedMountPoint: "/cg/unified",
	paths: { memory: "/cg/memory/c", devices: "/cg/devices/c", "": "/cg/unified/c" },
};
const pureV1: CgroupRecord = {
	version: 1,
	unifiedMountPoint: "",
	paths: { memory: "/cg/memory/c", devices: "/cg/devices/c" },
};
const v2: CgroupRecord = { version: 2, unifiedMountPoint: "/cg/unified", paths: { "": "/cg/unified/c" } };

function machine(plainFiles = initial) {
	const cgroups = fakeCgroupfs(
		{
			"/cg/memory": { version: 1, controllers: ["memory"] },
			"/cg/devices": { version: 1, controllers: ["devices"] },
			"/cg/unified": { version: 2, controllers: ["hugetlb"] },
		},
		plainFiles,
	);
	for (const path of Object.values(hybrid.paths)) cgroups.make(path);
	return cgroups;
}

function machineV2(plainFiles = initial) {
	const cgroups = fakeCgroupfs({ "/cg/unified": { version: 2, controllers: ["cpu", "memory", "pids"] } }, plainFiles);
	cgroups.set("/cg/unified/cgroup.subtree_control", "cpu memory pids");
	cgroups.make("/cg/unified/c");
	return cgroups;
}

describe("versionOf and directoryOf", () => {
	it("find each controller in the hierarchy that has it", () => {
		expect([versionOf(hybrid, "memory"), directoryOf(hybrid, "memory")]).toEqual([1, "/cg/memory/c"]);
		expect([versionOf(hybrid, "hugetlb"), directoryOf(hybrid, "hugetlb")]).toEqual([2, "/cg/unified/c"]);
		expect([versionOf(v2, "memory"), directoryOf(v2, "memory")]).toEqual([2, "/cg/unified/c"]);
		expect([versionOf(pureV1, "pids"), directoryOf(pureV1, "pids")]).toEqual([1, undefined]);
	});
});

describe("applyResources", () => {
	it("writes v1 files in their hierarchies", () => {
		const cgroups = machine();
		applyResources(pureV1, { memory: { limit: 100 }, devices: [{ allow: true }] }, true);
		expect(cgroups.log).toEqual(["/cg/memory/c/memory.limit_in_bytes=100", "/cg/devices/c/devices.allow=a"]);
	});

	it("writes v2 files, and nothing for nothing", () => {
		const cgroups = machineV2();
		applyResources(v2, {}, true);
		applyResources(v2, { memory: { limit: 100 }, pids: { limit: 5 } }, true);
		expect(cgroups.log).toEqual(["/cg/unified/c/pids.max=5", "/cg/unified/c/memory.max=100"]);
	});

	it("uses the unified hierarchy of a hybrid machine for what only that has", () => {
		const cgroups = machine();
		applyResources(hybrid, { hugepageLimits: [{ pageSize: "2MB", limit: 0 }], memory: { limit: 100 } }, true);
		expect(cgroups.log).toEqual([
			"/cg/memory/c/memory.limit_in_bytes=100",
			"/cg/unified/cgroup.subtree_control=+hugetlb",
			"/cg/unified/c/hugetlb.2MB.max=0",
			"/cg/unified/c/hugetlb.2MB.rsvd.max=0",
		]);
	});

	it("says which controller no hierarchy has", () => {
		machine();
		expect(() => applyResources(pureV1, { pids: { limit: 5 } }, true)).toThrow(
			"cannot set pids limit: container could not join or create cgroup",
		);
	});

	it("writes unified files last, and enables their controllers on a hybrid machine", () => {
		const cgroups = machine();
		applyResources(hybrid, { unified: { "hugetlb.2MB.max": "1" }, memory: { limit: 100 } }, true);
		expect(cgroups.log).toEqual([
			"/cg/memory/c/memory.limit_in_bytes=100",
			"/cg/unified/cgroup.subtree_control=+hugetlb",
			"/cg/unified/c/hugetlb.2MB.max=1",
		]);
	});

	it("refuses unified where there is no unified hierarchy", () => {
		machine();
		expect(() => applyResources(pureV1, { unified: { "memory.max": "1" } }, true)).toThrow(
			expect.objectContaining({
				id: "config-unsupported",
				message: "invalid configuration: cannot use unified on cgroup v1",
			}),
		);
		expect(() => applyResources(pureV1, { unified: {} }, true)).not.toThrow();
	});

	it("checks the usage before it lowers a limit on v2, if asked", () => {
		const cgroups = machineV2();
		const lower = { limit: 4095 };
		expect(() => applyResources(v2, { memory: { ...lower, checkBeforeUpdate: true } }, false)).toThrow(
			"rejecting memory limit 4095 < usage 4096",
		);
		expect(cgroups.writes).toEqual([]);
		applyResources(v2, { memory: lower }, false);
		expect(cgroups.content("/cg/unified/c/memory.max")).toBe("4095");
	});

	it("leaves that check to the kernel on v1", () => {
		const cgroups = machine();
		applyResources(hybrid, { memory: { limit: 1, checkBeforeUpdate: true } }, false);
		expect(cgroups.content("/cg/memory/c/memory.limit_in_bytes")).toBe("1");
	});
});

describe("device rules", () => {
	const devices = [{ allow: false }, { allow: true, type: "c" as const, major: 1, minor: 3 }];

	it("become a program on v2, for which a new cgroup is not asked what it has", () => {
		machineV2();
		applyResources(v2, { devices }, true);
		expect(door.names).toContain("bpf_prog_attach");
		expect(door.names).not.toContain("bpf_prog_query");
		applyResources(v2, { devices }, false);
		expect(door.names).toContain("bpf_prog_query");
	});

	it("are done without in a user namespace, where they can be neither set nor needed", () => {
		machineV2(mapped);
		door.fail("bpf_prog_load", "EPERM");
		expect(() => applyResources(v2, { devices }, true)).not.toThrow();
		machine(mapped);
		door.fail("write", "EPERM");
		expect(() => applyResources(pureV1, { devices }, true)).not.toThrow();
	});

	it("are done without by a user, with a devices cgroup or without", () => {
		machineV2();
		door.answer("geteuid", 1000);
		door.fail("bpf_prog_load", "EPERM");
		expect(() => applyResources(v2, { devices }, true)).not.toThrow();
		const { devices: _dropped, ...paths } = pureV1.paths;
		expect(() => applyResources({ ...pureV1, paths }, { devices }, true)).not.toThrow();
	});

	it("are done without by a root of few capabilities when nothing is denied", () => {
		machineV2();
		door.fail("bpf_prog_load", "EPERM");
		expect(() => applyResources(v2, { devices: [{ allow: true }] }, true)).not.toThrow();
	});

	it("are an error otherwise, with the directory", () => {
		machineV2();
		door.fail("bpf_prog_load", "EPERM");
		expect(() => applyResources(v2, { devices }, true)).toThrow(
			"set the device rules of /cg/unified/c: operation not permitted",
		);
		machine();
		door.fail("write", "EPERM", (_fd, data) => data === "c 1:3 rwm");
		expect(() => applyResources(pureV1, { devices }, true)).toThrow(
			'write "c 1:3 rwm" to /cg/devices/c/devices.allow: operation not permitted',
		);
	});
});
