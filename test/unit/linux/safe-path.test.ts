import { beforeEach, describe, expect, it } from "vitest";
import {
	components,
	isDirectory,
	openInRoot,
	openInRootIfPresent,
	openOrMakeInRoot,
	openParentInRoot,
} from "../../../src/linux/safe-path.js";
import {
	O_CLOEXEC,
	O_NOFOLLOW,
	O_PATH,
	PROC_SUPER_MAGIC,
	RESOLVE_IN_ROOT,
	RESOLVE_NO_MAGICLINKS,
	S_IFMT,
	S_IFREG,
} from "../../../src/sys/constants.js";
import { sys } from "../../../src/sys/index.js";
import { door } from "../../support/door.js";
import type { Files } from "../../support/file-tree.js";
import { watchFds } from "../../support/open-fds.js";

/** A root filesystem at /c, on a host that has something worth to reach. */
function rootWith(files: Files): number {
	door.files({ "/etc/shadow": "the host's", "/secret/": "", "/c/": "" });
	door.files(Object.fromEntries(Object.entries(files).map(([path, file]) => [`/c${path}`, file])));
	return door.open("/c");
}

/** Which file a descriptor is, by its content. */
function contentOf(fd: number): string {
	return sys.read(fd, 100);
}

/** Where openat2 is missing (a kernel before 5.6) or blocked (an outer filter). */
const withoutOpenat2 = (code: "ENOSYS" | "EPERM") => () => door.fail("openat2", code);

describe("openInRoot", () => {
	it("leaves it to the kernel, which stays in the root and follows no magic link", () => {
		const root = rootWith({ "/a/file": "text" });
		expect(contentOf(openInRoot(root, "/a/file"))).toBe("text");
		expect(door.args("openat2")).toEqual([
			[root, "/a/file", O_PATH | O_CLOEXEC, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS],
		]);
	});

	it("asks again when something moved meanwhile", () => {
		const root = rootWith({ "/file": "text" });
		let asked = 0;
		door.fail("openat2", "EAGAIN", () => asked++ < 3);
		expect(contentOf(openInRoot(root, "file"))).toBe("text");
		expect(door.args("openat2").length).toBe(4);
	});

	it("walks when somebody keeps things moving for ever", () => {
		const root = rootWith({ "/file": "text" });
		door.fail("openat2", "EAGAIN");
		expect(contentOf(openInRoot(root, "file"))).toBe("text");
	});

	it("throws what the kernel says of the path", () => {
		const root = rootWith({ "/file": "" });
		expect(() => openInRoot(root, "missing")).toThrow("No such file or directory");
		expect(() => openInRoot(root, "file/below")).toThrow("Not a directory");
	});
});

/** Each path with where it leads inside the root; null: nowhere, and not out. */
const hostile: readonly (readonly [path: string, files: Files, found: string | null])[] = [
	["/plain", { "/plain": "found" }, "found"],
	["plain", { "/plain": "found" }, "found"],
	["//a/.//b", { "/a/b": "found" }, "found"],
	["/a/../b", { "/a/": "", "/b": "found" }, "found"],
	["../../etc/shadow", { "/etc/shadow": "the container's" }, "the container's"],
	["/a/../../../etc/shadow", { "/a/": "", "/etc/shadow": "the container's" }, "the container's"],
	["/etc/shadow", {}, null],
	["/link", { "/link": { link: "/etc/shadow" } }, null],
	["/link", { "/link": { link: "/etc/shadow" }, "/etc/shadow": "the container's" }, "the container's"],
	["/link", { "/link": { link: "../../../etc/shadow" }, "/etc/shadow": "the container's" }, "the container's"],
	[
		"/deep/er/link",
		{ "/deep/er/link": { link: "../../../etc/shadow" }, "/etc/shadow": "the container's" },
		"the container's",
	],
	["/deep/er/link", { "/deep/er/link": { link: "../beside" }, "/deep/beside": "found" }, "found"],
	["/link/shadow", { "/link": { link: "/etc" }, "/etc/shadow": "the container's" }, "the container's"],
	["/link/../shadow", { "/link": { link: "/a/b" }, "/a/b/": "", "/a/shadow": "found", "/shadow": "wrong" }, "found"],
	[
		"/one",
		{
			"/one": { link: "two" },
			"/two": { link: "/three" },
			"/three": { link: "./dir/../four" },
			"/dir/": "",
			"/four": "found",
		},
		"found",
	],
	["/root/root/file", { "/root": { link: "/" }, "/file": "found" }, "found"],
	["/up/file", { "/up": { link: ".." }, "/file": "found" }, "found"],
	["/here/file", { "/here": { link: "." }, "/file": "found" }, "found"],
	["/dangling", { "/dangling": { link: "/secret" } }, null],
	[
		"/proc/net/dev",
		{ "/proc/net": { link: "self/net" }, "/proc/self": { link: "7" }, "/proc/7/net/dev": "found" },
		"found",
	],
];

