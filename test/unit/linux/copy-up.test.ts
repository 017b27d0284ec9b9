import { beforeEach, describe, expect, it } from "vitest";
import { copyUp } from "../../../src/linux/copy-up.js";
import { O_NOFOLLOW, O_NONBLOCK, S_IFCHR, S_IFIFO } from "../../../src/sys/constants.js";
import { sys } from "../../../src/sys/index.js";
import { door } from "../../support/door.js";
import { watchFds } from "../../support/open-fds.js";

let from = -1;
let to = -1;

beforeEach(() => {
	door.files({ "/from/": "", "/to/": "" });
	from = door.open("/from");
	to = door.open("/to");
});

const statOf = (path: string) => sys.fstatat(-100, path, 0x100);

describe("copyUp", () => {
	it("copies files, directories and links, with their modes and owners", () => {
		door.files({ "/from/a/b/file": "text", "/from/link": { link: "/nowhere" }, "/from/empty/": "" });
		sys.fchmod(door.open("/from/a/b/file"), 0o4751);
		sys.fchownat(-100, "/from/a/b/file", 5, 6, 0);
		sys.fchmod(door.open("/from/a"), 0o1770);
		copyUp(from, to);
		expect(door.content("/to/a/b/file")).toBe("text");
		expect(statOf("/to/a/b/file")).toMatchObject({ mode: 0o104751, uid: 5, gid: 6 });
		expect(statOf("/to/a").mode & 0o7777).toBe(0o1770);
		expect(sys.readlinkat(-100, "/to/link")).toBe("/nowhere");
		expect(statOf("/to/empty").mode & 0o7777).toBe(0o755);
	});

	it("leaves the directory's own mode and owner to the tmpfs", () => {
		sys.fchmod(door.open("/from"), 0o1777);
		sys.fchownat(-100, "/from", 7, 8, 0);
		copyUp(from, to);
		expect(statOf("/to")).toMatchObject({ mode: 0o040755, uid: 0, gid: 0 });
	});

	it("copies FIFOs and devices as what they are", () => {
		sys.mknodat(from, "fifo", S_IFIFO | 0o600, 0, 0);
		sys.mknodat(from, "device", S_IFCHR | 0o666, 1, 3);
		copyUp(from, to);
		expect(statOf("/to/fifo").mode).toBe(S_IFIFO | 0o600);
		expect(statOf("/to/device")).toMatchObject({ mode: S_IFCHR | 0o666, major: 1, minor: 3 });
		expect(door.args("openat").map(([, name]) => name)).toEqual([".", "."]);
	});

	it("copies more than fits in one read", () => {
		const text = "0123456789abcdef".repeat(150_000);
		door.files({ "/from/big": text });
		copyUp(from, to);
		expect(door.content("/to/big")).toBe(text);
		expect(door.args("read_bytes").length).toBe(3);
	});

	it("ends with a file that is shorter than it was", () => {
		door.files({ "/from/file": "text" });
		door.answer("fstatat", { dev: 1, ino: 1, mode: 0o100644, nlink: 1, uid: 0, gid: 0, size: 100, major: 0, minor: 0 });
		copyUp(from, to);
		expect(door.content("/to/file")).toBe("text");
	});

	it("follows no link, waits for nobody, and leaves nothing open", () => {
		door.files({ "/from/a/file": "", "/from/other": "" });
		const open = watchFds();
		copyUp(from, to);
		const files = door.args("openat").filter(([, name]) => ["file", "other"].includes(name));
		const sources = files.filter(([, , flags]) => (flags & 3) === 0);
		expect(sources.every(([, , flags]) => (flags & O_NOFOLLOW) !== 0 && (flags & O_NONBLOCK) !== 0)).toBe(true);
		expect(files.every(([, , flags]) => (flags & O_NOFOLLOW) !== 0)).toBe(true);
		expect(open.size).toBe(0);
	});
});
