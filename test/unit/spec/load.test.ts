import { describe, expect, test } from "vitest";
import { loadConfig } from "../../../src/spec/load.js";
import { checkProcess, loadProcess } from "../../../src/spec/load-process.js";
import { loadResources } from "../../../src/spec/load-resources.js";
import type { Process } from "../../../src/spec/types.js";
import {
	configWith,
	configWithLinux,
	issuesOfConfig,
	issuesOfProcess,
	issuesOfResources,
	thrownBy,
} from "./support.js";

const load = (config: unknown) => loadConfig(JSON.stringify(config));

describe("a configuration", () => {
	test("needs no more than a version and a root", () => {
		const minimal = { ociVersion: "1.0.0", root: { path: "rootfs" } };
		expect(load(minimal)).toEqual({ config: minimal, warnings: [] });
	});

	test("is handed on as it was written, unknown members and other platforms included", () => {
		const config = configWith({ windows: { layerFolders: 5 }, "x-other": [null], annotations: { a: "" } });
		expect(load(config).config).toEqual(config);
	});

	test("as Docker writes it is legal and warns of nothing", () => {
		const capabilities = ["CAP_CHOWN", "CAP_AUDIT_WRITE"];
		const config = configWith({
			ociVersion: "1.2.1",
			process: {
				user: { uid: 0, gid: 0, additionalGids: [0] },
				args: ["echo", "hello"],
				env: ["PATH=/bin", "EMPTY="],
				cwd: "/",
				capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
				oomScoreAdj: 0,
			},
			hostname: "ea2b806f4fb0",
			mounts: [
				{ destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
				{ destination: "/etc/hosts", type: "bind", source: "/w/hosts", options: ["rbind", "rprivate"] },
			],
			linux: {
				sysctl: { "net.ipv4.ip_unprivileged_port_start": "0" },
				resources: {
					devices: [
						{ allow: false, access: "rwm" },
						{ allow: true, type: "c", major: 1, minor: 5, access: "rwm" },
					],
					memory: { disableOOMKiller: false },
					blockIO: {},
				},
				cgroupsPath: "/docker/ea2b806f4fb0",
				namespaces: [{ type: "mount" }, { type: "network" }, { type: "uts" }, { type: "pid" }, { type: "ipc" }],
				seccomp: {
					defaultAction: "SCMP_ACT_ERRNO",
					defaultErrnoRet: 1,
					architectures: ["SCMP_ARCH_X86_64"],
					syscalls: [
						{ names: ["accept"], action: "SCMP_ACT_ALLOW" },
						{ names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38 },
					],
				},
				maskedPaths: ["/proc/kcore"],
				readonlyPaths: ["/proc/sys"],
			},
		});
		expect(load(config).warnings).toEqual([]);
	});

	test("keeps integers that a double cannot hold", () => {
		const text = JSON.stringify(
			configWith({ process: { cwd: "/", args: ["sh"], rlimits: [{ type: "RLIMIT_CORE", soft: 1, hard: 1 }] } }),
		).replaceAll(/"(soft|hard)":1/g, '"$1":18446744073709551615');
		expect(loadConfig(text).config.process?.rlimits).toEqual([
			{ type: "RLIMIT_CORE", soft: 18446744073709551615n, hard: 18446744073709551615n },
		]);
	});

	test("without a process can be loaded: only start needs one", () => {
		expect(load({ ociVersion: "1.3.0", root: { path: "." } }).config.process).toBeUndefined();
	});
});

describe("an invalid configuration", () => {
	test("with one error is told on one line", () => {
		const error = thrownBy(() => load(configWith({ process: { cwd: "/", args: [] } })));
		expect(error.message).toBe("invalid config.json: $.process.args: args must not be empty");
		expect(error).toMatchObject({
			id: "config-invalid",
			details: {
				object: "config.json",
				jsonPath: "$.process.args",
				hint: "see config.md#process of the OCI runtime specification",
			},
		});
	});

	test("with several errors is told with a line for each, of types and of rules", () => {
		const error = thrownBy(() =>
			load({ ociVersion: "1", process: { cwd: "x", args: ["sh"] }, mounts: [{ destination: 5 }], hooks: {} }),
		);
		expect(error.message.split("\n")).toEqual([
			"invalid config.json: 5 errors",
			"$.root: is required but missing",
			"$.mounts[0].destination: expected a string; found 5",
			'$.ociVersion: expected a version such as "1.3.0"; found "1"',
			"$.mounts[0].type: is required unless bind, rbind or remount is among the options",
			'$.process.cwd: Cwd must be an absolute path; found "x"',
		]);
	});

	test("is named as the caller names it", () => {
		expect(thrownBy(() => loadConfig("{}", "/b/config.json")).message).toMatch(/^invalid \/b\/config.json: 2 errors\n/);
	});

	test.each([null, 5, "x", true, []])("that is %j altogether is an error, not a crash", (document) => {
		expect(issuesOfConfig(document)).toMatchObject([
			{ path: "$", message: expect.stringMatching(/^expected an object/) },
		]);
	});

	test.each(["process", "mounts", "hooks", "linux", "root", "annotations", "ociVersion", "hostname"])(
		"whose %s is of another type has that one error",
		(member) => {
			for (const value of [5, "text", true, [], [5], ["text"], { x: 5 }]) {
				const issues = issuesOfConfig(configWith({ [member]: value }));
				const elsewhere = issues.filter(({ path }) => !path.startsWith(`$.${member}`));
				expect(elsewhere, JSON.stringify(value)).toEqual([]);
			}
		},
	);

	test.each([
		"namespaces",
		"uidMappings",
		"timeOffsets",
		"devices",
		"netDevices",
		"resources",
		"intelRdt",
		"memoryPolicy",
		"sysctl",
		"seccomp",
		"maskedPaths",
		"personality",
	])("whose linux.%s is of another type is an error, not a crash", (member) => {
		for (const value of [5, "text", [5], [[]], { x: 5 }])
			expect(() => issuesOfConfig(configWithLinux({ [member]: value })), JSON.stringify(value)).not.toThrow();
		expect(issuesOfConfig(configWithLinux({ [member]: 5 }))).toContainEqual(
			expect.objectContaining({ path: `$.linux.${member}`, severity: "error" }),
		);
	});

	test("names the chapter of each issue", () => {
		const issues = issuesOfConfig(configWithLinux({ namespaces: [{ type: "foo" }], maskedPaths: ["x"] }));
		expect(issues.map(({ path, section }) => [path, section])).toContainEqual([
			"$.linux.namespaces[0].type",
			"config-linux.md#namespaces",
		]);
	});
});

describe("NUL characters, at which a path would end in the kernel,", () => {
	test("are refused wherever they stand", () => {
		const config = configWith({
			root: { path: "rootfs\0" },
			process: { cwd: "/", args: ["sh", "a\0b"] },
			annotations: { "a\0": "x" },
		});
		expect(issuesOfConfig(config).map(({ path }) => path)).toEqual([
			"$.root.path",
			"$.process.args[1]",
			'$.annotations["a\\u0000"]',
		]);
	});

	test("are not seen in an escaped backslash", () => {
		expect(issuesOfConfig(configWith({ hostname: "", annotations: { a: "\\u0000" } }))).toEqual([]);
	});
});

describe("null", () => {
	test("stands for an absent member", () => {
		const { config } = load(configWith({ hostname: null, mounts: null, linux: { devices: null, resources: null } }));
		expect(config).toEqual(configWith({ linux: {} }));
	});

	test("does not stand for an annotation", () => {
		expect(issuesOfConfig(configWith({ annotations: { a: null } }))).toHaveLength(1);
	});
});

describe("process.json", () => {
	test("is the process alone", () => {
		expect(loadProcess('{"cwd":"/","args":["id"]}\n')).toEqual({ process: { cwd: "/", args: ["id"] }, warnings: [] });
	});

	test("has its own paths and the chapters of config.json's process", () => {
		expect(issuesOfProcess({ args: [], rlimits: [{ type: "RLIMIT_X", soft: 0, hard: 0 }] })).toMatchObject([
			{ path: "$.rlimits[0].type", section: "config.md#posix-process" },
			{ path: "$.args", section: "config.md#process" },
		]);
	});

	test("is named in the error", () => {
		expect(thrownBy(() => loadProcess("{}", "p.json")).message).toBe(
			"invalid p.json: 2 errors\n$.cwd: is required but missing\n$.args: args must not be empty",
		);
	});
});

describe("a process that flags describe", () => {
	const given: Process = { cwd: "/", args: ["sh"] };

	test("is held to the same rules", () => {
		const wrong = { ...given, cwd: "x", env: ["NAME"] };
		expect(thrownBy(() => checkProcess(wrong, "flags of exec")).message).toBe(
			`invalid flags of exec: 2 errors\n$.cwd: Cwd must be an absolute path; found "x"\n$.env[0]: invalid environment variable: missing '='; found "NAME"`,
		);
	});

	test("may be questionable, which is a warning", () => {
		const warnings = checkProcess({ ...given, capabilities: { bounding: ["CAP_X"] } }, "flags of exec");
		expect(warnings.map(({ message }) => message)).toEqual(['unknown capability "CAP_X" is ignored']);
	});
});

describe("the resources of update", () => {
	test("may have their names in any letter case, but not those of maps", () => {
		const text =
			'{"MEMORY":{"Limit":5},"cpu":{"SHARES":2},"BlockIO":{"WeightDevice":[{"MAJOR":8,"minor":0,"WEIGHT":10}]},"Unified":{"Memory.Max":"5"}}';
		expect(loadResources(text).resources).toEqual({
			memory: { limit: 5 },
			cpu: { shares: 2 },
			blockIO: { weightDevice: [{ major: 8, minor: 0, weight: 10 }] },
			unified: { "Memory.Max": "5" },
		});
	});

	test("keep 64-bit limits", () => {
		expect(loadResources('{"memory":{"limit":9223372036854771712}}').resources.memory?.limit).toBe(
			9223372036854771712n,
		);
	});

	test("are checked by the same rules as linux.resources", () => {
		expect(issuesOfResources({ memory: { swappiness: 101 } })).toMatchObject([
			{ rule: "ME-07", path: "$.memory.swappiness", section: "config-linux.md#memory" },
		]);
		expect(issuesOfConfig(configWithLinux({ resources: { memory: { swappiness: 101 } } }))).toMatchObject([
			{ rule: "ME-07", path: "$.linux.resources.memory.swappiness" },
		]);
	});
});
