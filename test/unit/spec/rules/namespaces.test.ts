import { describe, expect, test } from "vitest";
import { configWith, configWithLinux, everyNamespace, issuesOfConfig, type Members, named } from "../support.js";

const found = (linux: Members, members: Members = {}) => named(issuesOfConfig({ ...configWith(members), linux }));
const only = (...types: readonly string[]) => types.map((type) => ({ type }));
const mapping = { containerID: 0, hostID: 1000, size: 1 };

describe("namespaces", () => {
	test("all eight types are known", () => {
		expect(issuesOfConfig(configWithLinux({}))).toEqual([]);
		expect(everyNamespace).toHaveLength(8);
	});

	test("an unknown type is refused", () => {
		expect(issuesOfConfig(configWith({ linux: { namespaces: only("net") } }))).toMatchObject([
			{
				path: "$.linux.namespaces[0].type",
				message: 'invalid namespace type "net": expected one of pid, network, mount, ipc, uts, user, cgroup, time',
			},
		]);
	});

	test("a type stands once", () => {
		const namespaces = [{ type: "pid" }, { type: "ipc" }, { type: "pid", path: "/proc/1/ns/pid" }];
		expect(found({ namespaces })).toEqual(["NS-15 $.linux.namespaces[2].type"]);
	});

	test("a path is absolute; an empty one is none", () => {
		expect(found({ namespaces: [{ type: "pid", path: "ns/pid" }] })).toEqual(["NS-10 $.linux.namespaces[0].path"]);
		expect(found({ namespaces: [{ type: "pid", path: "" }] })).toEqual([]);
	});
});

describe("what would change the host", () => {
	test.each(["hostname", "domainname"])("%s needs a UTS namespace, new or joined", (member) => {
		expect(found({}, { [member]: "x" })).toEqual([`HN-04 $.${member}`]);
		expect(found({ namespaces: only("uts") }, { [member]: "x" })).toEqual([]);
		expect(found({ namespaces: [{ type: "uts", path: "/proc/1/ns/uts" }] }, { [member]: "x" })).toEqual([]);
	});

	test("empty names do not", () => {
		expect(found({}, { hostname: "", domainname: "" })).toEqual([]);
	});

	test("hidden paths need a mount namespace", () => {
		const paths = { maskedPaths: ["/proc/kcore"], readonlyPaths: ["/proc/sys"] };
		expect(found(paths)).toEqual(["RP-06 $.linux.maskedPaths", "RP-09 $.linux.readonlyPaths"]);
		expect(found({ namespaces: only("mount"), ...paths })).toEqual([]);
		expect(found({ maskedPaths: [], readonlyPaths: [] })).toEqual([]);
	});
});

describe("user namespace mappings", () => {
	test("need a user namespace", () => {
		expect(found({ uidMappings: [mapping], gidMappings: [mapping] })).toEqual([
			"UM-01 $.linux.uidMappings",
			"UM-02 $.linux.gidMappings",
		]);
	});

	test("are needed by a new one, not by one that is joined", () => {
		expect(found({ namespaces: only("user"), gidMappings: [mapping] })).toEqual(["UM-01 $.linux.uidMappings"]);
		expect(found({ namespaces: [{ type: "user", path: "/proc/1/ns/user" }] })).toEqual([]);
	});

	test("may come along with one that is joined", () => {
		const namespaces = [{ type: "user", path: "/proc/1/ns/user" }];
		expect(found({ namespaces, uidMappings: [mapping], gidMappings: [mapping] })).toEqual([]);
	});

	test("are not more than the kernel takes", () => {
		const many = Array.from({ length: 341 }, (_, id) => ({ containerID: id, hostID: id, size: 1 }));
		const namespaces = only("user");
		expect(found({ namespaces, uidMappings: many, gidMappings: many.slice(1) })).toEqual(["UM-05 $.linux.uidMappings"]);
	});

	test("are not empty ranges", () => {
		const uidMappings = [mapping, { containerID: 1, hostID: 1, size: 0 }];
		expect(found({ namespaces: only("user"), uidMappings, gidMappings: [mapping] })).toEqual([
			"UM-03 $.linux.uidMappings[1].size",
		]);
	});
});

describe("time offsets", () => {
	const timeOffsets = { monotonic: { secs: 1, nanosecs: 999_999_999 }, boottime: { secs: -5 } };

	test("are for a new time namespace", () => {
		expect(found({ namespaces: only("time"), timeOffsets })).toEqual([]);
		expect(found({ timeOffsets })).toEqual(["UM-07 $.linux.timeOffsets"]);
		expect(found({ namespaces: [{ type: "time", path: "/proc/1/ns/time" }], timeOffsets })).toEqual([
			"UM-07 $.linux.timeOffsets",
		]);
	});

	test("are for the two clocks that have one", () => {
		expect(found({ namespaces: only("time"), timeOffsets: { realtime: { secs: 1 } } })).toEqual([
			"UM-07 $.linux.timeOffsets.realtime",
		]);
	});

	test("have less than a second of nanoseconds", () => {
		expect(found({ namespaces: only("time"), timeOffsets: { boottime: { nanosecs: 1_000_000_000 } } })).toEqual([
			"UM-06 $.linux.timeOffsets.boottime.nanosecs",
		]);
	});
});
