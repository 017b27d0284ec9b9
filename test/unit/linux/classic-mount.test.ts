import { describe, expect, it } from "vitest";
import { classicMounts, reconfigure } from "../../../src/linux/classic-mount.js";
import type { FilesystemRequest, Place } from "../../../src/linux/mount-api.js";
import * as c from "../../../src/sys/constants.js";
import { sys } from "../../../src/sys/index.js";
import { door } from "../../support/door.js";
import { watchFds } from "../../support/open-fds.js";

const place: Place = { fd: 500, reopen: () => sys.openat(c.AT_FDCWD, "/reopened", c.O_PATH, 0) };
const fresh: FilesystemRequest = { type: "tmpfs", source: "tmpfs", superblock: [], data: [], attributes: 0 };

/** The flags of the one call of mount(2). */
function flagsOfMount(attributes: number, superblock: string[] = []): number | undefined {
	door.reset();
	classicMounts.mountFilesystem({ ...fresh, attributes, superblock }, place, () => {});
	return door.args("mount")[0]?.[3];
}

describe("a new file system", () => {
	it("lands on the verified descriptor, and is settled where it is then", () => {
		const settled: number[] = [];
		const mount = classicMounts.mountFilesystem({ ...fresh, data: ["size=1m", "mode=700"] }, place, (fd) => {
			settled.push(fd);
		});
		expect(door.args("mount")).toEqual([["tmpfs", "/proc/self/fd/500", "tmpfs", c.MS_RELATIME, "size=1m,mode=700"]]);
		expect(door.names).toEqual(["mount", "openat"]);
		expect(settled).toEqual([mount]);
	});

	it.each([
		["read-only", c.MOUNT_ATTR_RDONLY, c.MS_RDONLY],
		["nosuid", c.MOUNT_ATTR_NOSUID, c.MS_NOSUID],
		["nodev", c.MOUNT_ATTR_NODEV, c.MS_NODEV],
		["noexec", c.MOUNT_ATTR_NOEXEC, c.MS_NOEXEC],
		["nodiratime", c.MOUNT_ATTR_NODIRATIME, c.MS_NODIRATIME],
		["nosymfollow", c.MOUNT_ATTR_NOSYMFOLLOW, c.MS_NOSYMFOLLOW],
	])("is %s by mount(2)'s own flag", (_, attribute, flag) => {
		expect(flagsOfMount(attribute)).toBe(flag | c.MS_RELATIME);
	});

	it("has one of three access times", () => {
		expect(flagsOfMount(c.MOUNT_ATTR_NOATIME)).toBe(c.MS_NOATIME);
		expect(flagsOfMount(c.MOUNT_ATTR_STRICTATIME)).toBe(c.MS_STRICTATIME);
		expect(flagsOfMount(c.MOUNT_ATTR_RELATIME)).toBe(c.MS_RELATIME);
	});

	it("has its file system's flags by their names; those that clear one need none", () => {
		const names = ["ro", "sync", "dirsync", "lazytime", "mand", "iversion", "silent"];
		const flags =
			c.MS_RDONLY | c.MS_SYNCHRONOUS | c.MS_DIRSYNC | c.MS_LAZYTIME | c.MS_MANDLOCK | c.MS_I_VERSION | c.MS_SILENT;
		expect(flagsOfMount(0, names)).toBe(flags | c.MS_RELATIME);
		expect(flagsOfMount(0, ["async", "nolazytime", "nomand", "noiversion", "loud"])).toBe(c.MS_RELATIME);
	});

	it("leaves nothing open when settling fails", () => {
		const open = watchFds();
		const fail = () => {
			throw new Error("no");
		};
		expect(() => classicMounts.mountFilesystem(fresh, place, fail)).toThrow("no");
		expect(open.size).toBe(0);
	});
});

describe("a bind mount", () => {
	it("goes from a path or a descriptor to a descriptor", () => {
		classicMounts.bindTree("/source", true, place, () => {});
		classicMounts.bindTree(7, false, place, () => {});
		expect(door.args("mount")).toEqual([
			["/source", "/proc/self/fd/500", null, c.MS_BIND | c.MS_REC, null],
			["/proc/self/fd/7", "/proc/self/fd/500", null, c.MS_BIND, null],
		]);
	});
});

