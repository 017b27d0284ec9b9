import { describe, expect, it } from "vitest";
import { detectCgroups, layoutOf, parseProcCgroup } from "../../../../src/linux/cgroups/detect.js";
import { door } from "../../../support/door.js";

const root = "23 1 8:1 / / rw,relatime shared:1 - ext4 /dev/vda rw\n";

const pureV1 = `${root}31 23 0:28 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755
32 31 0:29 / /sys/fs/cgroup/systemd rw,nosuid shared:10 - cgroup cgroup rw,xattr,release_agent=/lib/systemd/agent,name=systemd
33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:11 - cgroup cgroup rw,cpu,cpuacct
34 31 0:31 / /sys/fs/cgroup/net_cls,net_prio rw - cgroup cgroup rw,net_cls,net_prio
35 31 0:32 / /sys/fs/cgroup/openrc rw - cgroup openrc rw,name=openrc
`;
const hybrid = `${root}31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw
32 31 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate
`;

describe("detectCgroups", () => {
	it("knows a pure v2 machine by statfs, without the mount table", () => {
		door.files({ "/sys/fs/cgroup/cgroup.procs": "", "/proc/self/cgroup": "0::/user.slice/a.scope\n" });
		expect(detectCgroups()).toEqual({
			version: 2,
			hierarchies: [{ version: 2, mountPoint: "/sys/fs/cgroup", keys: [""], root: "/", own: "/user.slice/a.scope" }],
		});
		expect(door.args("openat").map(([, path]) => path)).not.toContain("/proc/self/mountinfo");
	});

	it("does not read our own cgroups when nobody needs them", () => {
		door.files({ "/sys/fs/cgroup/cgroup.procs": "" });
		expect(detectCgroups(false).hierarchies[0]?.own).toBe("/");
		expect(door.args("openat").map(([, path]) => path)).toEqual(["/sys/fs/cgroup"]);
	});

	it("reads the mount table on other machines", () => {
		door.files({ "/sys/fs/cgroup/": "", "/proc/self/mountinfo": hybrid, "/proc/self/cgroup": "4:memory:/m\n0::/u\n" });
		door.answer("fstatfs", { type: 0x01021994, flags: 0 });
		expect(detectCgroups().hierarchies.map(({ keys, own }) => [keys, own])).toEqual([
			[["memory"], "/m"],
			[[""], "/u"],
		]);
	});

	it("finds nothing on a machine without /sys/fs/cgroup", () => {
		door.files({ "/proc/self/mountinfo": root });
		expect(detectCgroups()).toEqual({ version: 0, hierarchies: [] });
	});

	it("says what it cannot do without", () => {
		door.files({ "/proc/": "" });
		expect(() => detectCgroups(false)).toThrow("read /proc/self/mountinfo: no such file or directory");
	});
});

describe("layoutOf", () => {
	it("knows a v1 machine, its co-mounted controllers and systemd's hierarchy, but no foreign named one", () => {
		const layout = layoutOf(pureV1, { cpu: "/a", cpuacct: "/a", "name=systemd": "/user.slice" });
		expect(layout.version).toBe(1);
		expect(layout.hierarchies).toEqual([
			{ version: 1, mountPoint: "/sys/fs/cgroup/systemd", keys: ["name=systemd"], root: "/", own: "/user.slice" },
			{ version: 1, mountPoint: "/sys/fs/cgroup/cpu,cpuacct", keys: ["cpu", "cpuacct"], root: "/", own: "/a" },
			{ version: 1, mountPoint: "/sys/fs/cgroup/net_cls,net_prio", keys: ["net_cls", "net_prio"], root: "/", own: "/" },
		]);
	});

	it("calls a hybrid machine version 1, with the unified hierarchy among the others", () => {
		const layout = layoutOf(hybrid, {});
		expect(layout.version).toBe(1);
		expect(layout.hierarchies.map(({ version, mountPoint }) => [version, mountPoint])).toEqual([
			[1, "/sys/fs/cgroup/memory"],
			[2, "/sys/fs/cgroup/unified"],
		]);
	});

	it("does not believe in a mount that a later one covers", () => {
		const covered = `${hybrid}50 41 0:50 / /sys/fs/cgroup/unified rw - tmpfs tmpfs rw\n`;
		expect(layoutOf(covered, {}).hierarchies.map(({ mountPoint }) => mountPoint)).toEqual(["/sys/fs/cgroup/memory"]);
		expect(layoutOf(`${hybrid}51 31 0:51 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n`, {}).version).toBe(0);
	});

	it("takes each controller from the first mount that has it", () => {
		const twice = `${hybrid}52 31 0:29 / /sys/fs/cgroup/memory2 rw - cgroup cgroup rw,memory\n`;
		expect(layoutOf(twice, {}).hierarchies).toHaveLength(2);
	});

	it("takes mounts from elsewhere when /sys/fs/cgroup has none", () => {
		const elsewhere = `${root}60 23 0:60 / /mnt/cg rw - cgroup2 none rw\n`;
		expect(layoutOf(elsewhere, {})).toMatchObject({ version: 2, hierarchies: [{ mountPoint: "/mnt/cg" }] });
	});

	it("keeps the part of the tree that a mount in a container shows", () => {
		const nested = `${root}32 31 0:29 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n`;
		expect(layoutOf(nested, { memory: "/docker/abc" }).hierarchies[0]).toMatchObject({
			root: "/docker/abc",
			own: "/docker/abc",
		});
	});
});

describe("parseProcCgroup", () => {
	it("reads one entry per controller, and paths with colons", () => {
		expect(parseProcCgroup("4:cpu,cpuacct:/a:b\n1:name=systemd:/s\n0::/u\n")).toEqual({
			cpu: "/a:b",
			cpuacct: "/a:b",
			"name=systemd": "/s",
			"": "/u",
		});
	});
});
