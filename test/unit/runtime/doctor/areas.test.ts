/** The areas that ask few things: rights, security, users, companions. */
import { describe, expect, it, vi } from "vitest";
import { companionsArea } from "../../../../src/runtime/doctor/companions.js";
import { type Area, examine } from "../../../../src/runtime/doctor/finding.js";
import { rightsArea } from "../../../../src/runtime/doctor/rights.js";
import { securityArea } from "../../../../src/runtime/doctor/security.js";
import { grantedIds, usersArea } from "../../../../src/runtime/doctor/users.js";
import { findInPath, runHelper } from "../../../../src/runtime/process/helper.js";
import { SCMP_ACT_NOTIFY } from "../../../../src/sys/constants.js";
import { door } from "../../../support/door.js";

vi.mock("../../../../src/runtime/process/helper.js", () => ({
	findInPath: vi.fn((name: string) => `/usr/bin/${name}`),
	runHelper: vi.fn(() => ({ status: 0, output: "Version: 4.0\n" })),
}));

const disk = "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n";
const proc = {
	"/proc/self/mountinfo": disk,
	"/proc/sys/kernel/cap_last_cap": "40\n",
	"/proc/cpuinfo": "flags\t\t: fpu sse\n",
};
const all = (1n << 41n) - 1n;

const told = (area: Area) => (examine([area])[0]?.findings ?? []).map(({ name, verdict }) => `${name}: ${verdict}`);
const find = (area: Area, name: string) => examine([area])[0]?.findings.find((finding) => finding.name === name);

describe("rights", () => {
	it("are all there for root, and not asked of users", () => {
		door.files(proc);
		expect(told(rightsArea)).toEqual(["capabilities: works"]);
		door.answer("geteuid", 1000);
		expect(told(rightsArea)).toEqual([]);
	});

	it("may lack what something needs, which is named, or everything", () => {
		door.files(proc);
		const without = (bit: bigint) =>
			door.answer("capget", { effective: all & ~(1n << bit), permitted: all, inheritable: 0n });
		without(24n);
		expect(find(rightsArea, "capabilities")).toMatchObject({
			verdict: "limited",
			detail: "without CAP_SYS_RESOURCE (limits above the runtime's own, a lower oomScoreAdj)",
		});
		without(21n);
		expect(find(rightsArea, "capabilities")).toMatchObject({ verdict: "missing", needed: true });
	});

	it.each([
		["1 1 0:1 / / rw - rootfs rootfs rw\n", "give create and run --no-pivot"],
		["20 1 8:1 / /elsewhere rw - ext4 /dev/sda1 rw\n", "bind it onto itself, or enter it with pivot_root"],
	])("are limited by the root file system of %o", (mountinfo, cure) => {
		door.files({ ...proc, "/proc/self/mountinfo": mountinfo });
		expect(find(rightsArea, "root file system")).toMatchObject({ verdict: "limited", cure });
	});
});

describe("security", () => {
	const modules = { "/sys/module/apparmor/parameters/enabled": "Y\n", "/sys/kernel/security/apparmor/profiles": "" };

	it("has seccomp with its actions, or some, or none", () => {
		door.files(modules);
		door.answer("seccomp_action_available", true);
		expect(told(securityArea)).toEqual(["seccomp: works", "security module: works"]);
		door.answer("seccomp_action_available", (action) => action !== SCMP_ACT_NOTIFY);
		expect(find(securityArea, "seccomp")).toMatchObject({ verdict: "limited", detail: "no SCMP_ACT_NOTIFY" });
		door.answer("seccomp_action_available", false);
		expect(find(securityArea, "seccomp")?.verdict).toBe("missing");
	});

	it("has a module, none, or one that engines cannot see", () => {
		door.files({ "/sys/fs/selinux/enforce": "1" });
		expect(find(securityArea, "security module")).toMatchObject({ verdict: "works", detail: "SELinux" });
		door.fail("fstatat", "ENOENT", (_fd, path) => path.startsWith("/sys/fs/selinux"));
		expect(find(securityArea, "security module")?.verdict).toBe("missing");
		door.files({ "/sys/module/apparmor/parameters/enabled": "Y\n" });
		expect(find(securityArea, "security module")).toMatchObject({
			verdict: "limited",
			cure: expect.stringContaining("securityfs"),
		});
	});
});

