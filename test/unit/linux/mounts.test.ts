import { beforeEach, describe, expect, it } from "vitest";
import { finishMounts, type MountSurroundings, makeMounts, mountError } from "../../../src/linux/mounts.js";
import type { Mount } from "../../../src/spec/types.js";
import * as c from "../../../src/sys/constants.js";
import { TsrunError } from "../../../src/sys/errors.js";
import { door } from "../../support/door.js";
import { sysError } from "../../support/errno.js";
import { watchFds } from "../../support/open-fds.js";

let root = -1;
const cgroups: { mount: Mount; flags: number }[] = [];
const warnings: string[] = [];

beforeEach(() => {
	door.files({ "/c/": "", "/host/": "" });
	root = door.open("/c");
	cgroups.length = 0;
	warnings.length = 0;
});

const make = (mounts: Mount[], more: Partial<MountSurroundings> = {}) =>
	makeMounts(mounts, {
		root,
		bundle: "/bundle",
		taken: new Map(),
		label: undefined,
		warn: (message) => warnings.push(message),
		mountCgroups: (mount, { flags }) => cgroups.push({ mount, flags }),
		...more,
	});

function errorOf(step: () => void): TsrunError {
	try {
		step();
	} catch (error) {
		if (error instanceof TsrunError) return error;
		throw error;
	}
	throw new Error("nothing was thrown");
}

describe("makeMounts", () => {
	it("makes them in the order of the list, and keeps nothing open", () => {
		const open = watchFds();
		make([
			{ destination: "/b", type: "ramfs" },
			{ destination: "/a", source: "/host", options: ["bind"] },
			{ destination: "/c", type: "proc" },
		]);
		expect(door.names.filter((name) => ["fsopen", "open_tree"].includes(name))).toEqual([
			"fsopen",
			"open_tree",
			"fsopen",
		]);
		expect(open.size).toBe(0);
	});

	it("knows a bind mount by its options, not by its type", () => {
		make([
			{ destination: "/a", type: "tmpfs", source: "/host", options: ["rbind"] },
			{ destination: "/b", type: "cgroup", source: "/host", options: ["bind"] },
		]);
		expect(door.args("open_tree").length).toBe(2);
		expect(cgroups).toEqual([]);
	});

	it.each(["cgroup", "cgroup2"])("hands a mount of type %s on, with its flags", (type) => {
		const mount = { destination: "/sys/fs/cgroup", type, options: ["ro", "nosuid"] };
		make([mount]);
		expect(cgroups).toEqual([{ mount, flags: c.MS_RDONLY | c.MS_NOSUID }]);
	});

	it("sets the propagation once the mount is in its place", () => {
		make([{ destination: "/a", type: "ramfs", options: ["rshared", "unbindable"] }]);
		const [first, second] = door.args("mount_setattr").slice(1);
		expect(first?.slice(2)).toEqual([c.AT_EMPTY_PATH | c.AT_RECURSIVE, 0, 0, c.MS_SHARED, 0]);
		expect(second?.slice(2)).toEqual([c.AT_EMPTY_PATH, 0, 0, c.MS_UNBINDABLE, 0]);
		expect(door.names.lastIndexOf("move_mount")).toBeLessThan(door.names.lastIndexOf("mount_setattr"));
	});

	it("attaches a tree that was taken before", () => {
		const mount = { destination: "/a", source: "/only/the/runtime/sees/it", options: ["rbind"] };
		const tree = door.open("/host");
		make([mount], { taken: new Map([[mount, tree]]) });
		expect(door.args("move_mount")[0]?.[0]).toBe(tree);
		expect(door.args("close")).toContainEqual([tree]);
	});

	it("asks once which calls the kernel has, and makes do without the newer ones", () => {
		door.fail("mount_setattr", "ENOSYS");
		make([
			{ destination: "/a", type: "ramfs", options: ["private"] },
			{ destination: "/b", source: "/host", options: ["bind"] },
		]);
		expect(door.args("mount_setattr").length).toBe(1);
		expect(door.args("mount").map(([, , type, flags]) => type ?? flags)).toEqual([
			"ramfs",
			c.MS_PRIVATE,
			c.MS_BIND,
			c.MS_SLAVE | c.MS_REC,
		]);
	});
});

