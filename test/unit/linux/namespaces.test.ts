import { beforeEach, describe, expect, it } from "vitest";
import {
	cloneFlag,
	closeNamespaces,
	explainCloneFailure,
	joinNamespace,
	planNamespaces,
	unshareNamespace,
	writeTimeOffsets,
} from "../../../src/linux/namespaces.js";
import type { Linux, NamespaceType } from "../../../src/spec/types.js";
import * as c from "../../../src/sys/constants.js";
import { TsrunError } from "../../../src/sys/errors.js";
import { door } from "../../support/door.js";
import { sysError } from "../../support/errno.js";
import { watchFds } from "../../support/open-fds.js";

const types: readonly NamespaceType[] = ["user", "cgroup", "ipc", "uts", "network", "pid", "time", "mount"];
const make = (...list: NamespaceType[]): Linux => ({ namespaces: list.map((type) => ({ type })) });

beforeEach(() => {
	door.files({ "/proc/7/ns/net": "", "/proc/7/ns/user": "", "/proc/7/ns/mnt": "", "/etc/hosts": "" });
	door.answer("fstatfs", { type: c.NSFS_MAGIC, flags: 0 });
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

describe("the plan", () => {
	it("clones new namespaces together with the process, but for cgroup and time, which are unshared", () => {
		const plan = planNamespaces(make(...types));
		expect(plan.cloneFlags).toBe(
			c.CLONE_NEWUSER | c.CLONE_NEWIPC | c.CLONE_NEWUTS | c.CLONE_NEWNET | c.CLONE_NEWPID | c.CLONE_NEWNS,
		);
		expect([plan.ownCgroupNamespace, plan.ownTimeNamespace]).toEqual([true, true]);
		expect(plan.joined).toEqual([]);
	});

	it("of nothing makes nothing", () => {
		const plan = planNamespaces(undefined);
		expect(plan).toMatchObject({ cloneFlags: 0, ownCgroupNamespace: false, ownTimeNamespace: false, joined: [] });
		expect(types.filter((type) => plan.has(type) || plan.makes(type))).toEqual([]);
	});

	it("opens those given by path, the user namespace first and the mount namespace last", () => {
		const list: Linux["namespaces"] = [
			{ type: "mount", path: "/proc/7/ns/mnt" },
			{ type: "pid" },
			{ type: "network", path: "/proc/7/ns/net" },
			{ type: "user", path: "/proc/7/ns/user" },
		];
		const plan = planNamespaces({ namespaces: list });
		expect(plan.joined.map(({ type, path }) => [type, path])).toEqual([
			["user", "/proc/7/ns/user"],
			["network", "/proc/7/ns/net"],
			["mount", "/proc/7/ns/mnt"],
		]);
		expect(plan.cloneFlags).toBe(c.CLONE_NEWPID);
		expect([plan.has("network"), plan.makes("network"), plan.makes("pid"), plan.has("ipc")]).toEqual([
			true,
			false,
			true,
			false,
		]);
	});

	it("takes an empty path for none", () => {
		const plan = planNamespaces({ namespaces: [{ type: "uts", path: "" }] });
		expect(plan.makes("uts")).toBe(true);
		expect(door.names).not.toContain("openat2");
	});

	it("closes what it has opened", () => {
		const open = watchFds();
		const plan = planNamespaces({ namespaces: [{ type: "network", path: "/proc/7/ns/net" }] });
		expect(open.size).toBe(1);
		closeNamespaces(plan.joined);
		expect(open.size).toBe(0);
	});

	it("names a path that is not there, and keeps nothing open", () => {
		const open = watchFds();
		const list: Linux["namespaces"] = [
			{ type: "user", path: "/proc/7/ns/user" },
			{ type: "network", path: "/proc/8/ns/net" },
		];
		const error = errorOf(() => planNamespaces({ namespaces: list }));
		expect(error.message).toBe('open network namespace "/proc/8/ns/net": no such file or directory');
		expect(error.details.hint).toMatch("still alive");
		expect(open.size).toBe(0);
	});

	it.each([
		["network", "net"],
		["mount", "mnt"],
		["uts", "uts"],
	] as const)("says of a %s path that is no namespace where one is found", (type, name) => {
		door.answer("fstatfs", { type: c.TMPFS_MAGIC, flags: 0 });
		const open = watchFds();
		const error = errorOf(() => planNamespaces({ namespaces: [{ type, path: "/etc/hosts" }] }));
		expect(error.message).toBe(`open ${type} namespace "/etc/hosts": it is not a namespace file`);
		expect(error.details.hint).toMatch(`/proc/PID/ns/${name}`);
		expect(open.size).toBe(0);
	});
});

describe("joining and unsharing", () => {
	it("asks for the very type, so that another one is refused", () => {
		joinNamespace({ type: "network", fd: 7, path: "/x" });
		unshareNamespace("cgroup");
		expect(door.args("setns")).toEqual([[7, c.CLONE_NEWNET]]);
		expect(door.args("unshare")).toEqual([[c.CLONE_NEWCGROUP]]);
		expect(cloneFlag("time")).toBe(c.CLONE_NEWTIME);
	});

	it("names type and path in an error", () => {
		door.fail("setns", "EINVAL");
		door.fail("unshare", "ENOSPC");
		expect(errorOf(() => joinNamespace({ type: "pid", fd: 7, path: "/x" })).message).toBe(
			'join pid namespace "/x": invalid argument',
		);
		expect(errorOf(() => unshareNamespace("time")).message).toBe("unshare time namespace: no space left on device");
	});
});

describe("time offsets", () => {
	const procfs = { "/proc/self": { link: "7" }, "/proc/7/timens_offsets": "" };

	it("are written in one go, before anybody is in the namespace", () => {
		door.files(procfs);
		door.answer("fstatfs", { type: c.PROC_SUPER_MAGIC, flags: 0 });
		writeTimeOffsets(door.open("/proc"), {
			timeOffsets: { monotonic: { secs: -5 }, boottime: { secs: 10, nanosecs: 7 } },
		});
		expect(door.writes).toEqual([{ path: "/proc/7/timens_offsets", data: "monotonic -5 0\nboottime 10 7\n" }]);
	});

	it("are nothing to write when there are none", () => {
		writeTimeOffsets(9, {});
		writeTimeOffsets(9, undefined);
		expect(door.names).not.toContain("openat2");
	});

	it("that the kernel refuses name the file", () => {
		door.files(procfs);
		door.answer("fstatfs", { type: c.PROC_SUPER_MAGIC, flags: 0 });
		door.fail("write", "ERANGE");
		const proc = door.open("/proc");
		expect(errorOf(() => writeTimeOffsets(proc, { timeOffsets: { boottime: { secs: -9 } } })).message).toBe(
			"write /proc/self/timens_offsets: numerical result out of range",
		);
	});
});

describe("a clone that fails", () => {
	const explain = (linux: Linux, code: "EPERM" | "ENOSPC" | "EINVAL") =>
		explainCloneFailure(planNamespaces(linux), sysError("clone3", code)) as TsrunError;

	it("says which namespaces were to be made", () => {
		const error = explain(make("pid", "network"), "EPERM");
		expect(error.message).toBe("clone with new namespaces (network, pid): operation not permitted");
		expect(error.details.hint).toMatch("run as root");
	});

	it.each([
		["EPERM", "may be switched off"],
		["ENOSPC", "max_*_namespaces"],
		["EINVAL", "lacks one of these"],
	] as const)("%s of a user namespace says why it may be", (code, hint) => {
		expect(explain(make("user"), code).details.hint).toContain(hint);
	});

	it("for another reason is left as it is", () => {
		const error = sysError("clone3", "ENOMEM");
		expect(explainCloneFailure(planNamespaces(make("pid")), error)).toBe(error);
	});
});

describe("without a user namespace", () => {
	it("a caller who is not privileged is told so before anything is made", () => {
		door.answer("geteuid", 1000);
		door.answer("capget", { effective: 0n, permitted: 0n, inheritable: 0n });
		expect(errorOf(() => planNamespaces(make("pid"))).id).toBe("namespace-failed");
		expect(() => planNamespaces(make("user", "pid"))).not.toThrow();
	});

	it("one with CAP_SYS_ADMIN need not be root", () => {
		door.answer("geteuid", 1000);
		expect(() => planNamespaces(make("pid"))).not.toThrow();
	});
});
