import { beforeEach, describe, expect, it } from "vitest";
import { enableControllers } from "../../../../../src/linux/cgroups/v2/controllers.js";
import { type FakeCgroupfs, fakeCgroupfs } from "../fake-cgroupfs.js";

let cgroups: FakeCgroupfs;
beforeEach(() => {
	cgroups = fakeCgroupfs({ "/u": { version: 2, controllers: ["cpu", "memory", "pids"] } });
	cgroups.make("/u/a");
	cgroups.make("/u/a/b");
});

describe("enableControllers", () => {
	it("hands all controllers down, one write per level", () => {
		enableControllers("/u", "/u/a/b");
		expect(cgroups.log).toEqual([
			"/u/cgroup.subtree_control=+cpu +memory +pids",
			"/u/a/cgroup.subtree_control=+cpu +memory +pids",
		]);
		expect(cgroups.content("/u/a/b/cgroup.controllers")).toBe("cpu memory pids");
	});

	it("writes nothing where they are there already", () => {
		enableControllers("/u", "/u/a/b");
		const before = cgroups.writes.length;
		enableControllers("/u", "/u/a/b");
		expect(cgroups.writes).toHaveLength(before);
	});

	it("writes only at the levels that lack some, and only those", () => {
		enableControllers("/u", "/u/a", ["memory"]);
		enableControllers("/u", "/u/a/b", ["memory", "pids"]);
		expect(cgroups.log).toEqual([
			"/u/cgroup.subtree_control=+memory",
			"/u/cgroup.subtree_control=+pids",
			"/u/a/cgroup.subtree_control=+memory +pids",
		]);
	});

	it("gets the others when one cannot be had", () => {
		enableControllers("/u", "/u/a/b", ["cpu", "misc"]);
		expect(cgroups.content("/u/a/b/cgroup.controllers")).toBe("cpu");
	});

	it("leaves a refusal to whoever misses a controller", () => {
		cgroups.enter("/u/a", 7);
		enableControllers("/u", "/u/a/b");
		expect(cgroups.content("/u/a/cgroup.controllers")).toBe("cpu memory pids");
		expect(cgroups.content("/u/a/b/cgroup.controllers")).toBe("");
	});

	it("hands nothing down from a cgroup with processes, which would take only some, and spoil the child", () => {
		cgroups.enter("/u/a", 7);
		enableControllers("/u", "/u/a/b", ["pids"]);
		expect(cgroups.log).toEqual(["/u/cgroup.subtree_control=+pids"]);
	});

	it("hands down from the root, processes or not", () => {
		cgroups.enter("/u", 7);
		enableControllers("/u", "/u/a");
		expect(cgroups.content("/u/a/cgroup.controllers")).toBe("cpu memory pids");
	});
});
