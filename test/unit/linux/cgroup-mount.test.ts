import { beforeEach, describe, expect, it } from "vitest";
import { makeCgroupMounts } from "../../../src/linux/cgroup-mount.js";
import type { CgroupMount } from "../../../src/linux/cgroups/mounts.js";
import * as c from "../../../src/sys/constants.js";
import { door } from "../../support/door.js";
import { watchFds } from "../../support/open-fds.js";

const tight = c.MS_NOSUID | c.MS_NODEV | c.MS_NOEXEC;
let root = -1;

beforeEach(() => {
	door.files({ "/c/": "" });
	root = door.open("/c");
});

const make = (steps: CgroupMount[], propagation: number[] = []) =>
	makeCgroupMounts(root, "/sys/fs/cgroup", steps, propagation);

/** A cgroup2 mount, or in its place a bind. */
const unified: CgroupMount = {
	kind: "mount",
	target: "",
	type: "cgroup2",
	source: "cgroup",
	flags: tight | c.MS_RDONLY,
	data: "",
	otherwise: { kind: "bind", target: "", source: "/sys/fs/cgroup/own", flags: tight | c.MS_RDONLY },
};

describe("makeCgroupMounts", () => {
	it("v2 is one mount", () => {
		make([unified]);
		expect(door.args("fsopen")[0]?.[0]).toBe("cgroup2");
		expect(door.args("fsmount")[0]?.[2]).toBe(tight | c.MS_RDONLY);
		expect(door.mode("/c/sys/fs/cgroup")).toBe(0o040755);
	});

	it.each(["EPERM", "EBUSY"] as const)("binds instead where %s says that it may not be mounted", (code) => {
		door.fail("fsconfig", code, (_fd, command) => command === c.FSCONFIG_CMD_CREATE);
		make([unified]);
		expect(door.args("open_tree")[0]?.[1]).toBe("/sys/fs/cgroup/own");
		expect(door.args("mount_setattr").at(-1)?.[3]).toBe(tight | c.MS_RDONLY);
	});

	it("knows the refusal also when the kernel gave its reasons", () => {
		const lines = ["e cgroup: no\n"];
		door.fail("fsconfig", "EPERM", (_fd, command) => command === c.FSCONFIG_CMD_CREATE);
		door.answer("read", () => lines.shift() ?? "");
		make([unified]);
		expect(door.names).toContain("open_tree");
	});

	it("hides no other error", () => {
		door.fail("fsopen", "ENODEV");
		expect(() => make([unified])).toThrow("No such device");
		expect(door.names).not.toContain("open_tree");
	});

	it("v1 is a tmpfs with a mount for each hierarchy and links, read-only at last", () => {
		door.files({ "/top/": "" });
		const top = door.open("/top");
		let first = true;
		door.answer("fsmount", () => {
			const fd = first ? top : 900;
			first = false;
			return fd;
		});
		make([
			{ kind: "mount", target: "", type: "tmpfs", source: "tmpfs", flags: tight, data: "mode=755" },
			{ kind: "bind", target: "memory", source: "/sys/fs/cgroup/memory/own", flags: tight | c.MS_RDONLY },
			{ kind: "mount", target: "cpu,cpuacct", type: "cgroup", source: "cgroup", flags: tight, data: "cpu,cpuacct" },
			{ kind: "symlink", target: "cpu", to: "cpu,cpuacct" },
			{ kind: "remount", target: "", flags: tight | c.MS_RDONLY },
		]);
		expect(door.mode("/top/memory")).toBe(0o040755);
		expect(door.mode("/top/cpu,cpuacct")).toBe(0o040755);
		expect(door.args("symlinkat")).toEqual([["cpu,cpuacct", top, "cpu"]]);
		const options = door.args("fsconfig").filter(([, command]) => command === c.FSCONFIG_SET_FLAG);
		expect(options.map(([, , key]) => key)).toEqual(["cpu", "cpuacct"]);
		expect(door.args("mount_setattr").at(-1)).toEqual([top, "", c.AT_EMPTY_PATH, tight | c.MS_RDONLY, 0, 0, 0]);
		expect(door.args("move_mount").length).toBe(3);
	});

	it("applies the propagation to the mount at the destination, and leaves nothing open", () => {
		const open = watchFds();
		make([unified], [c.MS_SLAVE | c.MS_REC]);
		expect(door.args("mount_setattr").at(-1)?.slice(2)).toEqual([
			c.AT_EMPTY_PATH | c.AT_RECURSIVE,
			0,
			0,
			c.MS_SLAVE,
			0,
		]);
		expect(open.size).toBe(0);
	});

	it("a machine without hierarchies has nothing to show", () => {
		make([]);
		expect(door.calls).toEqual([]);
	});
});
