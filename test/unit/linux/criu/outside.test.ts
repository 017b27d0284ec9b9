import { describe, expect, it } from "vitest";
import { outsideMounts, sourcesOfMounts } from "../../../../src/linux/criu/outside-mounts.js";
import { lendFiles, outsideFiles, readStreams, replacedStreams } from "../../../../src/linux/criu/outside-streams.js";
import type { MountEntry } from "../../../../src/linux/mountinfo.js";
import { S_IFIFO, S_IFREG, SEEK_SET } from "../../../../src/sys/constants.js";
import { door } from "../../../support/door.js";

const mount = (id: number, device: string, root: string, point: string, type: string): MountEntry => ({
	id,
	parent: 1,
	device,
	root,
	point,
	type,
});

const root = mount(1, "8:1", "/bundle/rootfs", "/", "ext4");
const proc = mount(2, "0:50", "/", "/proc", "proc");
const dev = mount(3, "0:51", "/", "/dev", "tmpfs");

const dumped = { binds: new Set<number>(), maskedPaths: [], ownCgroups: false };

describe("a mount of a container comes from outside", () => {
	const outside = (mounts: readonly MountEntry[], more: Partial<Parameters<typeof outsideMounts>[0]> = {}) =>
		outsideMounts({ ...dumped, mounts: [root, proc, dev, ...mounts], ...more });

	it("not when it is a file system of the container's own, or shows a part of one", () => {
		const pts = mount(4, "0:52", "/", "/dev/pts", "devpts");
		const console = mount(5, "0:52", "/0", "/dev/console", "devpts");
		expect(outside([pts, console, mount(6, "0:50", "/sys", "/proc/sys", "proc")])).toEqual([]);
	});

	it("not when it shows a part of the root filesystem", () => {
		expect(outside([mount(4, "8:1", "/bundle/rootfs/etc", "/etc", "ext4")])).toEqual([]);
	});

	it("when it shows another part of the same file system", () => {
		expect(outside([mount(4, "8:1", "/bundle/rootfs2", "/data", "ext4")])).toEqual(["mnt[/data]:/data"]);
	});

	it("when it is a volume, whatever file system that is", () => {
		const volume = mount(4, "0:60", "/", "/data", "tmpfs");
		expect(outside([volume])).toEqual([]);
		expect(outside([volume], { binds: new Set([4]) })).toEqual(["mnt[/data]:/data"]);
		expect(outside([mount(4, "0:61", "/", "/data", "overlay")])).toEqual(["mnt[/data]:/data"]);
	});

	it("when a file of the host covers a masked one, and then it is nothing", () => {
		const masks = [mount(4, "0:6", "/null", "/proc/kcore", "devtmpfs"), mount(5, "0:6", "/null", "/dev/x", "devtmpfs")];
		expect(outside(masks, { maskedPaths: ["/proc/kcore/"] })).toEqual([
			"mnt[/proc/kcore]:/dev/null",
			"mnt[/dev/x]:/dev/x",
		]);
	});

	it("when it shows the container's cgroup, unless that is the root of its cgroup namespace", () => {
		const memory = mount(4, "0:30", "/web", "/sys/fs/cgroup/memory", "cgroup");
		expect(outside([memory])).toEqual(["mnt[/sys/fs/cgroup/memory]:/sys/fs/cgroup/memory"]);
		expect(outside([memory], { ownCgroups: true })).toEqual([]);
	});
});

it("a restore finds the sources, what the host has mounted below them, and nothing", () => {
	const host = [
		mount(1, "8:1", "/", "/", "ext4"),
		mount(2, "0:9", "/", "/srv/a/b", "tmpfs"),
		mount(3, "0:8", "/", "/srv/ab", "tmpfs"),
	];
	expect(sourcesOfMounts([{ place: "/data", source: "/srv/a" }], host)).toEqual([
		"mnt[/data]:/srv/a",
		"mnt[/data/b]:/srv/a/b",
		"mnt[/dev/null]:/dev/null",
	]);
});

const stat = { dev: 1, ino: 2, nlink: 1, uid: 0, gid: 0, size: 0, major: 0, minor: 0 };

describe("streams", () => {
	it("are told by what they are; a file that is on none of the mounts by mount, inode and size", () => {
		door.files({
			"/proc/7/fdinfo/0": "pos:\t0\nflags:\t02\nmnt_id:\t3\n",
			"/proc/7/fdinfo/1": "pos:\t0\nflags:\t0100001\nmnt_id:\t31\n",
			"/proc/7/fdinfo/2": "pos:\t0\nflags:\t0102001\nmnt_id:\t31\n",
		});
		door.answer("fstatat", { ...stat, mode: S_IFREG, ino: 0xabc, size: 8 });
		door.answer("readlinkat", "/file");
		expect(readStreams(7, [root, dev])).toEqual(["/file", "file[1f:abc] 8", "file[1f:abc]"]);
		door.answer("fstatat", { ...stat, mode: S_IFIFO });
		door.answer("readlinkat", "pipe:[9]");
		expect(readStreams(7, [root, dev])).toEqual(["pipe:[9]", "pipe:[9]", "pipe:[9]"]);
	});

	it("that are files are named to the dump, once", () => {
		expect(outsideFiles(["/dev/null", "file[1f:2] 7", "file[1f:2] 7"])).toEqual(["file[1f:2]"]);
	});

	it("that are files or pipes become the caller's at a restore", () => {
		expect(replacedStreams(["/dev/null", "pipe:[12]", "file[1f:a2] 0"])).toEqual([
			{ key: "pipe:[12]", fd: 1 },
			{ key: "file[1f:a2]", fd: 2 },
		]);
		expect(replacedStreams(["socket:[3]", "pipe:[12]", "pipe:[12]"])).toEqual([{ key: "pipe:[12]", fd: 1 }]);
	});

	describe("of the caller that take the place of files", () => {
		it("are as long as those for as long as CRIU works, and written to from where they are at", () => {
			door.answer("fstat", { ...stat, mode: S_IFREG, size: 3 });
			door.answer("lseek", 2);
			const takeBack = lendFiles(["file[1:2] 10", "/dev/null", "file[1:3]"]);
			expect(door.args("ftruncate")).toEqual([[0, 10]]);
			door.answer("pidfd_getfd", (_pidfd: number, fd: number) => 70 + fd);
			takeBack(50);
			expect(door.args("ftruncate")).toEqual([
				[0, 10],
				[0, 3],
			]);
			expect(door.args("pidfd_getfd")).toEqual([
				[50, 0],
				[50, 2],
			]);
			expect(door.args("lseek").slice(2)).toEqual([
				[70, 2, SEEK_SET],
				[72, 2, SEEK_SET],
			]);
			expect(door.args("close")).toEqual([[70], [72]]);
		});

		it("must be files, and not longer", () => {
			door.answer("fstat", { ...stat, mode: S_IFIFO });
			expect(() => lendFiles(["file[1:2]"])).toThrow("stdin was a file when the container was saved, and here is none");
			door.answer("fstat", { ...stat, mode: S_IFREG, size: 11 });
			expect(() => lendFiles(["file[1:2] 10"])).toThrow("of 10 bytes, and the one here is longer");
		});
	});
});
