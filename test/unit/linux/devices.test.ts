import { beforeEach, describe, expect, it } from "vitest";
import {
	containerDevices,
	devIsBound,
	isNullDevice,
	makeDeviceLinks,
	makeDevices,
	openNullDevice,
	replaceNullStream,
} from "../../../src/linux/devices.js";
import type { Device } from "../../../src/spec/types.js";
import * as c from "../../../src/sys/constants.js";
import { TsrunError } from "../../../src/sys/errors.js";
import { sys } from "../../../src/sys/index.js";
import { door } from "../../support/door.js";
import { watchFds } from "../../support/open-fds.js";

let root = -1;

beforeEach(() => {
	door.files({ "/c/dev/": "", "/dev/": "" });
	root = door.open("/c");
	sys.mknodat(c.AT_FDCWD, "/dev/null", c.S_IFCHR | 0o666, 1, 3);
	sys.mknodat(c.AT_FDCWD, "/dev/fuse", c.S_IFCHR | 0o666, 10, 229);
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

const statOf = (path: string) => sys.fstatat(c.AT_FDCWD, path, c.AT_SYMLINK_NOFOLLOW);
const fuse: Device = { type: "c", path: "/dev/fuse", major: 10, minor: 229 };

describe("the list of devices", () => {
	it("begins with the default ones, for all to use", () => {
		const devices = containerDevices(undefined);
		expect(devices.map(({ path, type, major, minor }) => `${path} ${type} ${major}:${minor}`)).toEqual([
			"/dev/null c 1:3",
			"/dev/zero c 1:5",
			"/dev/full c 1:7",
			"/dev/random c 1:8",
			"/dev/urandom c 1:9",
			"/dev/tty c 5:0",
		]);
		makeDevices(root, devices, false);
		expect(statOf("/c/dev/tty")).toMatchObject({ mode: c.S_IFCHR | 0o666, uid: 0, gid: 0, major: 5, minor: 0 });
	});

	it("has the configuration's in the place of a default one of the same path, and its others after them", () => {
		const own: Device = { type: "c", path: "/dev/null", major: 1, minor: 3, fileMode: 0o600 };
		const devices = containerDevices({ devices: [fuse, own] });
		expect(devices.map(({ path }) => path).slice(-2)).toEqual(["/dev/fuse", "/dev/null"]);
		expect(devices.filter(({ path }) => path === "/dev/null")).toEqual([own]);
	});
});

describe("a device", () => {
	it("is made with its type, numbers, mode and owner", () => {
		makeDevices(
			root,
			[
				{ ...fuse, fileMode: 0o640, uid: 5, gid: 6 },
				{ type: "b", path: "/dev/disk", major: 7, minor: 1, fileMode: 0o660 },
				{ type: "u", path: "/dev/raw", major: 1, minor: 5 },
				{ type: "p", path: "/run/fifo", fileMode: 0o622 },
			],
			false,
		);
		expect(statOf("/c/dev/fuse")).toMatchObject({ mode: c.S_IFCHR | 0o640, uid: 5, gid: 6, major: 10, minor: 229 });
		expect(statOf("/c/dev/disk")).toMatchObject({ mode: c.S_IFBLK | 0o660, major: 7, minor: 1 });
		expect(statOf("/c/dev/raw")).toMatchObject({ mode: c.S_IFCHR | 0o666 });
		expect(statOf("/c/run/fifo")).toMatchObject({ mode: c.S_IFIFO | 0o622 });
	});

	it("of nobody in particular is one call, and leaves nothing open", () => {
		const open = watchFds();
		makeDevices(root, [{ ...fuse, uid: 0, gid: 0 }], false);
		expect(door.names.slice(-3)).toEqual(["openat2", "mknodat", "close"]);
		expect(open.size).toBe(0);
	});

	it("of numbers beyond 2^53 or in text is what config.json says", () => {
		makeDevices(root, [{ ...fuse, path: "/dev/x", major: 10n as unknown as number }], false);
		expect(statOf("/c/dev/x").major).toBe(10);
	});

	it("that is there is left as it is: it may be the host's, bound", () => {
		sys.mknodat(root, "dev/fuse", c.S_IFCHR | 0o604, 10, 229);
		const open = watchFds();
		makeDevices(root, [{ ...fuse, fileMode: 0o640, uid: 5 }], false);
		expect(statOf("/c/dev/fuse")).toMatchObject({ mode: c.S_IFCHR | 0o604, uid: 0 });
		expect(open.size).toBe(0);
	});

	it.each<[string, () => void]>([
		["a file", () => door.files({ "/c/dev/fuse": "" })],
		["a link", () => door.files({ "/c/dev/fuse": { link: "/dev/zero" } })],
		["another device", () => sys.mknodat(root, "dev/fuse", c.S_IFCHR, 10, 230)],
		["a block device", () => sys.mknodat(root, "dev/fuse", c.S_IFBLK, 10, 229)],
		["a FIFO", () => sys.mknodat(root, "dev/fuse", c.S_IFIFO, 0, 0)],
	])("is refused where %s is", (_, put) => {
		put();
		const error = errorOf(() => makeDevices(root, [fuse], false));
		expect(error.message).toBe('a different file is already at "/dev/fuse"');
		expect(error.details).toMatchObject({ object: "/dev/fuse", stage: "devices" });
	});

	it("goes where a link of the image leads, inside the root", () => {
		door.files({ "/c/link": { link: "/../opt" }, "/opt/": "" });
		makeDevices(root, [{ ...fuse, path: "/link/fuse" }], false);
		expect(door.mode("/c/opt/fuse")).toBe(c.S_IFCHR | 0o666);
		expect(door.mode("/opt/fuse")).toBeUndefined();
	});

	it("names itself in an error", () => {
		door.fail("mknodat", "ENOSPC");
		expect(errorOf(() => makeDevices(root, [fuse], false)).message).toBe(
			'make device "/dev/fuse": no space left on device',
		);
	});
});

describe("a device of the host", () => {
	it("is bound in a user namespace; a FIFO is made there as well", () => {
		door.answer("open_tree", (_at, path) => door.open(path));
		makeDevices(root, [fuse, { type: "p", path: "/dev/fifo" }], true);
		expect(door.args("open_tree")[0]?.[1]).toBe("/dev/fuse");
		expect(
			door
				.args("mknodat")
				.slice(2)
				.map(([, name]) => name),
		).toEqual(["fifo"]);
		expect(door.content("/c/dev/fuse")).toBe("");
	});

	it("is bound where mknod(2) is not allowed", () => {
		door.fail("mknodat", "EPERM");
		door.answer("open_tree", (_at, path) => door.open(path));
		makeDevices(root, [fuse], false);
		expect(door.args("move_mount").length).toBe(1);
	});

	it("is not bound when it is another one", () => {
		door.answer("open_tree", () => door.open("/dev/null"));
		const error = errorOf(() => makeDevices(root, [fuse], true));
		expect(error.message).toBe('bind device "/dev/fuse" from the host: the host has another file there');
		expect(door.names).not.toContain("move_mount");
	});

	it("that is missing is named", () => {
		door.fail("open_tree", "ENOENT");
		expect(errorOf(() => makeDevices(root, [fuse], true)).message).toBe(
			'bind device "/dev/fuse" from the host: no such file or directory',
		);
	});
});

describe("the links of /dev", () => {
	const target = (name: string) => sys.readlinkat(root, `dev/${name}`);

	it("lead to the process's own streams, and ptmx to the container's devpts", () => {
		const open = watchFds();
		makeDeviceLinks(root);
		expect(["fd", "stdin", "stdout", "stderr", "ptmx"].map(target)).toEqual([
			"/proc/self/fd",
			"/proc/self/fd/0",
			"/proc/self/fd/1",
			"/proc/self/fd/2",
			"pts/ptmx",
		]);
		expect(open.size).toBe(0);
	});

	it("leave alone what is there", () => {
		door.files({ "/c/dev/stdin": { link: "elsewhere" }, "/c/dev/fd": "a file" });
		makeDeviceLinks(root);
		expect(target("stdin")).toBe("elsewhere");
		expect(door.content("/c/dev/fd")).toBe("a file");
	});

	it.each<[string, () => void]>([
		["a file", () => door.files({ "/c/dev/ptmx": "" })],
		["a link", () => door.files({ "/c/dev/ptmx": { link: "/dev/pts/0" } })],
		["a device", () => sys.mknodat(root, "dev/ptmx", c.S_IFCHR, 5, 2)],
	])("but not ptmx, which is replaced when it is %s", (_, put) => {
		put();
		makeDeviceLinks(root);
		expect(target("ptmx")).toBe("pts/ptmx");
	});

	it("keep a ptmx that the configuration has mounted", () => {
		door.files({ "/c/dev/ptmx": "mounted" });
		door.fail("unlinkat", "EBUSY");
		makeDeviceLinks(root);
		expect(door.content("/c/dev/ptmx")).toBe("mounted");
	});

	it("are named in an error", () => {
		door.fail("symlinkat", "EROFS");
		expect(errorOf(() => makeDeviceLinks(root)).message).toBe("link /dev/fd to /proc/self/fd: read-only file system");
	});
});

describe("/dev/null", () => {
	it("of the host is proved to be the null device", () => {
		expect(isNullDevice(openNullDevice())).toBe(true);
		expect(door.args("openat")[0]?.slice(0, 3)).toEqual([
			c.AT_FDCWD,
			"/dev/null",
			c.O_PATH | c.O_NOFOLLOW | c.O_CLOEXEC,
		]);
	});

	it("is refused when it is something else, and nothing stays open", () => {
		sys.unlinkat(c.AT_FDCWD, "/dev/null", 0);
		door.files({ "/dev/null": "" });
		const open = watchFds();
		expect(errorOf(openNullDevice).message).toBe('"/dev/null" is not the null device (character device 1:3)');
		expect(open.size).toBe(0);
	});

	it("of the container takes the place of the host's on a stream", () => {
		const open = watchFds();
		replaceNullStream(0);
		expect(door.args("dup2")).toEqual([[door.args("close")[0]?.[0], 0]]);
		expect(open.size).toBe(0);
	});

	it("stays the host's where the container's is missing, or something else", () => {
		sys.unlinkat(c.AT_FDCWD, "/dev/null", 0);
		replaceNullStream(0);
		door.files({ "/dev/null": "" });
		replaceNullStream(0);
		expect(door.names).not.toContain("dup2");
	});
});

describe("devIsBound", () => {
	it.each([
		[[{ destination: "/dev", options: ["rbind"] }], true],
		[[{ destination: "/dev/", options: ["ro", "bind"] }], true],
		[[{ destination: "/dev", options: ["nosuid"] }], false],
		[[{ destination: "/dev" }], false],
		[[{ destination: "/dev/pts", options: ["bind"] }], false],
		[[], false],
	])("%j: %s", (mounts, expected) => {
		expect(devIsBound(mounts)).toBe(expected);
	});
});
