import { describe, expect, it } from "vitest";
import type { CgroupLayout, Hierarchy } from "../../../../src/linux/cgroups/detect.js";
import { cleanPath, ownCgroups, planCgroup } from "../../../../src/linux/cgroups/path.js";

const v2Hierarchy = (own: string, root = "/"): Hierarchy => {
	return { version: 2, mountPoint: "/sys/fs/cgroup", keys: [""], root, own };
};
const v2 = (own: string, root?: string): CgroupLayout => ({ version: 2, hierarchies: [v2Hierarchy(own, root)] });
const hybrid: CgroupLayout = {
	version: 1,
	hierarchies: [
		{ version: 1, mountPoint: "/sys/fs/cgroup/cpu,cpuacct", keys: ["cpu", "cpuacct"], root: "/", own: "/session" },
		{ version: 1, mountPoint: "/sys/fs/cgroup/memory", keys: ["memory"], root: "/docker/abc", own: "/docker/abc/d" },
		{ version: 2, mountPoint: "/sys/fs/cgroup/unified", keys: [""], root: "/", own: "/session" },
	],
};

describe("planCgroup", () => {
	it("takes an absolute path from the mount points", () => {
		expect(planCgroup(hybrid, { cgroupsPath: "/docker/x", id: "c" })).toEqual({
			version: 1,
			unifiedMountPoint: "/sys/fs/cgroup/unified",
			paths: {
				cpu: "/sys/fs/cgroup/cpu,cpuacct/docker/x",
				cpuacct: "/sys/fs/cgroup/cpu,cpuacct/docker/x",
				memory: "/sys/fs/cgroup/memory/docker/x",
				"": "/sys/fs/cgroup/unified/docker/x",
			},
		});
	});

	it("takes a relative path, or the id without one, from our own cgroup as the mount shows it", () => {
		expect(planCgroup(hybrid, { cgroupsPath: "a/b", id: "c" }).paths).toMatchObject({
			cpu: "/sys/fs/cgroup/cpu,cpuacct/session/a/b",
			memory: "/sys/fs/cgroup/memory/d/a/b",
			"": "/sys/fs/cgroup/unified/session/a/b",
		});
		expect(planCgroup(hybrid, { cgroupsPath: undefined, id: "c" }).paths.cpu).toBe(
			"/sys/fs/cgroup/cpu,cpuacct/session/c",
		);
		expect(planCgroup(hybrid, { cgroupsPath: "", id: "c" }).paths.cpu).toBe("/sys/fs/cgroup/cpu,cpuacct/session/c");
	});

	it("takes it on v2 from the parent of our own, which has processes", () => {
		const plan = planCgroup(v2("/user.slice/session.scope"), { cgroupsPath: undefined, id: "c" });
		expect(plan).toEqual({
			version: 2,
			unifiedMountPoint: "/sys/fs/cgroup",
			paths: { "": "/sys/fs/cgroup/user.slice/c" },
		});
		expect(planCgroup(v2("/"), { cgroupsPath: undefined, id: "c" }).paths[""]).toBe("/sys/fs/cgroup/c");
	});

	it.each(["/../../x", "/a/../../x", "../../x", "./x", "//x/"])("never leaves the place it counts from: %s", (path) => {
		expect(planCgroup(v2("/"), { cgroupsPath: path, id: "c" }).paths[""]).toBe("/sys/fs/cgroup/x");
	});

	it("falls back to the mount's top where our own cgroup is not to be seen", () => {
		expect(planCgroup(v2("/../other", "/docker/abc"), { cgroupsPath: "x", id: "c" }).paths[""]).toBe(
			"/sys/fs/cgroup/x",
		);
	});

	it.each(["/", ".", "..", "/a/.."])("refuses %s, where others have their cgroups", (cgroupsPath) => {
		expect(() => planCgroup(hybrid, { cgroupsPath, id: "c" })).toThrow(
			expect.objectContaining({ id: "config-invalid", message: expect.stringContaining("leaves no name") }),
		);
	});

	it("refuses systemd's form and a machine without cgroups, and says what to do", () => {
		const systemd = { cgroupsPath: "system.slice:runc:c", id: "c" };
		expect(() => planCgroup(hybrid, systemd)).toThrow(expect.objectContaining({ id: "config-unsupported" }));
		expect(planCgroup(hybrid, { cgroupsPath: "/a:b:c", id: "c" }).paths.cpu).toMatch(/\/a:b:c$/);
		const none: CgroupLayout = { version: 0, hierarchies: [] };
		expect(() => planCgroup(none, { cgroupsPath: "/x", id: "c" })).toThrow("no cgroup file system is mounted");
	});
});

it("ownCgroups names the cgroups that we are in", () => {
	expect(ownCgroups(hybrid).paths).toEqual({
		cpu: "/sys/fs/cgroup/cpu,cpuacct/session",
		cpuacct: "/sys/fs/cgroup/cpu,cpuacct/session",
		memory: "/sys/fs/cgroup/memory/d",
		"": "/sys/fs/cgroup/unified/session",
	});
	expect(ownCgroups(v2("/")).paths).toEqual({ "": "/sys/fs/cgroup" });
});

it("cleanPath makes an absolute path without dots, empty for the top", () => {
	expect(["", "/", ".", "..", "a//b/./c/..", "/a/"].map(cleanPath)).toEqual(["", "", "", "", "/a/b", "/a"]);
});
