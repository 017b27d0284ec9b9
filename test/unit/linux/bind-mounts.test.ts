import { beforeEach, describe, expect, it } from "vitest";
import { changeAttributes, makeBindMount, refuseInsideProc, sourcePath } from "../../../src/linux/bind-mounts.js";
import { mountApi } from "../../../src/linux/mount-api.js";
import { parseMountOptions } from "../../../src/linux/mount-options.js";
import type { Mount } from "../../../src/spec/types.js";
import * as c from "../../../src/sys/constants.js";
import { type ErrorDetails, TsrunError } from "../../../src/sys/errors.js";
import { door } from "../../support/door.js";
import { watchFds } from "../../support/open-fds.js";

let root = -1;

beforeEach(() => {
	door.files({ "/c/": "", "/host/dir/": "", "/host/file": "", "/bundle/data/": "" });
	root = door.open("/c");
});

function bind(mount: Mount, tree?: number): number {
	const options = parseMountOptions(mount.options ?? ["rbind"]);
	return makeBindMount(mountApi(), mount, options, { root, bundle: "/bundle", tree });
}

function errorOf(step: () => void): TsrunError & { details: ErrorDetails } {
	try {
		step();
	} catch (error) {
		if (error instanceof TsrunError) return error;
		throw error;
	}
	throw new Error("nothing was thrown");
}

/** The calls that change something: one without effect asks whether the kernel has it. */
const changes = () =>
	door.args("mount_setattr").filter(([, , , set, clear, propagation]) => set + clear + propagation !== 0);

describe("a bind mount", () => {
	it("is cloned, settled, and attached to a destination that is made like its source", () => {
		bind({ destination: "/new/dir", source: "/host/dir" });
		bind({ destination: "/new/file", source: "/host/file" });
		expect(door.mode("/c/new/dir")).toBe(0o040755);
		expect(door.mode("/c/new/file")).toBe(0o100644);
		expect(door.args("open_tree").map(([, path]) => path)).toEqual(["/host/dir", "/host/file"]);
		expect(door.args("move_mount").length).toBe(2);
	});

	it("takes all below with rbind, the top alone with bind", () => {
		bind({ destination: "/a", source: "/host/dir", options: ["rbind"] });
		bind({ destination: "/b", source: "/host/dir", options: ["bind"] });
		expect(door.args("open_tree").map(([, , flags]) => (flags & c.AT_RECURSIVE) !== 0)).toEqual([true, false]);
	});

	it("keeps nothing open but itself", () => {
		const open = watchFds();
		expect([bind({ destination: "/a", source: "/host/dir" })]).toEqual([...open]);
	});

	it("has a source relative to the bundle", () => {
		expect(sourcePath({ destination: "/a", source: "data" }, "/bundle")).toBe("/bundle/data");
		expect(sourcePath({ destination: "/a", source: "/data" }, "/bundle")).toBe("/data");
		bind({ destination: "/a", source: "data" });
		expect(door.args("open_tree")[0]?.[1]).toBe("/bundle/data");
	});

	it.each(["/host/missing", "/host/file/below"])("says that %s is not there, and that it is the source", (source) => {
		const error = errorOf(() => bind({ destination: "/a", source }));
		expect(error.message).toBe(`bind source "${source}": no such file or directory`);
		expect(error.details.errno).toBe("ENOENT");
		expect(door.mode("/c/a")).toBeUndefined();
	});

	it("tells a directory over a file as engines know it", () => {
		door.files({ "/c/etc/hosts": "" });
		door.fail("move_mount", "EINVAL");
		const open = watchFds();
		expect(errorOf(() => bind({ destination: "/etc/hosts", source: "/host/dir" })).message).toBe(
			'not a directory: "/host/dir" is a directory, "/etc/hosts" in the root filesystem a file',
		);
		expect(errorOf(() => bind({ destination: "/etc", source: "/host/file" })).message).toMatch(/^not a directory: /);
		expect(open.size).toBe(0);
	});

	it("passes on what else the kernel says", () => {
		door.fail("move_mount", "EINVAL");
		expect(() => bind({ destination: "/a", source: "/host/dir" })).toThrow("Invalid argument");
	});
});

describe("its propagation", () => {
	it("lets nothing out to the host", () => {
		bind({ destination: "/a", source: "/host/dir" });
		expect(changes().at(-1)?.slice(2)).toEqual([c.AT_EMPTY_PATH | c.AT_RECURSIVE, 0, 0, c.MS_SLAVE, 0]);
	});

	it.each(["shared", "rshared"])("is left as it is with %s", (option) => {
		bind({ destination: "/a", source: "/host/dir", options: ["rbind", option] });
		expect(changes()).toEqual([]);
	});
});

