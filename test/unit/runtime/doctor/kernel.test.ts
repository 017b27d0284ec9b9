import { beforeEach, describe, expect, it } from "vitest";
import { examine } from "../../../../src/runtime/doctor/finding.js";
import { kernelArea } from "../../../../src/runtime/doctor/kernel.js";
import { door } from "../../../support/door.js";
import type { ErrnoName } from "../../../support/errno.js";

const hybrid = "30 29 0:25 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

beforeEach(() => {
	door.answer("fstatat", { dev: 1, ino: 1, mode: 0, nlink: 2, uid: 0, gid: 0, size: 0, major: 0, minor: 0 });
	const texts: Record<string, string> = { "/proc/self/mountinfo": hybrid, "/proc/self/cgroup": "0::/own\n" };
	const open = new Map<number, string>();
	let fd = 20;
	door.answer("openat", (_dir, path) => {
		open.set(++fd, texts[path] ?? "");
		return fd;
	});
	door.answer("read", (from) => {
		const text = open.get(from) ?? "";
		open.set(from, "");
		return text;
	});
});

const find = (name: string) => examine([kernelArea])[0]?.findings.find((finding) => finding.name === name);

describe("the kernel", () => {
	it("has all that containers are made of, and is not said to lack any of it", () => {
		door.fail("mount_setattr", "EBADF");
		expect(examine([kernelArea])[0]?.findings.filter(({ verdict }) => verdict !== "works")).toEqual([]);
		// the children that were made have been waited for
		expect(door.args("wait4")).toHaveLength(door.args("clone3").length);
	});

	it.each<[string, "clone3" | "pidfd_open" | "openat2" | "open_tree" | "mount_setattr", ErrnoName, string, boolean]>([
		["clone3", "clone3", "ENOSYS", "missing", true],
		["pidfd", "pidfd_open", "ENOSYS", "missing", true],
		["openat2", "openat2", "ENOSYS", "limited", false],
		["mount API", "open_tree", "ENOSYS", "limited", false],
		["mount_setattr", "mount_setattr", "ENOSYS", "limited", false],
		["mount_setattr", "mount_setattr", "EPERM", "limited", false],
	])("%s: %s that answers %s is %s", (name, call, errno, verdict, isNeeded) => {
		door.fail(call, errno);
		const finding = find(name);
		expect([finding?.verdict, finding?.needed === true, finding?.cure !== undefined]).toEqual([
			verdict,
			isNeeded,
			true,
		]);
	});

	it("does not blame the kernel for what users may not do", () => {
		door.answer("geteuid", 1000);
		door.fail("mount_setattr", "EPERM");
		expect(find("mount_setattr")?.verdict).toBe("works");
		door.fail("clone3", "EACCES", (flags) => flags !== 0);
		expect(find("CLONE_INTO_CGROUP")).toBeUndefined();
	});

	it("is limited without a younger namespace, and useless without /proc", () => {
		door.fail("fstatat", "ENOENT", (_fd, path) => path.endsWith("/time"));
		expect(find("namespaces")).toMatchObject({ verdict: "limited", detail: expect.stringContaining("no time:") });
		door.fail("fstatat", "ENOENT", (_fd, path) => path.startsWith("/proc/self/ns"));
		expect(find("namespaces")).toMatchObject({ verdict: "missing", needed: true });
	});

	it("may not tell pressure", () => {
		door.fail("fstatat", "ENOENT", (_fd, path) => path.startsWith("/proc/pressure"));
		expect(find("pressure")).toMatchObject({ verdict: "missing", cure: "boot with psi=1 (CONFIG_PSI)" });
	});
});
