import { describe, expect, test } from "vitest";
import { lintConfig } from "../../../src/spec/lint.js";
import { nearest } from "../../../src/sys/nearest.js";
import { configWith, configWithLinux, type Members, named } from "./support.js";

const mounts = ["proc:/proc", "sysfs:/sys", "devpts:/dev/pts", "tmpfs:/dev/shm"].map((each) => {
	const [type = "", destination = ""] = each.split(":");
	return { destination, type, source: type };
});

const lint = (config: Members) => lintConfig(JSON.stringify({ mounts, ...config }), nearest);
const found = (config: Members) => named(lint(config).issues);

test("a configuration with nothing wrong has no issues", () => {
	expect(lint(configWithLinux({}))).toMatchObject({ issues: [], config: { root: { path: "rootfs" } } });
});

describe("what create passes over in silence is a warning:", () => {
	test("AN-09 a member that the specification does not have, with the one that was probably meant", () => {
		const config = configWith({ proccess: {}, mounts: [...mounts, { destination: "/a", type: "tmpfs", optoins: [] }] });
		expect(lint(config).issues).toMatchObject([
			{ path: "$.mounts[4].optoins", rule: "AN-09", message: 'is unknown, and ignored; did you mean "options"?' },
			{ path: "$.proccess", severity: "warning", message: 'is unknown, and ignored; did you mean "process"?' },
		]);
	});

	test("an unknown member below one whose names are data", () => {
		const linux = { netDevices: { eth0: { nmae: "a" } }, resources: { rdma: { mlx: { hcaHandles: 1, x: 1 } } } };
		expect(found(configWithLinux(linux))).toEqual([
			"AN-09 $.linux.netDevices.eth0.nmae",
			"AN-09 $.linux.resources.rdma.mlx.x",
		]);
	});

	test("names that are data are never unknown", () => {
		expect(found(configWithLinux({ sysctl: { "net.x": "1" }, resources: { unified: { "a.b": "1" } } }))).toEqual([]);
	});

	test("RD-29 members of older versions", () => {
		expect(found(configWithLinux({ intelRdt: { enableCMT: true, enableMBM: true } }))).toEqual([
			"AN-09 $.linux.intelRdt.enableCMT",
			"AN-09 $.linux.intelRdt.enableMBM",
		]);
	});

	test("AN-12 what is for another platform, at its place only", () => {
		expect(lint(configWith({ windows: {}, vm: {} })).issues).toMatchObject([
			{ path: "$.windows", rule: "AN-12", message: "is for another platform, and ignored" },
			{ path: "$.vm", rule: "AN-12" },
		]);
		expect(found(configWith({ root: { path: "rootfs", vm: {} } }))).toEqual(["AN-09 $.root.vm"]);
	});
});

describe("errors", () => {
	test("stand before warnings, all of them", () => {
		const { issues } = lint(configWith({ ociVersion: "2.0.0", nope: 1, annotations: { "": "" }, root: {} }));
		expect(issues.map(({ severity }) => severity)).toEqual(["error", "error", "error", "warning"]);
		expect(named(issues)).toEqual([
			"RT-02 $.root.path",
			"CV-03 $.ociVersion",
			'AN-02 $.annotations[""]',
			"AN-09 $.nope",
		]);
	});

	test("BN-04 of JSON itself are one issue with line and column", () => {
		expect(lintConfig("{\n  'a': 1}", nearest)).toMatchObject({
			config: null,
			issues: [{ path: "$", rule: "BN-04", severity: "error", message: expect.stringMatching(/^line 2, column 3: /) }],
		});
	});

	test("BN-05 a member that stands twice is an error, not the last one's value", () => {
		expect(named(lintConfig('{"root":{"path":"a","path":"b"}}', nearest).issues)).toEqual(["BN-05 $"]);
	});

	test("leave the root filesystem to be looked for where they are elsewhere", () => {
		expect(lint(configWith({ hostname: 5 })).config).not.toBe(null);
		for (const root of [undefined, 5, {}, { path: 5 }]) expect(lint(configWith({ root })).config).toBe(null);
		expect(lintConfig("[]", nearest).config).toBe(null);
	});

	test("of every type are no crash of the advice", () => {
		for (const member of ["mounts", "hooks", "annotations", "linux", "root"])
			for (const value of [5, "x", [5], { x: 5 }, [[]]])
				expect(() => lint(configWith({ [member]: value }))).not.toThrow();
	});
});

describe("advice to authors:", () => {
	test("RT-03 the root filesystem is called rootfs", () => {
		expect(found(configWith({ root: { path: "/var/lib/x" } }))).toEqual(["RT-03 $.root.path"]);
	});

	test("DF-01 DF-02 DF-03 DF-04 the default file systems are there, mounted or bound", () => {
		expect(found(configWith({ mounts: [] }))).toEqual(
			["DF-01", "DF-02", "DF-03", "DF-04"].map((id) => `${id} $.mounts`),
		);
		const bound = mounts.map(({ destination }) => ({ destination, source: "/x", options: ["rbind"] }));
		expect(found(configWith({ mounts: bound }))).toEqual([]);
		const others = mounts.map((mount) => ({ ...mount, type: "ext4" }));
		expect(found(configWith({ mounts: others }))).toHaveLength(4);
	});

	test("MT-17 a mount with mappings says idmap or ridmap", () => {
		const mappings = [{ containerID: 0, hostID: 1, size: 1 }];
		const mount = { destination: "/a", source: "/a", uidMappings: mappings, gidMappings: mappings };
		const withOptions = (...options: string[]) => found(configWith({ mounts: [...mounts, { ...mount, options }] }));
		expect(withOptions("bind")).toEqual(["MT-17 $.mounts[4].options"]);
		expect([...withOptions("bind", "idmap"), ...withOptions("rbind", "ridmap")]).toEqual([]);
	});

	test("AN-03 AN-05 AN-06 annotations have names of a domain, and those of the specification are its own", () => {
		const annotations = {
			gpu: "1",
			"com.example.gpu": "1",
			"org.opencontainers.image.stopSignal": "TERM",
			"org.opencontainers.image.os.version": "1",
			"org.opencontainers.image.title": "x",
			"org.opencontainers.runc.version": "1",
		};
		expect(found(configWith({ annotations }))).toEqual([
			"AN-03 $.annotations.gpu",
			'AN-06 $.annotations["org.opencontainers.image.title"]',
			'AN-06 $.annotations["org.opencontainers.runc.version"]',
		]);
	});

	test("DV-09 a device is listed once", () => {
		const device = { type: "c", path: "/dev/a", major: 1, minor: 3 };
		const devices = [device, { ...device, path: "/dev/b" }, { ...device, minor: 5 }, { ...device, type: "b" }];
		const fifos = [
			{ type: "p", path: "/a" },
			{ type: "p", path: "/b" },
		];
		expect(found(configWithLinux({ devices: [...devices, ...fifos] }))).toEqual(["DV-09 $.linux.devices[1]"]);
	});

	test("what is deprecated is told", () => {
		expect(found(configWith({ hooks: { prestart: [{ path: "/a" }], createRuntime: [{ path: "/a" }] } }))).toEqual([
			"HK-10 $.hooks.prestart",
		]);
		expect(found(configWithLinux({ resources: { memory: { kernel: 1, kernelTCP: 1, limit: 1 } } }))).toEqual([
			"ME-05 $.linux.resources.memory.kernel",
			"ME-06 $.linux.resources.memory.kernelTCP",
		]);
	});
});