describe("a tree that was taken before", () => {
	it("is attached as it is: it is complete", () => {
		const tree = door.open("/host/dir");
		expect(bind({ destination: "/a", source: "/not/looked/at", options: ["rbind", "ro"] }, tree)).toBe(tree);
		expect(changes()).toEqual([]);
		expect(door.names).not.toContain("open_tree");
		expect(door.mode("/c/a")).toBe(0o040755);
	});
});

describe("changeAttributes", () => {
	const change = (...options: string[]) => changeAttributes(mountApi(), 7, parseMountOptions(options));
	const others = (...kept: number[]) =>
		kept.reduce(
			(sum, flag) => sum & ~flag,
			c.MOUNT_ATTR_RDONLY |
				c.MOUNT_ATTR_NOSUID |
				c.MOUNT_ATTR_NODEV |
				c.MOUNT_ATTR_NOEXEC |
				c.MOUNT_ATTR_NOSYMFOLLOW |
				c.MOUNT_ATTR_NODIRATIME,
		);

	it("leaves the source's flags where no option names any", () => {
		change("rbind");
		expect(changes()).toEqual([]);
	});

	it("replaces them where one does", () => {
		change("ro", "nodev");
		const set = c.MOUNT_ATTR_RDONLY | c.MOUNT_ATTR_NODEV;
		expect(changes().map(([, , , ...rest]) => rest.slice(0, 2))).toEqual([[set, others(set)]]);
	});

	it("takes the access time as a whole, or not at all", () => {
		change("noatime");
		change("exec");
		expect(changes().map(([, , , ...rest]) => rest.slice(0, 2))).toEqual([
			[c.MOUNT_ATTR_NOATIME, others() | c.MOUNT_ATTR__ATIME],
			[0, others()],
		]);
	});

	it("changes only what was asked for where flags are locked", () => {
		door.fail("mount_setattr", "EPERM", (...[, , , , clear]) => clear !== 0);
		change("ro");
		expect(changes().map(([, , , ...rest]) => rest.slice(0, 2))).toEqual([
			[c.MOUNT_ATTR_RDONLY, others(c.MOUNT_ATTR_RDONLY)],
			[c.MOUNT_ATTR_RDONLY, 0],
		]);
	});

	it("does not pretend that a locked flag has gone", () => {
		door.fail("mount_setattr", "EPERM", (...[, , , , clear]) => clear !== 0);
		expect(() => change("exec")).toThrow("Operation not permitted");
	});

	it("sets recursive ones on the tree, after the mount's own", () => {
		change("nosuid", "rro");
		expect(changes().map(([, , flags, set]) => [(flags & c.AT_RECURSIVE) !== 0, set])).toEqual([
			[false, c.MOUNT_ATTR_NOSUID],
			[true, c.MOUNT_ATTR_RDONLY],
		]);
	});
});

describe("/proc", () => {
	const refusal = (destination: string, type: number) => {
		door.answer("fstatfs", { type, flags: 0 });
		refuseInsideProc({ destination }, 7);
	};

	it.each(["/proc/self/attr", "/proc/sys", "proc/1", "/./proc//x"])("nothing is mounted at %s", (destination) => {
		expect(() => refusal(destination, c.TMPFS_MAGIC)).toThrow(
			`${JSON.stringify(destination)} cannot be mounted because it is inside /proc`,
		);
	});

	it.each(["/link", "/a/../proc/sys", "/host/proc/x"])("%s is refused when it has led into a procfs", (destination) => {
		expect(() => refusal(destination, c.PROC_SUPER_MAGIC)).toThrow("inside /proc");
		expect(() => refusal(destination, c.TMPFS_MAGIC)).not.toThrow();
	});

	it.each(["/proc/cpuinfo", "/proc/meminfo", "/proc/uptime", "/proc/net/dev", "/proc/sys/kernel/ns_last_pid"])(
		"%s may be replaced, as lxcfs does",
		(destination) => {
			expect(() => refusal(destination, c.PROC_SUPER_MAGIC)).not.toThrow();
		},
	);

	it("itself takes a procfs alone", () => {
		door.files({ "/proc/": "" });
		expect(bind({ destination: "/proc", source: "/proc" }, door.open("/proc"))).toBeGreaterThan(0);
		const fake = door.open("/host/dir");
		expect(() => bind({ destination: "/proc/", source: "/host/dir" }, fake)).toThrow(
			'"/proc/" cannot be mounted because it is not of type proc',
		);
	});
});
