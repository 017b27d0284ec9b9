import { expect, it } from "vitest";
import { mountId, readMountinfo } from "../../../src/linux/mountinfo.js";
import { AT_EMPTY_PATH } from "../../../src/sys/constants.js";
import { door } from "../../support/door.js";

it("every line is a mount, whatever optional fields it has", () => {
	door.files({
		"/proc/self/mountinfo":
			"36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n" +
			"37 36 0:5 / /proc rw shared:7 master:2 unbindable - proc proc rw\n" +
			"38 36 0:6 / /run rw - tmpfs tmpfs rw\n",
	});
	expect(readMountinfo()).toEqual([
		{ id: 36, parent: 35, device: "98:0", root: "/mnt1", point: "/mnt2", type: "ext3" },
		{ id: 37, parent: 36, device: "0:5", root: "/", point: "/proc", type: "proc" },
		{ id: 38, parent: 36, device: "0:6", root: "/", point: "/run", type: "tmpfs" },
	]);
});

it("paths with spaces, tabs, newlines and backslashes are read as they are", () => {
	door.files({ "/proc/self/mountinfo": "1 0 0:1 /a\\040b /x\\011y\\012z\\134 rw - tmpfs a\\040source rw\n" });
	expect(readMountinfo()[0]).toMatchObject({ root: "/a b", point: "/x\ty\nz\\" });
});

it("a descriptor's mount has the id of its line", () => {
	door.answer("statx_mount_id", 36n);
	expect(mountId(7)).toBe(36);
	expect(door.args("statx_mount_id")).toEqual([[7, "", AT_EMPTY_PATH]]);
});
