import { describe, expect, it } from "vitest";
import {
	ignoredInMember,
	memberConfig,
	type PauseSettings,
	pauseConfig,
	sharedNamespaces,
} from "../../../../src/runtime/pods/config.js";
import { exactJson } from "../../../../src/spec/json.js";
import { loadConfig } from "../../../../src/spec/load.js";
import type { Config } from "../../../../src/spec/types.js";

const settings: PauseSettings = { name: "web", hostname: "w", sharesPids: false, user: null };

const bundle: Config = {
	ociVersion: "1.3.0",
	root: { path: "rootfs" },
	process: { args: ["sh"], cwd: "/" },
	hostname: "own",
	domainname: "own.example",
	annotations: { a: "b", "org.tsrun.pod": "another" },
	linux: {
		uidMappings: [{ containerID: 0, hostID: 1000, size: 1 }],
		gidMappings: [{ containerID: 0, hostID: 1000, size: 1 }],
		maskedPaths: ["/proc/kcore"],
		namespaces: [{ type: "pid" }, { type: "network", path: "/run/netns/x" }, { type: "mount" }, { type: "user" }],
	},
};

describe("the configuration of a pause container", () => {
	it.each<[string, Partial<PauseSettings>, string[]]>([
		["without more", {}, ["network", "ipc", "uts"]],
		["with process ids", { sharesPids: true }, ["network", "ipc", "uts", "pid"]],
		["of a user", { user: { uid: 7, gid: 8 } }, ["user", "network", "ipc", "uts"]],
	])("%s is valid, and tells what is shared", (_title, change, shared) => {
		const { config, warnings } = loadConfig(exactJson(pauseConfig({ ...settings, ...change })));
		expect(warnings).toEqual([]);
		expect(config.annotations?.["org.tsrun.pod"]).toBe("web");
		expect(sharedNamespaces(config.annotations ?? {})).toEqual(shared);
		expect(config.linux?.namespaces?.map(({ type }) => type).sort()).toEqual(
			[...new Set([...shared, "pid", "mount"])].sort(),
		);
	});

	it("belongs to nobody, and in a user's namespace to the user", () => {
		expect(pauseConfig(settings).process?.user).toEqual({ uid: 65535, gid: 65535 });
		const { process, linux } = pauseConfig({ ...settings, user: { uid: 7, gid: 8 } });
		expect(process?.user).toEqual({ uid: 0, gid: 0 });
		expect(linux?.uidMappings).toEqual([{ containerID: 0, hostID: 7, size: 1 }]);
		expect(linux?.gidMappings).toEqual([{ containerID: 0, hostID: 8, size: 1 }]);
	});
});

describe("sharedNamespaces", () => {
	it("are those that are known, in one order, and none without the annotation", () => {
		expect(sharedNamespaces({})).toEqual([]);
		expect(sharedNamespaces({ "org.tsrun.pod.shares": "pid,mount,ipc,,frob" })).toEqual(["ipc", "pid"]);
	});
});

describe("the configuration of a member", () => {
	it("joins what the pod shares and keeps the rest", () => {
		const { linux, annotations, process } = memberConfig(bundle, {
			pod: "web",
			pid: 42,
			namespaces: ["network", "uts"],
		});
		expect(linux?.namespaces).toEqual([
			{ type: "pid" },
			{ type: "mount" },
			{ type: "user" },
			{ type: "network", path: "/proc/42/ns/net" },
			{ type: "uts", path: "/proc/42/ns/uts" },
		]);
		expect(linux).toMatchObject({ maskedPaths: ["/proc/kcore"], uidMappings: bundle.linux?.uidMappings });
		expect(annotations).toEqual({ a: "b", "org.tsrun.pod": "web" });
		expect(process).toEqual(bundle.process);
	});

	it("has no names and, in the pod's user namespace, no maps of its own", () => {
		const member = memberConfig(bundle, { pod: "web", pid: 42, namespaces: ["user"] });
		for (const name of ["hostname", "domainname"]) expect(member).not.toHaveProperty(name);
		for (const name of ["uidMappings", "gidMappings"]) expect(member.linux).not.toHaveProperty(name);
	});

	it("can be that of a bundle that says nothing of Linux", () => {
		const plain: Config = { ociVersion: "1.3.0", root: { path: "rootfs" } };
		const member = memberConfig(plain, { pod: "web", pid: 42, namespaces: ["ipc"] });
		expect(member.linux).toEqual({ namespaces: [{ type: "ipc", path: "/proc/42/ns/ipc" }] });
	});

	it("leaves out what its bundle's author is told of", () => {
		expect(ignoredInMember(bundle)).toEqual([
			expect.stringContaining('$.hostname: "own"'),
			expect.stringContaining('$.domainname: "own.example"'),
		]);
		expect(ignoredInMember({ ociVersion: "1.3.0", root: { path: "rootfs" }, hostname: "" })).toEqual([]);
	});
});
