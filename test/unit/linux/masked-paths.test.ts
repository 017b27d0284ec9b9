import { beforeEach, describe, expect, it } from "vitest";
import { makePathsReadonly, maskPaths } from "../../../src/linux/masked-paths.js";
import * as c from "../../../src/sys/constants.js";
import { TsrunError } from "../../../src/sys/errors.js";
import { sys } from "../../../src/sys/index.js";
import { door } from "../../support/door.js";
import { watchFds } from "../../support/open-fds.js";

let root = -1;

beforeEach(() => {
	door.files({
		"/dev/": "",
		"/c/proc/kcore": "secret",
		"/c/proc/keys": "",
		"/c/proc/scsi/": "",
		"/c/sys/firmware/": "",
	});
	root = door.open("/c");
	sys.mknodat(c.AT_FDCWD, "/dev/null", c.S_IFCHR | 0o666, 1, 3);
});

/** Inode numbers of what was covered, in order. */
const covered = () => door.args("move_mount").map(([, , place]) => place);

describe("maskPaths", () => {
	it("covers files with /dev/null and directories with an empty, sealed file system", () => {
		maskPaths(root, ["/proc/kcore", "/proc/scsi"], []);
		expect(covered().length).toBe(2);
		expect(door.args("fsopen")).toEqual([["tmpfs", c.FSOPEN_CLOEXEC]]);
		expect(door.args("fsmount")[0]?.[2]).toBe(
			c.MOUNT_ATTR_RDONLY | c.MOUNT_ATTR_NOSUID | c.MOUNT_ATTR_NODEV | c.MOUNT_ATTR_NOEXEC,
		);
	});

	it("takes one file system for all directories, and one device for all files", () => {
		maskPaths(root, ["/proc/scsi", "/sys/firmware", "/sys", "/proc/kcore", "/proc/keys"], []);
		expect(door.args("fsopen").length).toBe(1);
		expect(door.args("openat").filter(([, path]) => path === "/dev/null").length).toBe(1);
		expect(covered().length).toBe(5);
		const clones = door.args("open_tree");
		expect(new Set(clones.slice(0, 2).map(([source]) => source)).size).toBe(1);
		// the first file's mask is the device, sealed; the other's is a copy of that
		expect(new Set(clones.slice(2).map(([source]) => source)).size).toBe(2);
		expect(door.args("mount_setattr").filter(([, , , set]) => set === c.MOUNT_ATTR_RDONLY).length).toBe(1);
	});

	it("leaves alone what is not there, and does once what is named twice", () => {
		maskPaths(root, ["/missing", "/proc/keys/below", "/proc/keys", "/proc/keys"], []);
		expect(covered().length).toBe(1);
	});

	it("stays inside the root, and leaves nothing open", () => {
		door.files({ "/c/proc/link": { link: "/../../etc/shadow" }, "/etc/shadow": "" });
		const open = watchFds();
		maskPaths(root, ["/proc/link", "/proc/scsi", "/proc/kcore"], []);
		expect(covered().length).toBe(2);
		expect(open.size).toBe(0);
	});

	it("names the path in an error, and leaves nothing open", () => {
		door.fail("move_mount", "EPERM");
		const open = watchFds();
		let error: unknown;
		try {
			maskPaths(root, ["/proc/scsi"], []);
		} catch (thrown) {
			error = thrown;
		}
		expect(error).toBeInstanceOf(TsrunError);
		expect((error as TsrunError).message).toBe('mask "/proc/scsi": operation not permitted');
		expect(open.size).toBe(0);
	});

	it("has nothing to do for an empty list", () => {
		const before = door.calls.length;
		maskPaths(root, [], []);
		makePathsReadonly(root, [], []);
		expect(door.calls.length).toBe(before);
	});

	describe("in /proc", () => {
		const proc = { destination: "/proc", type: "proc", source: "proc" };

		it("starts at what is mounted there, whatever comes into its place", () => {
			door.answer("fstatfs", { type: c.PROC_SUPER_MAGIC, flags: 0 });
			const open = watchFds();
			maskPaths(root, ["/proc/kcore", "/proc/keys", "/sys/firmware"], [proc]);
			expect(door.args("openat2").map(([from, path]) => [from === root, path])).toEqual([
				[true, "/proc"],
				[false, "/kcore"],
				[false, "/keys"],
				[true, "/sys/firmware"],
			]);
			expect(open.size).toBe(0);
		});

		it("is refused when another thing has come into its place, and leaves nothing open", () => {
			door.answer("fstatfs", { type: c.TMPFS_MAGIC, flags: 0 });
			const open = watchFds();
			expect(() => maskPaths(root, ["/proc/kcore"], [proc])).toThrow('"/proc" is no longer what was mounted there');
			expect(open.size).toBe(0);
		});

		it("asks for what was mounted last", () => {
			door.answer("fstatfs", { type: c.TMPFS_MAGIC, flags: 0 });
			const mounts = ["sysfs", "tmpfs"].map((type) => ({ destination: "/sys", type, source: type }));
			maskPaths(root, ["/sys/firmware"], mounts);
			expect(covered().length).toBe(1);
		});
	});

	it("works with mount(2) alone", () => {
		door.fail("mount_setattr", "ENOSYS");
		const open = watchFds();
		maskPaths(root, ["/proc/kcore", "/proc/scsi", "/sys/firmware"], []);
		const sealed = c.MS_RDONLY | c.MS_NOSUID | c.MS_NODEV | c.MS_NOEXEC | c.MS_RELATIME;
		expect(door.args("mount").map(([, , type, flags]) => [type, flags])).toEqual([
			[null, c.MS_BIND],
			[null, c.MS_REMOUNT | c.MS_BIND | c.MS_RDONLY | c.MS_STRICTATIME],
			["tmpfs", sealed],
			[null, c.MS_BIND],
		]);
		expect(open.size).toBe(0);
	});
});

describe("makePathsReadonly", () => {
	it("makes each path a read-only mount of itself, with all below", () => {
		const open = watchFds();
		makePathsReadonly(root, ["/proc/scsi", "/proc/keys", "/proc/scsi", "/missing"], []);
		const clones = door.args("open_tree");
		expect(clones.length).toBe(2);
		expect(clones.every(([, , flags]) => (flags & c.AT_RECURSIVE) !== 0)).toBe(true);
		expect(clones.map(([source]) => source)).toEqual(covered());
		const sealing = door.args("mount_setattr").filter(([, , , set]) => set === c.MOUNT_ATTR_RDONLY);
		expect(sealing.map(([, , flags]) => flags)).toEqual(Array(2).fill(c.AT_EMPTY_PATH | c.AT_RECURSIVE));
		expect(open.size).toBe(0);
	});

	it("names the path in an error", () => {
		door.fail("open_tree", "EINVAL");
		expect(() => makePathsReadonly(root, ["/proc/keys"], [])).toThrow('protect "/proc/keys": invalid argument');
	});
});
