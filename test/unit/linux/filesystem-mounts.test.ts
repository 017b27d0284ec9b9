import { beforeEach, describe, expect, it } from "vitest";
import { makeFilesystemMount, staysWritable } from "../../../src/linux/filesystem-mounts.js";
import { mountApi } from "../../../src/linux/mount-api.js";
import { parseMountOptions } from "../../../src/linux/mount-options.js";
import type { Mount } from "../../../src/spec/types.js";
import * as c from "../../../src/sys/constants.js";
import { sys } from "../../../src/sys/index.js";
import { door } from "../../support/door.js";
import { watchFds } from "../../support/open-fds.js";

let root = -1;

beforeEach(() => {
	door.files({ "/c/": "" });
	root = door.open("/c");
});

function make(mount: Mount, label?: string): number {
	return makeFilesystemMount(mountApi(), mount, parseMountOptions(mount.options ?? []), { root, label });
}

/** The options that the file system was given, as words. */
const given = () =>
	door
		.args("fsconfig")
		.filter(([, command, key]) => command !== c.FSCONFIG_CMD_CREATE && key !== "source")
		.map(([, , key, value]) => (value === null ? key : `${key}=${value}`));

const attributes = () => door.args("fsmount")[0]?.[2];

describe("a file system", () => {
	it("is made with its source, options and attributes, at a directory that is made", () => {
		make({ destination: "/dev/mqueue", type: "mqueue", source: "queue", options: ["nosuid", "sync", "x=1"] });
		expect(door.args("fsopen")[0]?.[0]).toBe("mqueue");
		expect(given()).toEqual(["sync", "x=1"]);
		expect(attributes()).toBe(c.MOUNT_ATTR_NOSUID);
		expect(door.mode("/c/dev/mqueue")).toBe(0o040755);
		expect(door.names.at(-2)).toBe("move_mount");
	});

	it("keeps nothing open but itself", () => {
		const open = watchFds();
		expect([make({ destination: "/a/b", type: "tmpfs" })]).toEqual([...open]);
	});

	it("has to have a type", () => {
		expect(() => make({ destination: "/a", source: "x" })).toThrow("the mount has no type and is no bind mount");
	});

	it("on a device is told itself that it is read-only", () => {
		make({ destination: "/a", type: "ext4", source: "/dev/loop0", options: ["ro"] });
		expect(given()).toEqual(["ro"]);
		expect(attributes()).toBe(c.MOUNT_ATTR_RDONLY);
	});

	it("without a device is not: its other mounts would be read-only too", () => {
		make({ destination: "/sys/kernel/debug", type: "debugfs", source: "debugfs", options: ["ro"] });
		expect(given()).toEqual([]);
		expect(attributes()).toBe(c.MOUNT_ATTR_RDONLY);
	});

	it("is not mounted inside /proc", () => {
		const overlay = { destination: "/proc/sys", type: "overlay", source: "overlay" };
		expect(() => make(overlay)).toThrow("inside /proc");
		door.answer("fstatfs", { type: c.TMPFS_MAGIC, flags: 0 });
		expect(() => make({ ...overlay, destination: "/proc" })).toThrow("it is not of type proc");
	});
});

describe("what stays writable until all is made in it", () => {
	it.each([
		[{ destination: "/dev", type: "devtmpfs" }, true],
		[{ destination: "dev/", type: "ramfs" }, true],
		[{ destination: "/run", type: "tmpfs" }, true],
		[{ destination: "/dev/pts", type: "devpts" }, false],
		[{ destination: "/", type: "ext4" }, false],
	])("%j: %s", (mount, expected) => {
		expect(staysWritable(mount)).toBe(expected);
	});

	it("is mounted without ro", () => {
		make({ destination: "/run", type: "tmpfs", options: ["ro", "nosuid"] });
		expect(attributes()).toBe(c.MOUNT_ATTR_NOSUID);
	});
});

describe("the SELinux label", () => {
	it.each(["proc", "sysfs", "mqueue"])("is not for %s, whose files have labels of the kernel's own", (type) => {
		make({ destination: "/a", type }, "system_u:object_r:container_file_t:s0");
		expect(given()).toEqual([]);
	});

	it("RP-12 is the context option of all others", () => {
		make({ destination: "/dev/pts", type: "devpts" }, "u:r:t:s0");
		expect(given()).toEqual(["context=u:r:t:s0"]);
	});

	it("is quoted when it has a comma, and goes by mount(2), which wants the quotes", () => {
		make({ destination: "/dev/pts", type: "devpts", options: ["gid=5"] }, "u:r:t:s0:c1,c2");
		expect(door.args("mount")[0]?.[4]).toBe('gid=5,context="u:r:t:s0:c1,c2"');
	});
});

