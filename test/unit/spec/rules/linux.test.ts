import { describe, expect, test } from "vitest";
import { configWith, configWithLinux, issuesOfConfig, type Members, named } from "../support.js";

const issues = (linux: Members) => issuesOfConfig(configWithLinux(linux));
const found = (linux: Members) => named(issues(linux));

describe("devices", () => {
	test.each(["c", "b", "u"])("one of type %s needs its numbers", (type) => {
		expect(found({ devices: [{ type, path: "/dev/x" }] })).toEqual([
			"DV-06 $.linux.devices[0].major",
			"DV-06 $.linux.devices[0].minor",
		]);
		expect(found({ devices: [{ type, path: "/dev/x", major: 1, minor: 0 }] })).toEqual([]);
	});

	test("a FIFO needs none and may have some", () => {
		expect(
			found({
				devices: [
					{ type: "p", path: "/f" },
					{ type: "p", path: "/g", major: 1, minor: 1 },
				],
			}),
		).toEqual([]);
	});

	test("numbers are not negative", () => {
		expect(found({ devices: [{ type: "c", path: "/x", major: -1, minor: 0 }] })).toEqual([
			"DV-06 $.linux.devices[0].major",
		]);
	});

	test("a path is not empty", () => {
		expect(found({ devices: [{ type: "p", path: "" }] })).toEqual(["DV-04 $.linux.devices[0].path"]);
	});
});

describe("network devices", () => {
	test("ND-01 need a network namespace", () => {
		expect(named(issuesOfConfig(configWith({ linux: { netDevices: { eth0: {} } } })))).toEqual([
			"ND-01 $.linux.netDevices",
		]);
		expect(named(issuesOfConfig(configWith({ linux: { netDevices: {} } })))).toEqual([]);
	});

	test.each(["eth0", "a", "fifteen-letters", "eth%d", "%d", "größe", "größe-15-byte"])("%j is a name", (name) => {
		expect(found({ netDevices: { eth0: { name } } })).toEqual([]);
	});

	test.each([
		".",
		"..",
		"a/b",
		"a b",
		"a:b",
		"sixteen-letters-",
		"größe-16-bytes",
		"eth%",
		"eth%s",
		"%d%d",
		"eth\ud800",
	])("%j is none", (name) => {
		expect(found({ netDevices: { eth0: { name } } })).toEqual(["ND-02 $.linux.netDevices.eth0.name"]);
	});

	test("ND-04 two do not get the same name, unless the kernel numbers them", () => {
		expect(found({ netDevices: { eth0: { name: "a" }, eth1: { name: "a" }, eth2: {} } })).toEqual([
			"ND-04 $.linux.netDevices.eth1.name",
		]);
		expect(found({ netDevices: { eth0: {}, eth1: { name: "eth0" } } })).toEqual(["ND-04 $.linux.netDevices.eth1.name"]);
		expect(found({ netDevices: { eth0: { name: "eth1" }, eth1: { name: "eth0" } } })).toEqual([]);
		expect(found({ netDevices: { a: { name: "eth%d" }, b: { name: "eth%d" } } })).toEqual([]);
	});

	test("the host's name is checked too", () => {
		expect(issues({ netDevices: { "": {} } })).toMatchObject([
			{ rule: "ND-01", message: 'invalid network device name ""' },
		]);
	});
});

test("hidden paths are absolute", () => {
	expect(found({ maskedPaths: ["/a", "b"], readonlyPaths: ["", "/c"] })).toEqual([
		"RP-07 $.linux.maskedPaths[1]",
		"RP-10 $.linux.readonlyPaths[0]",
	]);
});

describe("Intel RDT", () => {
	test("RD-07 RD-09 RD-10 lines of a schema are single lines", () => {
		const intelRdt = { l3CacheSchema: "L3:0=f\nx", memBwSchema: "MB:0=20\n", schemata: ["L2:0=f", "a\nb"] };
		expect(issues({ intelRdt }).map(({ rule, severity }) => [rule, severity])).toEqual([
			["RD-07", "warning"],
			["RD-09", "error"],
			["RD-10", "error"],
		]);
	});

	test("RD-06 RD-08 they start with what they are about", () => {
		const intelRdt = { l3CacheSchema: "0=f", memBwSchema: "0=20" };
		expect(issues({ intelRdt }).map(({ rule, severity }) => [rule, severity])).toEqual([
			["RD-06", "warning"],
			["RD-08", "error"],
		]);
	});

	test.each(["/", "guaranteed_group", ""])("%j is a class of service", (closID) => {
		expect(found({ intelRdt: { closID } })).toEqual([]);
	});

	test.each([".", "..", "../x", "a/b", "/a", "a\n"])("%j is none", (closID) => {
		expect(found({ intelRdt: { closID } })).toEqual(["RD-02 $.linux.intelRdt.closID"]);
	});
});

test("RD-29 the members of older specifications are unknown ones", () => {
	expect(issues({ intelRdt: { enableCMT: "yes", enableMBM: 1 } })).toEqual([]);
});

describe("memory policy", () => {
	const messageFor = (memoryPolicy: Members) => issues({ memoryPolicy })[0]?.message;

	test.each(["MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE", "MPOL_PREFERRED_MANY"])(
		"%s needs nodes",
		(mode) => {
			expect(messageFor({ mode })).toBe(`invalid memory policy nodes: ${mode} needs at least one node`);
			expect(messageFor({ mode, nodes: "0-3,7" })).toBeUndefined();
		},
	);

	test.each(["MPOL_DEFAULT", "MPOL_LOCAL"])("%s takes none", (mode) => {
		expect(messageFor({ mode, nodes: "0" })).toBe(`invalid memory policy nodes "0": ${mode} takes none`);
		expect(messageFor({ mode })).toBeUndefined();
	});

	test("MPOL_PREFERRED does with and without", () => {
		expect(messageFor({ mode: "MPOL_PREFERRED" })).toBeUndefined();
		expect(messageFor({ mode: "MPOL_PREFERRED", nodes: "1" })).toBeUndefined();
	});

	test("what is wrong is named: mode, flag or node", () => {
		expect(messageFor({ mode: "INTERLEAVE" })).toMatch(
			/^invalid memory policy mode "INTERLEAVE": expected one of MPOL_/,
		);
		expect(messageFor({ mode: "MPOL_BIND", nodes: "0", flags: ["BAD"] })).toMatch(
			/^invalid memory policy flag "BAD": /,
		);
		expect(messageFor({ mode: "MPOL_BIND", nodes: "x" })).toMatch(/^invalid memory policy nodes "x": /);
	});

	test("nodes are counted in one way", () => {
		const flags = ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"];
		expect(found({ memoryPolicy: { mode: "MPOL_BIND", nodes: "0", flags } })).toEqual([
			"MP-02 $.linux.memoryPolicy.flags",
		]);
	});
});

test("personality has a known domain and no flags", () => {
	expect(found({ personality: { domain: "LINUX32", flags: [] } })).toEqual([]);
	expect(found({ personality: { domain: "LINUX", flags: ["ADDR_NO_RANDOMIZE"] } })).toEqual([
		"RP-15 $.linux.personality.flags",
	]);
	expect(issues({ personality: { domain: "BSD" } })).toMatchObject([
		{ message: 'invalid personality domain "BSD": expected one of LINUX, LINUX32' },
	]);
	expect(issues({ personality: {} })).toMatchObject([{ path: "$.linux.personality.domain" }]);
});

test.each(["shared", "rslave"])("rootfsPropagation may be %s: engines write both forms", (rootfsPropagation) => {
	expect(found({ rootfsPropagation })).toEqual([]);
});