describe("remount", () => {
	beforeEach(() => door.files({ "/c/run/": "" }));

	it("changes the attributes of what is mounted there", () => {
		make([{ destination: "/run", type: "tmpfs", options: ["remount", "ro"] }]);
		expect(door.args("mount_setattr")[1]?.[3]).toBe(c.MOUNT_ATTR_RDONLY);
		expect(door.names).not.toContain("fsopen");
		expect(door.names).not.toContain("mount");
	});

	it("gives new options to its file system when any are named", () => {
		door.answer("fstatfs", { type: 0, flags: c.ST_NOSUID | c.ST_RELATIME });
		make([{ destination: "/run", type: "tmpfs", options: ["remount", "size=1m", "sync"] }]);
		const [[, , , flags, data] = []] = door.args("mount");
		expect(flags).toBe(c.MS_REMOUNT | c.MS_NOSUID | c.MS_RELATIME | c.MS_SYNCHRONOUS);
		expect(data).toBe("size=1m");
	});

	it("of a bind mount leaves the file system alone", () => {
		make([{ destination: "/run", source: "/host", options: ["remount", "bind", "ro", "sync"] }]);
		expect(door.names).not.toContain("mount");
		expect(door.names).not.toContain("open_tree");
	});
});

describe("an error", () => {
	it("says which mount, in runc's words, and where it stands in config.json", () => {
		door.fail("fsopen", "ENODEV");
		const { message, id, details } = errorOf(() =>
			make([
				{ destination: "/a", source: "/host", options: ["bind"] },
				{ destination: "/b", type: "nosuchfs", source: "none" },
			]),
		);
		expect(message).toBe('error mounting "none" to rootfs at "/b": no such device');
		expect(id).toBe("mount-failed");
		expect(details).toMatchObject({ stage: "mounts", object: "/b", jsonPath: "$.mounts[1]", errno: "ENODEV" });
	});

	it("keeps the id, the words and the hint of whoever knew more", () => {
		const { message, id, details } = errorOf(() => make([{ destination: "/a", source: "gone", options: ["bind"] }]));
		expect(message).toBe(
			'error mounting "gone" to rootfs at "/a": bind source "/bundle/gone": no such file or directory',
		);
		expect(id).toBe("mount-failed");
		expect(details.hint).toMatch("before the container is created");
	});

	it("may carry a hint of the caller's", () => {
		const error = mountError({ destination: "/a", type: "proc" }, 3, sysError("fsopen", "EPERM"), "try this");
		expect(error).toMatchObject({
			message: 'error mounting "proc" to rootfs at "/a": operation not permitted',
			details: { hint: "try this" },
		});
	});

	it("that is a bug stays one", () => {
		const bug = new TypeError("a bug");
		expect(mountError({ destination: "/a" }, 0, bug)).toBe(bug);
	});
});

describe("finishMounts", () => {
	it("makes read-only what had to stay writable, and nothing else", () => {
		door.files({ "/c/dev/": "", "/c/run/": "", "/c/tmp/": "", "/c/srv/": "" });
		const open = watchFds();
		finishMounts(
			[
				{ destination: "/dev", type: "devtmpfs", options: ["ro"] },
				{ destination: "/run", type: "tmpfs", options: ["ro", "nosuid"] },
				{ destination: "/tmp", type: "tmpfs", options: ["rw"] },
				{ destination: "/srv", type: "ext4", options: ["ro"] },
				{ destination: "/dev", source: "/dev", options: ["rbind", "ro"] },
				{ destination: "/tmp", type: "tmpfs", options: ["remount", "ro"] },
			],
			root,
		);
		expect(door.args("openat2").map(([, path]) => path)).toEqual(["/dev", "/run"]);
		expect(
			door
				.args("mount_setattr")
				.map(([, , , set]) => set)
				.filter(Boolean),
		).toEqual([c.MOUNT_ATTR_RDONLY, c.MOUNT_ATTR_RDONLY]);
		expect(open.size).toBe(0);
	});

	it("names the mount in an error", () => {
		const error = errorOf(() => finishMounts([{ destination: "/run", type: "tmpfs", options: ["ro"] }], root));
		expect(error.message).toBe('make "/run" read-only: no such file or directory');
	});
});

it("a bind mount's file system options are ignored, as by the kernel, and that is said", () => {
	make([{ destination: "/a", source: "/host", options: ["bind", "size=1m", "x"] }]);
	expect(warnings).toEqual(["bind mount at /a: file system options are ignored: size=1m,x"]);
});