describe("a tmpfs", () => {
	const directory = (mode: number, uid = 0, gid = 0) => {
		door.files({ "/c/run/": "" });
		const fd = door.open("/c/run");
		sys.fchmod(fd, mode);
		sys.fchown(fd, uid, gid);
	};

	it("takes over the mode and owner of the directory that it covers", () => {
		directory(0o1770, 12, 34);
		make({ destination: "/run", type: "tmpfs" });
		expect(given()).toEqual(["mode=1770", "uid=12", "gid=34"]);
	});

	it("takes over mode 0 as well, but neither root nor an owner that is not mapped", () => {
		directory(0, 0, 65534);
		make({ destination: "/run", type: "tmpfs" });
		expect(given()).toEqual(["mode=0"]);
	});

	it("has the mode that its options say, also when several are in one", () => {
		directory(0o755, 5, 6);
		make({ destination: "/run", type: "tmpfs", options: ["mode=700"] });
		expect(given()).toEqual(["mode=700", "uid=5", "gid=6"]);
		make({ destination: "/run", type: "tmpfs", options: ["size=1m,uid=7,gid=8"] });
		expect(door.args("mount")[0]?.[4]).toBe("size=1m,uid=7,gid=8,mode=755");
	});

	it("has its own defaults at a place that was not there: open to all", () => {
		make({ destination: "/new", type: "tmpfs" });
		expect(given()).toEqual([]);
	});

	it("with tmpcopyup is filled before it is attached", () => {
		door.files({ "/c/data/file": "text", "/tmpfs/": "" });
		const made = door.open("/tmpfs");
		door.answer("fsmount", made);
		make({ destination: "/data", type: "tmpfs", options: ["tmpcopyup"] });
		expect(door.content("/tmpfs/file")).toBe("text");
		expect(door.names.indexOf("move_mount")).toBeGreaterThan(door.names.lastIndexOf("write"));
	});
});

describe("/proc and /sys", () => {
	it.each(["proc", "sysfs"])("%s is made at an ordinary directory", (type) => {
		make({ destination: `/deep/${type}`, type });
		expect(door.mode(`/c/deep/${type}`)).toBe(0o040755);
	});

	it.each([
		["a link", { link: "/etc" }],
		["a file", ""],
	])("are refused at %s", (_, file) => {
		door.files({ "/c/proc": file, "/c/etc/": "", "/etc/": "" });
		const open = watchFds();
		expect(() => make({ destination: "/proc", type: "proc" })).toThrow(
			'filesystem "proc" must be mounted on ordinary directory',
		);
		expect(open.size).toBe(0);
		expect(door.names).not.toContain("fsopen");
	});

	it("are there in a root that cannot be written to", () => {
		door.files({ "/c/proc/": "" });
		door.fail("mkdirat", "EROFS");
		make({ destination: "/proc", type: "proc" });
		expect(door.names).toContain("move_mount");
	});

	it("a sysfs that the user namespace may not mount is the host's, read-only with all below", () => {
		door.fail("fsopen", "EPERM");
		make({ destination: "/sys", type: "sysfs", options: ["nosuid"] });
		expect(door.args("open_tree")[0]?.slice(1)).toEqual([
			"/sys",
			c.OPEN_TREE_CLONE | c.OPEN_TREE_CLOEXEC | c.AT_RECURSIVE,
		]);
		const [, , flags, set] = door.args("mount_setattr").at(-1) ?? [];
		expect([flags, set]).toEqual([c.AT_EMPTY_PATH | c.AT_RECURSIVE, c.MOUNT_ATTR_NOSUID | c.MOUNT_ATTR_RDONLY]);
	});

	it("no other error is taken for that, and no other file system is replaced", () => {
		door.fail("fsopen", "ENODEV");
		expect(() => make({ destination: "/sys", type: "sysfs" })).toThrow("No such device");
		door.fail("fsopen", "EPERM");
		expect(() => make({ destination: "/proc", type: "proc" })).toThrow();
		expect(door.names).not.toContain("open_tree");
	});
});
