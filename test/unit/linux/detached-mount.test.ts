import { describe, expect, it } from "vitest";
import { attachTree, cloneTree, detachedMounts } from "../../../src/linux/detached-mount.js";
import type { FilesystemRequest, Place } from "../../../src/linux/mount-api.js";
import * as c from "../../../src/sys/constants.js";
import { TsrunError } from "../../../src/sys/errors.js";
import { door } from "../../support/door.js";
import { watchFds } from "../../support/open-fds.js";

const place: Place = { fd: 500, reopen: () => 501 };
const onto = c.MOVE_MOUNT_F_EMPTY_PATH | c.MOVE_MOUNT_T_EMPTY_PATH;

const request = (more: Partial<FilesystemRequest> = {}): FilesystemRequest => ({
	type: "tmpfs",
	source: "tmpfs",
	superblock: [],
	data: [],
	attributes: 0,
	...more,
});

function errorOf(step: () => void): unknown {
	try {
		step();
	} catch (error) {
		return error;
	}
	throw new Error("nothing was thrown");
}

describe("a new file system", () => {
	it("is complete before it is attached", () => {
		const settled: number[] = [];
		const mount = detachedMounts.mountFilesystem(
			request({ superblock: ["sync"], data: ["size=64k", "huge"], attributes: c.MOUNT_ATTR_NOSUID }),
			place,
			(fd) => {
				expect(door.names).not.toContain("move_mount");
				settled.push(fd);
			},
		);
		expect(settled).toEqual([mount]);
		expect(door.args("fsconfig").map(([, ...rest]) => rest)).toEqual([
			[c.FSCONFIG_SET_STRING, "source", "tmpfs", 0],
			[c.FSCONFIG_SET_FLAG, "sync", null, 0],
			[c.FSCONFIG_SET_STRING, "size", "64k", 0],
			[c.FSCONFIG_SET_FLAG, "huge", null, 0],
			[c.FSCONFIG_CMD_CREATE, null, null, 0],
		]);
		expect(door.args("fsmount")[0]?.slice(1)).toEqual([c.FSMOUNT_CLOEXEC, c.MOUNT_ATTR_NOSUID]);
		expect(door.args("move_mount")).toEqual([[mount, "", 500, "", onto]]);
	});

	it("is made by mount(2) where only that has the flag", () => {
		for (const name of ["iversion", "silent"])
			detachedMounts.mountFilesystem(request({ superblock: [name] }), place, () => {});
		expect(door.args("mount").map(([, , , flags]) => flags)).toEqual([
			c.MS_I_VERSION | c.MS_RELATIME,
			c.MS_SILENT | c.MS_RELATIME,
		]);
		expect(door.names).not.toContain("fsopen");
	});

	it("has no use for what clears such a flag", () => {
		detachedMounts.mountFilesystem(
			request({ source: "", superblock: ["noiversion", "loud", "async"] }),
			place,
			() => {},
		);
		expect(door.args("fsconfig").map(([, , key]) => key)).toEqual(["async", null]);
	});

	it("leaves no descriptor but the mount's", () => {
		const open = watchFds();
		const mount = detachedMounts.mountFilesystem(request(), place, () => {});
		expect([...open]).toEqual([mount]);
	});

	it("needs no source, and an option may hold several equals signs", () => {
		detachedMounts.mountFilesystem(request({ source: "", data: ["a=b=c"] }), place, () => {});
		expect(door.args("fsconfig").map(([, , key, value]) => [key, value])).toEqual([
			["a", "b=c"],
			[null, null],
		]);
	});

	it("that refuses an option says so in the kernel's own words", () => {
		const lines = ["e tmpfs: Unknown parameter 'bogus'\n", "w and more\n"];
		door.fail("fsconfig", "EINVAL", (_fd, _command, key) => key === "bogus");
		door.answer("read", () => lines.shift() ?? "");
		const open = watchFds();
		const error = errorOf(() => detachedMounts.mountFilesystem(request({ data: ["bogus=1"] }), place, () => {}));
		expect(error).toBeInstanceOf(TsrunError);
		expect((error as TsrunError).message).toBe(
			`option "bogus=1": invalid argument (tmpfs: Unknown parameter 'bogus'; and more)`,
		);
		expect((error as TsrunError).details).toMatchObject({ errno: "EINVAL", syscall: "fsconfig" });
		expect(open.size).toBe(0);
	});

	it("names the option when the kernel says nothing more", () => {
		door.fail("fsconfig", "EINVAL", (_fd, _command, key) => key === "size");
		door.fail("read", "EIO");
		const error = errorOf(() => detachedMounts.mountFilesystem(request({ data: ["size=x"] }), place, () => {}));
		expect((error as Error).message).toBe('option "size=x": invalid argument');
	});

	it("that cannot be made is the kernel's error as it comes", () => {
		door.fail("fsconfig", "EPERM", (_fd, command) => command === c.FSCONFIG_CMD_CREATE);
		const error = errorOf(() => detachedMounts.mountFilesystem(request(), place, () => {}));
		expect(error).toMatchObject({ code: "EPERM", syscall: "fsconfig" });
	});

	it.each([
		["a long option", [`lowerdir=${"/layer".repeat(20)}`]],
		["several options in one", ["mode=0620,gid=5"]],
	])("is left to mount(2) with %s, which fsconfig(2) does not take", (_, data) => {
		const mount = detachedMounts.mountFilesystem(request({ data, attributes: c.MOUNT_ATTR_NODEV }), place, () => {});
		expect(door.args("mount")).toEqual([
			["tmpfs", "/proc/self/fd/500", "tmpfs", c.MS_NODEV | c.MS_RELATIME, data.join()],
		]);
		expect(mount).toBe(501);
		expect(door.names).not.toContain("fsopen");
	});
});

