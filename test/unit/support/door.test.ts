import { describe, expect, it } from "vitest";
import {
	AT_FDCWD,
	O_CREAT,
	O_DIRECTORY,
	O_EXCL,
	O_NOFOLLOW,
	O_RDONLY,
	O_WRONLY,
	RESOLVE_IN_ROOT,
	RESOLVE_NO_SYMLINKS,
} from "../../../src/sys/constants.js";
import { hasCode } from "../../../src/sys/errors.js";
import { sys } from "../../../src/sys/index.js";
import { door } from "../../support/door.js";
import { ProcessEnded } from "../../support/door-answers.js";

function codeOf(step: () => unknown): string {
	try {
		step();
	} catch (error) {
		return (error as { code: string }).code;
	}
	return "no error";
}

describe("the recording door", () => {
	it("is the door that src imports", () => {
		sys.sethostname("x");
		expect(door.calls).toEqual([{ name: "sethostname", args: ["x"] }]);
	});

	it("has forgotten the calls of the test before", () => {
		expect(door.calls).toEqual([]);
	});

	it("hands out descriptors from 10 on", () => {
		expect([sys.openat(AT_FDCWD, "/x", O_RDONLY, 0), sys.fsopen("tmpfs", 0)]).toEqual([10, 11]);
	});

	it("answers with a scripted value or function", () => {
		door.answer("getuid", 1000);
		door.answer("readlinkat", (_fd, path) => `to ${path}`);
		expect([sys.getuid(), sys.readlinkat(3, "a")]).toEqual([1000, "to a"]);
	});

	it("fails like the native door, for the arguments it is told", () => {
		door.fail("mkdirat", "EEXIST", (_fd, path) => path === "there");
		sys.mkdirat(3, "new", 0o755);
		try {
			sys.mkdirat(3, "there", 0o755);
			expect.unreachable();
		} catch (error) {
			expect(hasCode(error, "EEXIST")).toBe(true);
			expect(error).toMatchObject({ errno: 17, syscall: "mkdirat", args: [3, "there", 0o755], message: "File exists" });
		}
	});

	it("ends the code under test where the process would end", () => {
		expect(() => sys.exit(3)).toThrow(ProcessEnded);
	});
});

describe("files in memory", () => {
	it("are read in pieces", () => {
		door.files({ "/proc/version": "Linux 6" });
		const fd = sys.openat(AT_FDCWD, "/proc/version", O_RDONLY, 0);
		expect([sys.read(fd, 5), sys.read(fd, 5), sys.read(fd, 5)]).toEqual(["Linux", " 6", ""]);
	});

	it("are replaced by a write at offset 0 and keep a list of the writes", () => {
		door.files({ "/sys/fs/cgroup/a/pids.max": "max\n" });
		const fd = sys.openat(door.open("/sys/fs/cgroup/a"), "pids.max", O_WRONLY, 0);
		sys.write(fd, "5");
		sys.write(fd, "0");
		expect(door.content("/sys/fs/cgroup/a/pids.max")).toBe("50");
		expect(door.writes.map((write) => write.data)).toEqual(["5", "0"]);
	});

	it("are made, listed, renamed and removed with the errnos of the kernel", () => {
		door.files({ "/run/": "" });
		const run = door.open("/run");
		sys.mkdirat(run, "c1", 0o700);
		sys.close(sys.openat(run, "c1/tmp", O_WRONLY | O_CREAT | O_EXCL, 0o600));
		sys.renameat2(run, "c1/tmp", run, "c1/state.json", 0);
		expect(door.list("/run")).toEqual(["/run/c1/state.json"]);
		expect((door.mode("/run/c1/state.json") ?? 0) & 0o777).toBe(0o600);
		expect(sys.getdents64(sys.openat(run, "c1", O_DIRECTORY, 0)).map((entry) => entry.name)).toEqual(["state.json"]);
		expect(codeOf(() => sys.mkdirat(run, "c1", 0o700))).toBe("EEXIST");
		expect(codeOf(() => sys.openat(run, "c2", O_RDONLY, 0))).toBe("ENOENT");
		expect(codeOf(() => sys.openat(run, "c1/state.json/x", O_RDONLY, 0))).toBe("ENOTDIR");
		expect(codeOf(() => sys.unlinkat(run, "c1", 512))).toBe("ENOTEMPTY");
		expect(codeOf(() => sys.read(99, 1))).toBe("EBADF");
		sys.unlinkat(run, "c1/state.json", 0);
		sys.unlinkat(run, "c1", 512);
		expect(door.list("/")).toEqual([]);
	});

	it("may be symbolic links, which O_NOFOLLOW and RESOLVE_NO_SYMLINKS refuse", () => {
		door.files({ "/rootfs/etc/passwd": "inside", "/etc/passwd": "outside", "/rootfs/p": { link: "/etc/passwd" } });
		const rootfs = door.open("/rootfs");
		expect(sys.read(sys.openat(rootfs, "p", O_RDONLY, 0), 99)).toBe("outside");
		expect(sys.read(sys.openat2(rootfs, "p", O_RDONLY, 0, RESOLVE_IN_ROOT), 99)).toBe("inside");
		expect(sys.read(sys.openat2(rootfs, "/../../p", O_RDONLY, 0, RESOLVE_IN_ROOT), 99)).toBe("inside");
		expect(sys.readlinkat(rootfs, "p")).toBe("/etc/passwd");
		expect(codeOf(() => sys.openat(rootfs, "p", O_RDONLY | O_NOFOLLOW, 0))).toBe("ELOOP");
		expect(codeOf(() => sys.openat2(rootfs, "p", O_RDONLY, 0, RESOLVE_NO_SYMLINKS))).toBe("ELOOP");
	});

	it("are reached through /proc/self/fd as well", () => {
		door.files({ "/a/b": "c" });
		expect(sys.read(sys.openat(AT_FDCWD, `/proc/self/fd/${door.open("/a")}/b`, O_RDONLY, 0), 9)).toBe("c");
	});
});
