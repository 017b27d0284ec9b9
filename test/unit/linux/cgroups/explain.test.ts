import { describe, expect, it } from "vitest";
import { explainCloneInto, hintFor, joinHint, whyWithout } from "../../../../src/linux/cgroups/explain.js";
import { sysError } from "../../../support/errno.js";
import { fakeCgroupfs } from "./fake-cgroupfs.js";

function v2() {
	const cgroups = fakeCgroupfs({ "/u": { version: 2, controllers: ["memory", "pids"] } });
	cgroups.make("/u/a");
	cgroups.make("/u/a/b");
	return cgroups;
}

describe("whyWithout", () => {
	it("finds the level that does not hand the controller on", () => {
		v2();
		expect(whyWithout("/u/a/b", "memory")).toContain("not given to /u/a: echo +memory > /u/cgroup.subtree_control");
	});

	it("finds a level that cannot, because it has processes", () => {
		const cgroups = v2();
		cgroups.set("/u/cgroup.subtree_control", "memory");
		cgroups.set("/u/a/cgroup.controllers", "memory");
		cgroups.enter("/u/a", 7);
		expect(whyWithout("/u/a/b", "memory")).toContain("/u/a has processes of its own");
		expect(whyWithout("/u/a/b", "memory")).toContain("no internal processes");
	});

	it("knows that threaded cgroups have few controllers", () => {
		const cgroups = v2();
		cgroups.set("/u/a/b/cgroup.type", "threaded");
		expect(whyWithout("/u/a/b", "memory")).toContain("/u/a/b is threaded");
		expect(whyWithout("/u/a/b", "pids")).toContain("not given to /u/a");
	});

	it("knows a controller that the kernel does not offer, and one that is there", () => {
		const cgroups = v2();
		expect(whyWithout("/u/a/b", "misc")).toContain("does not offer the controller misc");
		cgroups.set("/u/a/b/cgroup.controllers", "memory");
		expect(whyWithout("/u/a/b", "memory")).toBe("");
	});
});

describe("hintFor", () => {
	it("tells of a missing file whether cgroup, controller or kernel lacks it", () => {
		const cgroups = v2();
		expect(hintFor("/u/gone", "pids.max", "ENOENT")).toBe("the cgroup does not exist");
		expect(hintFor("/u/a", "pids.max", "ENOENT")).toContain("echo +pids > /u/cgroup.subtree_control");
		cgroups.set("/u/a/cgroup.controllers", "memory hugetlb io cpu");
		expect(hintFor("/u/a", "memory.swap.max", "ENOENT")).toContain("swapaccount=1");
		expect(hintFor("/u/a", "hugetlb.3MB.max", "ENOENT")).toContain("/sys/kernel/mm/hugepages");
		expect(hintFor("/u/a", "io.weight", "ENOENT")).toContain("bfq");
		expect(hintFor("/u/a", "cpu.idle", "ENOENT")).toBe("this kernel has no such control file");
	});

	it("tells on v1 what the kernel lacks", () => {
		fakeCgroupfs({ "/m": { version: 1, controllers: ["memory"] } });
		expect(hintFor("/m", "memory.memsw.limit_in_bytes", "ENOENT")).toContain("swapaccount=1");
		expect(hintFor("/m", "cpu.rt_period_us", "ENOENT")).toContain("CONFIG_RT_GROUP_SCHED");
	});

	it("tells how much is in use when a memory limit cannot be met", () => {
		fakeCgroupfs({ "/m": { version: 1, controllers: ["memory"] } });
		expect(hintFor("/m", "memory.limit_in_bytes", "EBUSY")).toContain("uses 4096 bytes");
	});

	it("tells what a list of CPUs must lie within", () => {
		const cgroups = fakeCgroupfs({ "/cs": { version: 1, controllers: ["cpuset"] } });
		cgroups.make("/cs/x");
		expect(hintFor("/cs/x", "cpuset.cpus", "EINVAL")).toBe("the parent has 0-1; the list must lie within");
	});

	it.each([
		["memory.memsw.limit_in_bytes", "EINVAL", "memory.swap"],
		["cpu.cfs_quota_us", "EINVAL", "out of range"],
		["blkio.throttle.read_bps_device", "ENODEV", "no device"],
		["pids.max", "EROFS", "read-only"],
		["pids.max", "EPERM", "delegated"],
	])("has a word on %s: %s", (file, code, word) => {
		v2();
		expect(hintFor("/u/a", file, code)).toContain(word);
	});

	it("is silent where the errno says it all, and never fails itself", () => {
		v2();
		expect(hintFor("/u/a", "pids.max", "EINVAL")).toBe("");
		expect(hintFor("/u/a", "pids.max", "EIO")).toBe("");
	});
});

it.each([
	["EBUSY", "cgroup.subtree_control"],
	["EOPNOTSUPP", "threaded"],
	["ENOSPC", "cpuset.cpus"],
	["ENOENT", "removed"],
	["EACCES", "delegated"],
	["ESRCH", ""],
])("joinHint has a word on %s", (code, word) => {
	if (word === "") expect(joinHint("/u/a", code)).toBe("");
	else expect(joinHint("/u/a", code)).toContain(word);
});

describe("explainCloneInto", () => {
	it("tells which cgroup took no process, and why", () => {
		expect(explainCloneInto("/u/a", sysError("clone3", "EOPNOTSUPP"))).toMatchObject({
			id: "cgroup-failed",
			message: expect.stringMatching(
				/^error adding pid \d+ to cgroups: clone into \/u\/a\/cgroup.procs: operation not supported$/,
			),
			details: { object: "/u/a", hint: expect.stringContaining("threaded") },
		});
	});

	it("leaves what is about something else", () => {
		const error = sysError("clone3", "ENOSPC");
		expect(explainCloneInto("/u/a", error)).toBe(error);
	});
});