describe("a tree", () => {
	it("is cloned from a path of the host, or from a descriptor, alone or with all below", () => {
		cloneTree("/source", true);
		cloneTree(7, false);
		const flags = c.OPEN_TREE_CLONE | c.OPEN_TREE_CLOEXEC;
		expect(door.args("open_tree")).toEqual([
			[c.AT_FDCWD, "/source", flags | c.AT_RECURSIVE],
			[7, "", flags | c.AT_EMPTY_PATH],
		]);
	});

	it("is settled, then attached", () => {
		const mount = detachedMounts.bindTree("/source", false, place, () => expect(door.names).toEqual(["open_tree"]));
		expect(door.args("move_mount")).toEqual([[mount, "", 500, "", onto]]);
	});

	it.each(["settling", "attaching"])("is closed when %s fails", (what) => {
		const open = watchFds();
		if (what === "attaching") door.fail("move_mount", "EINVAL");
		const settle = () => {
			if (what === "settling") throw new Error("no");
		};
		expect(() => detachedMounts.bindTree("/source", false, place, settle)).toThrow();
		expect(open.size).toBe(0);
	});

	it("taken before is attached as it is", () => {
		expect(attachTree(77, place, () => {})).toBe(77);
		expect(door.names).toEqual(["move_mount"]);
	});
});

describe("attributes and propagation", () => {
	it("are set by descriptor, on one mount or the tree", () => {
		detachedMounts.setAttributes(7, { set: c.MOUNT_ATTR_RDONLY, clear: c.MOUNT_ATTR_NOEXEC }, false);
		detachedMounts.setAttributes(7, { set: 0, clear: c.MOUNT_ATTR__ATIME }, true);
		detachedMounts.setPropagation(7, c.MS_SLAVE, true);
		expect(door.args("mount_setattr")).toEqual([
			[7, "", c.AT_EMPTY_PATH, c.MOUNT_ATTR_RDONLY, c.MOUNT_ATTR_NOEXEC, 0, 0],
			[7, "", c.AT_EMPTY_PATH | c.AT_RECURSIVE, 0, c.MOUNT_ATTR__ATIME, 0, 0],
			[7, "", c.AT_EMPTY_PATH | c.AT_RECURSIVE, 0, 0, c.MS_SLAVE, 0],
		]);
	});

	it("nothing to change is no call", () => {
		detachedMounts.setAttributes(7, { set: 0, clear: 0 }, true);
		expect(door.calls).toEqual([]);
	});
});
