import { beforeEach, describe, expect, it } from "vitest";
import {
	chrootInto,
	isClosed,
	isolatePropagation,
	makeReadonly,
	mountRoot,
	moveRoot,
	pivotRoot,
	setRootPropagation,
} from "../../../src/linux/rootfs.js";
import type { RootfsPropagation } from "../../../src/spec/types.js";
import * as c from "../../../src/sys/constants.js";
import { TsrunError } from "../../../src/sys/errors.js";
import { door } from "../../support/door.js";
import { watchFds } from "../../support/open-fds.js";

function errorOf(step: () => void): TsrunError {
	try {
		step();
	} catch (error) {
		if (error instanceof TsrunError) return error;
		throw error;
	}
	throw new Error("nothing was thrown");
}

describe("the propagation at the beginning", () => {
	it.each<[RootfsPropagation | undefined, number]>([
		[undefined, c.MS_SLAVE],
		["slave", c.MS_SLAVE],
		["rslave", c.MS_SLAVE],
		["shared", c.MS_SLAVE],
		["rshared", c.MS_SLAVE],
		["private", c.MS_PRIVATE],
		["rprivate", c.MS_PRIVATE],
		["unbindable", c.MS_PRIVATE],
		["runbindable", c.MS_PRIVATE],
	])("%s: nothing of ours gets out, and the host's comes in only if it may", (propagation, flag) => {
		isolatePropagation(propagation);
		expect(door.args("mount")).toEqual([[null, "/", null, flag | c.MS_REC, null]]);
		expect(isClosed(propagation)).toBe(flag === c.MS_PRIVATE);
	});

	it("in a chroot cannot be changed, and the error says what to do", () => {
		door.fail("mount", "EINVAL");
		const error = errorOf(() => isolatePropagation(undefined));
		expect(error.message).toBe("change the propagation of /: invalid argument");
		expect(error.details.hint).toMatch("no mount point");
	});
});

describe("mountRoot", () => {
	beforeEach(() => door.files({ "/bundle/rootfs/": "" }));

	it("makes a mount of the directory, with all below, on itself", () => {
		const open = watchFds();
		const root = mountRoot("/bundle/rootfs");
		const [directory] = door.args("open_tree")[0] ?? [];
		expect(door.args("open_tree")).toEqual([
			[directory, "", c.OPEN_TREE_CLONE | c.OPEN_TREE_CLOEXEC | c.AT_RECURSIVE | c.AT_EMPTY_PATH],
		]);
		expect(door.args("move_mount")[0]?.slice(0, 3)).toEqual([root, "", directory]);
		expect([...open]).toEqual([root]);
	});

	it("finds it again when mount(2) has made it", () => {
		door.fail("mount_setattr", "ENOSYS");
		const open = watchFds();
		const root = mountRoot("/bundle/rootfs");
		expect(door.args("mount")[0]?.[3]).toBe(c.MS_BIND | c.MS_REC);
		expect(door.args("openat").map(([, path]) => path)).toEqual(["/bundle/rootfs", "/bundle/rootfs"]);
		expect([...open]).toEqual([root]);
	});

	it("names the directory when that fails", () => {
		expect(errorOf(() => mountRoot("/gone")).message).toBe('mount root filesystem "/gone": no such file or directory');
	});
});

