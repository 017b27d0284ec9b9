import { describe, expect, it } from "vitest";
import { systemdDriver, unitProperties } from "../../../../../src/linux/cgroups/systemd/driver.js";
import { placeOf } from "../../../../../src/linux/cgroups/systemd/unit.js";
import { door } from "../../../../support/door.js";
import { fakeSystemd } from "../../../../support/fake-systemd.js";

const container = { pid: 4711, id: "web", limits: {}, annotations: {} };
const hybrid = {
	version: 1,
	hierarchies: [
		{ version: 1, mountPoint: "/sys/fs/cgroup/pids", keys: ["pids"], root: "/", own: "/" },
		{ version: 2, mountPoint: "/sys/fs/cgroup/unified", keys: [""], root: "/", own: "/" },
	],
} as const;

const request = { cgroupsPath: "a.slice:p:n", id: "web", isUser: false };

describe("unitProperties", () => {
	const properties = (name = "p:n", version: 1 | 2 = 2, systemd = 252, more = {}) => {
		door.files({ "/proc/devices": "Character devices:\n136 pts\n\nBlock devices:\n" });
		const list = unitProperties(placeOf(`a.slice:${name}`, "web", false), { ...container, ...more }, version, systemd);
		return Object.fromEntries(list.map(([property, { value }]) => [property, value]));
	};

	it("makes a delegated scope around the process, with everything counted", () => {
		expect(properties()).toEqual({
			Description: "tsrun container web",
			Slice: "a.slice",
			Delegate: true,
			PIDs: [4711],
			CollectMode: "inactive-or-failed",
			MemoryAccounting: true,
			CPUAccounting: true,
			TasksAccounting: true,
			IOAccounting: true,
			DefaultDependencies: false,
			DevicePolicy: "strict",
			DeviceAllow: [],
		});
	});

	it("uses the names of v1 there, and nothing that an old systemd lacks", () => {
		const old = properties("p:n", 1, 230);
		expect(old).toMatchObject({ BlockIOAccounting: true });
		expect(old).not.toHaveProperty("IOAccounting");
		expect(old).not.toHaveProperty("CollectMode");
	});

	it("makes a slice, which takes no process, want the one above", () => {
		const slice = properties("x:a-b.slice");
		expect(slice).toMatchObject({ Wants: ["a.slice"], TasksAccounting: true });
		for (const name of ["Slice", "PIDs", "Delegate"]) expect(slice).not.toHaveProperty(name);
	});

	it("adds limits, and annotations after them", () => {
		const annotations = { "org.systemd.property.MemoryMax": "uint64 7", "org.systemd.property.TimeoutStopSec": "5" };
		const found = unitProperties(
			placeOf(undefined, "web", false),
			{ ...container, limits: { memory: { limit: 64 } }, annotations },
			2,
			252,
		);
		expect(found.filter(([name]) => name === "MemoryMax").map(([, { value }]) => value)).toEqual([64n, 7n]);
		expect(found.at(-1)).toEqual(["TimeoutStopUSec", { signature: "t", value: 5_000_000n }]);
	});
});

describe("the systemd driver", () => {
	it("plans the same place in every hierarchy, and remembers the unit", () => {
		door.files({ "/run/systemd/system/x": "" });
		fakeSystemd();
		expect(systemdDriver.plan(hybrid, request).record).toEqual({
			version: 1,
			paths: { pids: "/sys/fs/cgroup/pids/a.slice/p-n.scope", "": "/sys/fs/cgroup/unified/a.slice/p-n.scope" },
			unifiedMountPoint: "/sys/fs/cgroup/unified",
			unit: { name: "p-n.scope", isUser: false },
		});
	});

	it("says when systemd is not there, and that a user's needs v2", () => {
		door.fail("fstatat", "ENOENT", () => true);
		expect(() => systemdDriver.plan(hybrid, request)).toThrow("systemd not running on this host");
		expect(() => systemdDriver.plan(hybrid, { ...request, isUser: true })).toThrow("need cgroup v2");
	});
});

describe("a user's unit", () => {
	const record = (path: string) => ({
		version: 2 as const,
		paths: { "": `/sys/fs/cgroup/user@1.service/user.slice/${path}` },
		unifiedMountPoint: "/sys/fs/cgroup",
		unit: { name: "p-n.scope", isUser: true },
	});

	it("is entered through systemd, also a cgroup in it, since the kernel may not let the user", () => {
		const fake = fakeSystemd();
		door.answer("getpid", 4711);
		for (const [path, sub] of [
			["p-n.scope", ""],
			["p-n.scope/a/b", "/a/b"],
		] as const) {
			const cgroup = systemdDriver.open(record(path), record(path).unit);
			expect(cgroup.joinFd()).toBe(-1);
			cgroup.enter();
			expect(fake.calls.at(-1)).toEqual({ member: "AttachProcessesToUnit", body: ["p-n.scope", sub, [4711]] });
		}
	});

	it("is not the system's, which is entered by the clone", () => {
		const system = { ...record("p-n.scope"), unit: { name: "p-n.scope", isUser: false } };
		systemdDriver.open(system, system.unit).joinFd();
		expect(door.args("openat").map(([, path]) => path)).toEqual([system.paths[""]]);
	});
});