describe.each([
	["with openat2", () => {}],
	["without openat2", withoutOpenat2("ENOSYS")],
	["with openat2 refused", withoutOpenat2("EPERM")],
])("%s", (_, machine) => {
	it.each(hostile)("%j stays inside %j", (path, files, found) => {
		const root = rootWith(files);
		machine();
		const fd = openInRootIfPresent(root, path);
		expect(fd === null ? null : contentOf(fd)).toBe(found);
	});

	it("a circle of links is an error", () => {
		const root = rootWith({ "/a": { link: "b" }, "/b": { link: "/a" } });
		machine();
		expect(() => openOrMakeInRoot(root, "/a", "directory")).toThrow(/too many (links|levels of symbolic links)/i);
	});

	it("makes what is missing: directories on the way, and a file or a directory at the end", () => {
		const root = rootWith({});
		machine();
		openOrMakeInRoot(root, "/var/lib/dir", "directory");
		openOrMakeInRoot(root, "/run/file", "file");
		expect(door.mode("/c/var/lib/dir")).toBe(0o040755);
		expect(door.mode("/c/var")).toBe(0o040755);
		expect(door.mode("/c/run/file")).toBe(0o100644);
	});

	it("leaves alone what is there, whatever it is", () => {
		const root = rootWith({ "/file": "text", "/dir/": "" });
		machine();
		expect(contentOf(openOrMakeInRoot(root, "/file", "directory"))).toBe("text");
		expect(isDirectory(openOrMakeInRoot(root, "/dir", "file"))).toBe(true);
		expect(door.args("mkdirat")).toEqual([]);
	});

	it("makes the target of a link that leads nowhere, inside the root", () => {
		const root = rootWith({ "/a/link": { link: "../../../made/here" }, "/other": { link: "/made/file" } });
		machine();
		openOrMakeInRoot(root, "/a/link", "directory");
		openOrMakeInRoot(root, "/other", "file");
		expect(door.mode("/c/made/here")).toBe(0o040755);
		expect((door.mode("/c/made/file") ?? 0) & S_IFMT).toBe(S_IFREG);
		expect(door.mode("/made")).toBeUndefined();
	});

	it("an error names the path, and is about the root filesystem", () => {
		const root = rootWith({ "/file": "" });
		machine();
		expect(() => openOrMakeInRoot(root, "/file/below", "directory")).toThrow(
			'resolve "/file/below" in the root filesystem: not a directory',
		);
	});
});

describe("the walk", () => {
	beforeEach(() => door.fail("openat2", "ENOSYS"));

	it("opens one component at a time, never following", () => {
		const root = rootWith({ "/a/b/c": "text" });
		openInRoot(root, "/a/b/c");
		const calls = door.args("openat");
		expect(calls.map(([, name]) => name)).toEqual(["a", "b", "c"]);
		expect(calls.every(([, , flags]) => (flags & O_NOFOLLOW) !== 0 && (flags & O_PATH) !== 0)).toBe(true);
	});

	it("keeps no descriptor but the last", () => {
		const root = rootWith({ "/a/link": { link: "/b/c" }, "/b/c/d": "text" });
		const open = watchFds();
		const fd = openInRoot(root, "/a/link/../c/d");
		expect([...open]).toEqual([fd]);
	});

	it("keeps none when it fails", () => {
		const root = rootWith({ "/a/b/": "", "/circle": { link: "circle" } });
		const open = watchFds();
		expect(() => openInRoot(root, "/a/b/missing/x")).toThrow();
		expect(() => openInRoot(root, "/a/../circle")).toThrow();
		expect(open.size).toBe(0);
	});

	it("asks no parent of the kernel: going up is going back", () => {
		const root = rootWith({ "/a/b/": "", "/x": "text" });
		expect(contentOf(openInRoot(root, "/a/b/../../../../x"))).toBe("text");
		expect(door.args("openat").filter(([, name]) => name.includes(".."))).toEqual([]);
	});

	it("looks again at what somebody else made in the same moment", () => {
		const root = rootWith({});
		door.answer("mkdirat", (_directory, name) => {
			door.files({ [`/c/${name}`]: { link: "/elsewhere" }, "/c/elsewhere/": "" });
			throw Object.assign(new Error("File exists"), { errno: 17, code: "EEXIST", syscall: "mkdirat", args: [] });
		});
		expect(isDirectory(openOrMakeInRoot(root, "/made", "directory"))).toBe(true);
		expect(door.mode("/elsewhere")).toBeUndefined();
	});

	it.each(["/", "pipe:[7]", "/c/etc", "net:[4026531840]"])("refuses a magic link of procfs that shows %j", (target) => {
		const root = rootWith({ "/magic": { link: target } });
		door.answer("fstatfs", { type: PROC_SUPER_MAGIC, flags: 0 });
		expect(() => openInRoot(root, "/magic/x")).toThrow("a magic link of a proc file system is on the way");
	});

	it("gives the root itself for paths that end there", () => {
		const root = rootWith({ "/a/": "" });
		for (const path of ["/", ".", "a/..", "../.."]) {
			expect(sys.fstat(openInRoot(root, path)).ino).toBe(sys.fstat(root).ino);
		}
	});
});

describe("openParentInRoot", () => {
	it("makes the directory, and gives the name", () => {
		const root = rootWith({});
		const { directory, name } = openParentInRoot(root, "/dev/net/tun");
		expect(name).toBe("tun");
		expect(sys.fstat(directory).ino).toBe(sys.fstat(openInRoot(root, "/dev/net")).ino);
	});

	it("takes the root for a name right below it", () => {
		const root = rootWith({});
		expect(sys.fstat(openParentInRoot(root, "fifo").directory).ino).toBe(sys.fstat(root).ino);
	});

	it.each(["/", "", "/a/.."])("refuses %j, which has no name", (path) => {
		expect(() => openParentInRoot(rootWith({}), path)).toThrow("has no last component");
	});
});

it("components are what is between the slashes, without dots for here", () => {
	expect(components("//a/./b/../c/")).toEqual(["a", "b", "..", "c"]);
	expect(components("/")).toEqual([]);
});