describe("attributes", () => {
	const remounted = () => door.args("mount").map(([, target, , flags]) => [target, flags]);

	it("are changed by a remount that keeps those it does not name", () => {
		door.answer("fstatfs", { type: 0, flags: c.ST_NOSUID | c.ST_NOEXEC | c.ST_RELATIME | c.ST_NOSYMFOLLOW });
		classicMounts.setAttributes(7, { set: c.MOUNT_ATTR_RDONLY, clear: c.MOUNT_ATTR_NOEXEC }, false);
		const kept = c.MS_NOSUID | c.MS_NOSYMFOLLOW | c.MS_RELATIME;
		expect(remounted()).toEqual([["/proc/self/fd/7", c.MS_REMOUNT | c.MS_BIND | c.MS_RDONLY | kept]]);
	});

	it.each([
		["noatime", c.ST_NOATIME, c.MS_NOATIME],
		["relatime", c.ST_RELATIME, c.MS_RELATIME],
		["strictatime, of which statfs(2) says nothing", 0, c.MS_STRICTATIME],
		["noatime and nodiratime", c.ST_NOATIME | c.ST_NODIRATIME, c.MS_NOATIME | c.MS_NODIRATIME],
	])("keep %s", (_, statfs, flags) => {
		door.answer("fstatfs", { type: 0, flags: statfs });
		classicMounts.setAttributes(7, { set: c.MOUNT_ATTR_NODEV, clear: 0 }, false);
		expect(remounted()[0]?.[1]).toBe(c.MS_REMOUNT | c.MS_BIND | c.MS_NODEV | flags);
	});

	it("replace the access time as a whole", () => {
		door.answer("fstatfs", { type: 0, flags: c.ST_NOATIME });
		classicMounts.setAttributes(7, { set: c.MOUNT_ATTR_STRICTATIME, clear: c.MOUNT_ATTR__ATIME }, false);
		expect(remounted()[0]?.[1]).toBe(c.MS_REMOUNT | c.MS_BIND | c.MS_STRICTATIME);
	});

	it("nothing to change is no call", () => {
		classicMounts.setAttributes(7, { set: 0, clear: 0 }, true);
		expect(door.calls).toEqual([]);
	});

	it("of a tree are those of every mount below, but for what another mount hides", () => {
		door.files({
			"/proc/self/mountinfo": [
				"20 1 0:1 / / rw - ext4 /dev/vda rw",
				"30 20 0:2 / /c rw - tmpfs tmpfs rw",
				"31 30 0:3 / /c/sub rw - tmpfs tmpfs rw",
				"32 31 0:4 / /c/sub/deep rw - tmpfs tmpfs rw",
				"33 30 0:5 / /c/hidden rw - tmpfs tmpfs rw",
				"34 30 0:6 / /c/gone rw - tmpfs tmpfs rw",
				"40 20 0:7 / /beside rw - tmpfs tmpfs rw",
				"",
			].join("\n"),
			"/c/sub/deep/": "",
			"/c/hidden/": "",
			"/beside/": "",
		});
		const mount = door.open("/c");
		const ids = new Map([[mount, 30]]);
		const openat2 = sys.openat2;
		Object.assign(sys, {
			openat2: (...call: Parameters<typeof openat2>) => {
				const fd = openat2(...call);
				ids.set(fd, { "/sub": 31, "/sub/deep": 32, "/hidden": 99 }[call[1]] ?? 0);
				return fd;
			},
		});
		door.answer("statx_mount_id", (fd) => ids.get(fd) ?? 0);
		door.answer("fstatfs", { type: 0, flags: c.ST_RELATIME });
		const open = watchFds();
		classicMounts.setAttributes(mount, { set: c.MOUNT_ATTR_RDONLY, clear: 0 }, true);
		expect(remounted().map(([target]) => ids.get(Number(String(target).split("/").at(-1))))).toEqual([30, 31, 32]);
		// nothing is named by its path on the host
		expect(door.args("openat2").every(([from]) => from === mount)).toBe(true);
		expect(open.size).toBe(0);
	});
});

it("propagation is changed by descriptor", () => {
	classicMounts.setPropagation(7, c.MS_SLAVE, true);
	classicMounts.setPropagation(7, c.MS_SHARED, false);
	expect(door.args("mount")).toEqual([
		[null, "/proc/self/fd/7", null, c.MS_SLAVE | c.MS_REC, null],
		[null, "/proc/self/fd/7", null, c.MS_SHARED, null],
	]);
});

it("reconfiguring a file system keeps the attributes of its mount", () => {
	door.answer("fstatfs", { type: 0, flags: c.ST_NOSUID | c.ST_RELATIME });
	reconfigure(7, ["sync"], ["size=1m", "nr_inodes=5"]);
	expect(door.args("mount")).toEqual([
		[
			null,
			"/proc/self/fd/7",
			null,
			c.MS_REMOUNT | c.MS_NOSUID | c.MS_RELATIME | c.MS_SYNCHRONOUS,
			"size=1m,nr_inodes=5",
		],
	]);
});
