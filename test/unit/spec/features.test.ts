import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { features } from "../../../src/spec/features.js";
import { configWith, configWithLinux, everyNamespace, issuesOfConfig } from "./support.js";

const document = features({
	mountOptions: ["rw", "bind"],
	seccomp: {
		actions: ["SCMP_ACT_ALLOW"],
		operators: ["SCMP_CMP_EQ"],
		archs: ["SCMP_ARCH_X86_64"],
		knownFlags: ["SECCOMP_FILTER_FLAG_LOG"],
		supportedFlags: [],
	},
	unsafeAnnotations: ["org.criu.config"],
	annotations: { "org.example.version": "1" },
});

test("complies with its schema", () => {
	const url = new URL("../../../build/schemas/features.schema.json", import.meta.url);
	const accepts = new Ajv({ strict: false }).compile(JSON.parse(readFileSync(url, "utf8")));
	expect(accepts(document), JSON.stringify(accepts.errors)).toBe(true);
});

describe("what it lists is accepted in a configuration:", () => {
	test("both versions", () => {
		for (const ociVersion of [document.ociVersionMin, document.ociVersionMax])
			expect(issuesOfConfig(configWith({ ociVersion }))).toEqual([]);
	});

	test("hooks", () => {
		for (const kind of document.hooks ?? [])
			expect(issuesOfConfig(configWith({ hooks: { [kind]: [{ path: "relative" }] } }))).toHaveLength(1);
		expect(document.hooks).toHaveLength(6);
	});

	test("namespaces, all that there are", () => {
		expect(document.linux?.namespaces).toEqual(everyNamespace.map(({ type }) => type).sort());
	});

	test("capabilities", () => {
		const bounding = document.linux?.capabilities;
		expect(bounding).toHaveLength(41);
		expect(issuesOfConfig(configWith({ process: { cwd: "/", args: ["x"], capabilities: { bounding } } }))).toEqual([]);
	});

	test("memory policies", () => {
		const { modes = [], flags = [] } = document.linux?.memoryPolicy ?? {};
		expect([modes.length, flags.length]).toEqual([7, 3]);
		for (const mode of modes) {
			const nodes = ["MPOL_DEFAULT", "MPOL_LOCAL"].includes(mode) ? "" : "0";
			expect(issuesOfConfig(configWithLinux({ memoryPolicy: { mode, nodes } }))).toEqual([]);
		}
	});
});

test("network devices are claimed, and a configuration may have them", () => {
	expect(document.linux?.netDevices).toEqual({ enabled: true });
	const linux = { namespaces: [{ type: "network" as const }, { type: "user" as const }], netDevices: { eth0: {} } };
	expect(issuesOfConfig(configWithLinux(linux))).toEqual([]);
});

test("all of Intel RDT is claimed, and a configuration may have it", () => {
	expect(document.linux?.intelRdt).toEqual({ enabled: true, schemata: true, monitoring: true });
	expect(issuesOfConfig(configWithLinux({ intelRdt: { schemata: ["L3:0=f"], enableMonitoring: true } }))).toEqual([]);
});

describe("what a configuration is refused for is not claimed:", () => {
	test("cgroups through systemd", () => {
		expect(document.linux?.cgroup).toEqual({ v1: true, v2: true, systemd: true, systemdUser: true, rdma: true });
	});
});

test("the tables of other layers are handed on", () => {
	expect(document.mountOptions).toEqual(["bind", "rw"]);
	expect(document.linux?.seccomp).toEqual({
		enabled: true,
		actions: ["SCMP_ACT_ALLOW"],
		operators: ["SCMP_CMP_EQ"],
		archs: ["SCMP_ARCH_X86_64"],
		knownFlags: ["SECCOMP_FILTER_FLAG_LOG"],
		supportedFlags: [],
	});
	expect(document.annotations).toEqual({ "org.example.version": "1" });
	expect(document.potentiallyUnsafeConfigAnnotations).toEqual(["org.criu.config"]);
});
