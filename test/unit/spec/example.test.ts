import { describe, expect, test } from "vitest";
import { exampleConfig } from "../../../src/spec/example.js";
import { issuesOfConfig } from "./support.js";

const options = { rootless: false, cgroupNamespace: false, uid: 1000, gid: 100 };
const typesOf = (changes: Partial<typeof options>) =>
	exampleConfig({ ...options, ...changes }).linux?.namespaces?.map(({ type }) => type);

test.each([
	{ rootless: false, cgroupNamespace: false },
	{ rootless: false, cgroupNamespace: true },
	{ rootless: true, cgroupNamespace: false },
	{ rootless: true, cgroupNamespace: true },
])("with %o it is legal and warns of nothing", (changes) => {
	expect(issuesOfConfig(exampleConfig({ ...options, ...changes }))).toEqual([]);
});

describe("for root", () => {
	const config = exampleConfig(options);

	test("runs a shell on a terminal, with three capabilities and without the ambient set", () => {
		const names = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];
		expect(config.process).toMatchObject({ terminal: true, args: ["sh"], cwd: "/", noNewPrivileges: true });
		expect(config.process?.capabilities).toEqual({ bounding: names, effective: names, permitted: names });
	});

	test("has a read-only root and a hostname", () => {
		expect(config).toMatchObject({ ociVersion: "1.3.0", root: { path: "rootfs", readonly: true }, hostname: "tsrun" });
	});

	test("isolates all but users; cgroups where that says something", () => {
		expect(typesOf({})).toEqual(["pid", "network", "ipc", "uts", "mount"]);
		expect(typesOf({ cgroupNamespace: true })).toEqual(["pid", "network", "ipc", "uts", "mount", "cgroup"]);
	});

	test("denies devices, and gives terminals to the group tty", () => {
		expect(config.linux?.resources).toEqual({ devices: [{ allow: false, access: "rwm" }] });
		expect(config.mounts?.find(({ type }) => type === "devpts")?.options).toContain("gid=5");
	});
});

describe("for a user without privileges", () => {
	const config = exampleConfig({ ...options, rootless: true });

	test("makes the caller root of a user namespace and keeps the host's network", () => {
		expect(typesOf({ rootless: true })).toEqual(["pid", "ipc", "uts", "mount", "user"]);
		expect(config.linux?.uidMappings).toEqual([{ containerID: 0, hostID: 1000, size: 1 }]);
		expect(config.linux?.gidMappings).toEqual([{ containerID: 0, hostID: 100, size: 1 }]);
	});

	test("asks for nothing that needs privileges", () => {
		expect(config.linux).not.toHaveProperty("resources");
		expect(config.mounts?.flatMap(({ options = [] }) => options)).not.toContain("gid=5");
		expect(config.mounts?.find(({ destination }) => destination === "/sys")).toMatchObject({
			source: "/sys",
			options: expect.arrayContaining(["rbind", "ro"]),
		});
	});
});
