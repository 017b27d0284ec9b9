import { describe, expect, it } from "vitest";
import { absolutePath, createHost } from "../../../src/cli/context.js";
import { readGlobals } from "../../../src/cli/global-flags.js";
import type { Logger } from "../../../src/runtime/host.js";
import { door } from "../../support/door.js";

const log: Logger = { debug() {}, warning() {}, error() {} };
const initialMap = "         0          0 4294967295\n";
const otherMap = "         0       1000          1\n";

function host(given: Record<string, string | boolean> = {}) {
	return createHost(readGlobals(new Map(Object.entries(given))), log);
}

describe("the state root", () => {
	it("is /run/tsrun for root, whatever XDG_RUNTIME_DIR says", () => {
		door.files({ "/proc/self/uid_map": initialMap });
		door.answer("environ", ["XDG_RUNTIME_DIR=/run/user/0"]);
		expect(host()).toMatchObject({ root: "/run/tsrun", rootIsExplicit: false });
	});

	it("lies in XDG_RUNTIME_DIR for a user", () => {
		door.answer("geteuid", 1000);
		door.answer("environ", ["A=b", "XDG_RUNTIME_DIR=/run/user/1000"]);
		expect(host().root).toBe("/run/user/1000/tsrun");
	});

	it("does not believe an empty or missing XDG_RUNTIME_DIR", () => {
		door.answer("geteuid", 1000);
		door.answer("environ", ["XDG_RUNTIME_DIR="]);
		expect(host().root).toBe("/run/tsrun");
		door.answer("environ", []);
		expect(host().root).toBe("/run/tsrun");
	});

	it("lies in XDG_RUNTIME_DIR for root of a user namespace, unless that calls itself root", () => {
		door.files({ "/proc/self/uid_map": otherMap });
		door.answer("environ", ["XDG_RUNTIME_DIR=/run/user/1000"]);
		expect(host().root).toBe("/run/user/1000/tsrun");
		door.answer("environ", ["XDG_RUNTIME_DIR=/run/user/1000", "USER=bob"]);
		expect(host().root).toBe("/run/user/1000/tsrun");
		door.answer("environ", ["XDG_RUNTIME_DIR=/run/user/1000", "USER=root"]);
		expect(host().root).toBe("/run/tsrun");
	});

	it("is what --root says, made absolute", () => {
		door.answer("getcwd", "/home/me");
		expect(host({ root: "../state/" })).toMatchObject({ root: "/home/state", rootIsExplicit: true });
		expect(host({ root: "/run//x/./y" }).root).toBe("/run/x/y");
	});

	it("costs no system call when it is given absolutely", () => {
		host({ root: "/run/x" });
		expect(door.calls).toEqual([]);
	});

	it("is never / or nothing", () => {
		for (const root of ["/", "", "/..", "/x/.."]) {
			expect(() => host({ root })).toThrow(`option --root must not be ${JSON.stringify(root)}`);
		}
	});
});

describe("rootless", () => {
	it("is true for a user", () => {
		door.answer("geteuid", 1000);
		expect(host().rootless).toBe(true);
	});

	it("is true for root of a user namespace only", () => {
		door.files({ "/proc/self/uid_map": initialMap });
		expect(host().rootless).toBe(false);
		door.files({ "/proc/self/uid_map": otherMap });
		expect(host().rootless).toBe(true);
	});

	it("is false for root of a kernel without user namespaces", () => {
		door.files({ "/proc/": "" });
		expect(host().rootless).toBe(false);
	});

	it("is what --rootless says", () => {
		door.answer("geteuid", 1000);
		expect(host({ rootless: "false" }).rootless).toBe(false);
		expect(host({ rootless: "Auto" }).rootless).toBe(true);
	});

	it("is looked up once, when it is asked for", () => {
		door.files({ "/proc/self/uid_map": initialMap });
		const lazy = host();
		expect(door.names).not.toContain("geteuid");
		expect([lazy.rootless, lazy.rootless]).toEqual([false, false]);
		expect(door.args("geteuid")).toHaveLength(1);
	});
});

describe("other global flags", () => {
	it("become members of the host", () => {
		expect(host({ "systemd-cgroup": true, debug: true })).toMatchObject({ cgroupManager: "systemd", debug: true, log });
		expect(host()).toMatchObject({ cgroupManager: "cgroupfs", debug: false });
	});
});

describe("absolutePath", () => {
	it("leads from the working directory without detours", () => {
		door.answer("getcwd", "/a/b");
		expect(["x", ".", "..", "../../..", "/p/../q", "./y//z/"].map(absolutePath)).toEqual([
			"/a/b/x",
			"/a/b",
			"/a",
			"/",
			"/q",
			"/a/b/y/z",
		]);
	});
});