describe("entering the root", () => {
	it("pivots, and lets go of the old root from within it, so that the new one's propagation stays", () => {
		const open = watchFds();
		door.files({ "/": "" });
		pivotRoot(7);
		const old = door.args("fchdir")[1]?.[0];
		expect(door.args("fchdir")[0]).toEqual([7]);
		expect(door.args("openat")[0]?.[1]).toBe("/");
		expect(door.names).toEqual(["openat", "fchdir", "pivot_root", "fchdir", "mount", "umount2", "chdir", "close"]);
		expect(door.args("close")).toEqual([[old]]);
		expect(door.args("pivot_root")).toEqual([[".", "."]]);
		expect(door.args("mount")).toEqual([[null, ".", null, c.MS_SLAVE | c.MS_REC, null]]);
		expect(door.args("umount2")).toEqual([[".", c.MNT_DETACH]]);
		expect(open.size).toBe(0);
	});

	it("points at --no-pivot where the root cannot be pivoted", () => {
		door.fail("pivot_root", "EINVAL");
		const error = errorOf(() => pivotRoot(7));
		expect(error.message).toBe("pivot_root into the root filesystem: invalid argument");
		expect(error.details.hint).toMatch("--no-pivot");
	});

	it("changes only the root of the process where the mounts are the host's", () => {
		chrootInto(7);
		expect(door.calls.map(({ name, args }) => [name, ...args])).toEqual([
			["fchdir", 7],
			["chroot", "."],
			["chdir", "/"],
		]);
	});

	describe("by moving it", () => {
		const mounts = [
			"20 1 0:1 / / rw - ext4 /dev/vda rw",
			"21 20 0:2 / /proc rw - proc proc rw",
			"22 20 0:3 / /sys rw - sysfs sysfs rw",
			"23 20 0:2 /sys /elsewhere rw - proc proc rw",
			"24 20 0:4 / /chroot/proc rw - proc proc rw",
			"30 20 0:1 /bundle/rootfs /bundle/rootfs rw - ext4 /dev/vda rw",
			"31 30 0:5 / /bundle/rootfs/proc rw - proc proc rw",
			"32 20 0:6 / /bundle/rootfs2/proc rw - proc proc rw",
		].join("\n");

		beforeEach(() => {
			door.files({ "/proc/self/mountinfo": mounts });
			door.answer("statx_mount_id", 30);
		});

		it("takes the host's whole procfs and sysfs away before, but not the container's", () => {
			moveRoot(7);
			expect(door.args("umount2").map(([point]) => point)).toEqual([
				"/bundle/rootfs2/proc",
				"/chroot/proc",
				"/sys",
				"/proc",
			]);
			expect(door.calls.slice(-4).map(({ name, args }) => [name, ...args])).toEqual([
				["fchdir", 7],
				["mount", ".", "/", null, c.MS_MOVE, null],
				["chroot", "."],
				["chdir", "/"],
			]);
		});

		it("covers those that are locked", () => {
			door.fail("umount2", "EINVAL", (point) => point === "/proc");
			moveRoot(7);
			expect(door.args("mount")[0]).toEqual(["tmpfs", "/proc", "tmpfs", 0, null]);
		});
	});
});

it("a read-only root is so itself, not what is mounted in it", () => {
	makeReadonly(7);
	expect(door.args("mount_setattr").at(-1)).toEqual([7, "", c.AT_EMPTY_PATH, c.MOUNT_ATTR_RDONLY, 0, 0, 0]);
});

describe("the propagation at the end", () => {
	it.each<[RootfsPropagation, number, boolean]>([
		["shared", c.MS_SHARED, false],
		["rshared", c.MS_SHARED, true],
		["unbindable", c.MS_UNBINDABLE, false],
		["runbindable", c.MS_UNBINDABLE, true],
	])("%s is set on the finished root", (propagation, flag, recursive) => {
		setRootPropagation(7, propagation);
		const flags = c.AT_EMPTY_PATH | (recursive ? c.AT_RECURSIVE : 0);
		expect(door.args("mount_setattr").at(-1)).toEqual([7, "", flags, 0, 0, flag, 0]);
	});

	it.each<RootfsPropagation | undefined>([undefined, "slave", "rslave", "private", "rprivate"])(
		"%s has been there from the beginning",
		(propagation) => {
			setRootPropagation(7, propagation);
			expect(door.calls).toEqual([]);
		},
	);

	it("is named in an error", () => {
		door.fail("mount_setattr", "EINVAL", (...[, , , , , propagation]) => propagation !== 0);
		expect(errorOf(() => setRootPropagation(7, "rshared")).message).toBe(
			"make the root mount rshared: invalid argument",
		);
	});
});
