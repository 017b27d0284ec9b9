import { describe, expect, it } from "vitest";
import { openInProc } from "../../../src/linux/proc-file.js";
import { O_RDONLY, O_WRONLY, PROC_SUPER_MAGIC, TMPFS_MAGIC } from "../../../src/sys/constants.js";
import { sys } from "../../../src/sys/index.js";
import { door } from "../../support/door.js";

/** As under an outer seccomp filter that does not know openat2. */
function withoutOpenat2(): void {
	door.fail("openat2", "EPERM");
	door.answer("statx_mount_id", 7);
}

describe("openInProc", () => {
	it("opens a file of procfs with one openat2 that follows nothing", () => {
		door.files({ "/proc/sys/kernel/domainname": "(none)" });
		const fd = openInProc(door.open("/proc"), "sys/kernel/domainname", O_RDONLY);
		expect(sys.read(fd, 10)).toBe("(none)");
		expect(door.names).toEqual(["openat2", "fstatfs", "read"]);
	});

	it("asks again when the kernel says so", () => {
		door.files({ "/proc/uptime": "1" });
		let asked = 0;
		door.fail("openat2", "EAGAIN", () => asked++ < 2);
		openInProc(door.open("/proc"), "uptime", O_RDONLY);
		expect(door.args("openat2").length).toBe(3);
	});

	it("walks one component at a time where openat2 is missing or blocked", () => {
		withoutOpenat2();
		door.files({ "/proc/7/attr/exec": "" });
		sys.write(openInProc(door.open("/proc"), "7/attr/exec", O_WRONLY), "label");
		expect(door.content("/proc/7/attr/exec")).toBe("label");
		expect(door.args("openat").map(([, path]) => path)).toEqual(["7", "attr", "exec"]);
		expect(door.args("close").length).toBe(2);
	});

	it.each(["the kernel", "the walk"])("refuses a link, with %s", (who) => {
		if (who === "the walk") withoutOpenat2();
		door.files({ "/etc/shadow": "", "/proc/self": { link: "/etc" }, "/proc/1/x": { link: "/etc/shadow" } });
		const proc = door.open("/proc");
		expect(() => openInProc(proc, "self/shadow", O_RDONLY)).toThrow();
		expect(() => openInProc(proc, "1/x", O_RDONLY)).toThrow();
		expect(door.args("fstatfs")).toEqual([]);
	});

	it.each(["../etc/shadow", "sys/../../etc/shadow", "./sys", "sys//kernel", ""])(
		"refuses %j, which is no plain path",
		(path) => {
			door.files({ "/etc/shadow": "", "/proc/sys/kernel/": "" });
			expect(() => openInProc(door.open("/proc"), path, O_RDONLY)).toThrow("is no plain path");
		},
	);

	it("refuses a file of another file system, and leaves nothing open", () => {
		door.files({ "/proc/self-made": "" });
		door.answer("fstatfs", { type: TMPFS_MAGIC, flags: 0 });
		expect(() => openInProc(door.open("/proc"), "self-made", O_RDONLY)).toThrow("is not a file of procfs");
		expect(door.names).toEqual(["openat2", "fstatfs", "close"]);
	});

	it("refuses on the walk what is mounted over, even if it is a procfs as well", () => {
		withoutOpenat2();
		door.files({ "/proc/1/attr/exec": "" });
		const proc = door.open("/proc");
		door.answer("statx_mount_id", (fd) => (fd === proc ? 7 : 8));
		door.answer("fstatfs", { type: PROC_SUPER_MAGIC, flags: 0 });
		expect(() => openInProc(proc, "1/attr/exec", O_WRONLY)).toThrow('something is mounted over "1" in procfs');
	});
});