describe("containers of users", () => {
	const user = {
		"/proc/self/ns/user": "",
		"/run/user/1000/": "",
		"/proc/self/mountinfo": "",
		"/proc/self/status": "NoNewPrivs:\t0\n",
		"/etc/passwd": "root:x:0:0::/root:/bin/sh\nbob:x:1000:1000::/home/bob:/bin/sh\n",
		"/etc/subuid": "bob:100000:65536\n",
		"/etc/subgid": "bob:100000:65536\n",
	};
	const asBob = (files: Record<string, string> = user) => {
		door.files(files);
		door.answer("getuid", 1000);
		door.answer("geteuid", 1000);
		door.answer("environ", ["XDG_RUNTIME_DIR=/run/user/1000"]);
	};

	it("work where all is there", () => {
		asBob();
		expect(told(usersArea).filter((line) => !line.endsWith("works"))).toEqual([]);
		expect(told(usersArea)).toHaveLength(5);
	});

	it.each([
		["/proc/sys/kernel/unprivileged_userns_clone", "0\n", "missing"],
		["/proc/sys/user/max_user_namespaces", "0\n", "missing"],
		["/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n", "limited"],
	])("are told when %s is %o", (path, value, verdict) => {
		asBob({ ...user, [path]: value });
		expect(find(usersArea, "user namespaces")).toMatchObject({ verdict, cure: expect.stringContaining("sysctl -w") });
		// root is told as well, whom it does not stop
		door.answer("geteuid", 0);
		expect(find(usersArea, "user namespaces")?.needed).toBeUndefined();
	});

	it("need ids, helpers that may gain rights, and a place for state", () => {
		asBob({ ...user, "/etc/subuid": "bob:1:10\n", "/etc/subgid": "", "/proc/self/status": "NoNewPrivs:\t1\n" });
		door.answer("environ", []);
		vi.mocked(findInPath).mockReturnValueOnce(null);
		expect(examine([usersArea])[0]?.findings.filter(({ verdict }) => verdict !== "works")).toEqual([
			expect.objectContaining({ name: "newuidmap, newgidmap", verdict: "limited" }),
			expect.objectContaining({ name: "/etc/subuid", detail: "10 ids, where images expect 65536" }),
			expect.objectContaining({ name: "/etc/subgid", cure: "usermod --add-subgids 100000-165535 bob, as root" }),
			expect.objectContaining({ name: "privileges", verdict: "limited" }),
			expect.objectContaining({ name: "XDG_RUNTIME_DIR", verdict: "limited" }),
		]);
	});

	it("have the ids of all their lines, by name or number", () => {
		const text = "bob:1:10\n1000:50:5\nalice:1:100\n:9:9\n";
		expect([grantedIds(text, 1000, "bob"), grantedIds(text, 1000, ""), grantedIds("", 1000, "bob")]).toEqual([
			15, 5, 0,
		]);
	});
});

describe("companions", () => {
	it("are optional: their absence never stops a container", () => {
		door.files(proc);
		vi.mocked(findInPath).mockReturnValueOnce(null).mockReturnValueOnce(null);
		expect(told(companionsArea)).toEqual(["systemd: missing", "criu: missing", "ps: limited"]);
		expect(examine([companionsArea])[0]?.findings.some(({ needed }) => needed)).toBe(false);
	});

	it("are there, and criu is asked whether it works here", () => {
		door.files({ ...proc, "/run/systemd/system/x": "", "/proc/cpuinfo": "flags\t\t: fpu rdt_a cat_l3\n" });
		expect(told(companionsArea)).toEqual(["systemd: works", "criu: works", "ps: works", "resctrl: missing"]);
		vi.mocked(runHelper)
			.mockReturnValueOnce({ status: 0, output: "Version: 4.0\n" })
			.mockReturnValueOnce({ status: 256, output: "Error (x): vdso\nmore\n" });
		expect(find(companionsArea, "criu")).toMatchObject({
			verdict: "limited",
			detail: "its own check fails: Error (x): vdso",
		});
		door.files({ "/proc/self/mountinfo": "21 20 0:9 / /sys/fs/resctrl rw - resctrl resctrl rw\n" });
		expect(find(companionsArea, "resctrl")?.verdict).toBe("works");
	});
});
