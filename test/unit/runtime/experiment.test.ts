import { describe, expect, it } from "vitest";
import type { Fate } from "../../../src/linux/signal-fate.js";
import { copyConfig } from "../../../src/runtime/experiment/copy-config.js";
import { agrees, type Observation } from "../../../src/runtime/experiment/try-signal.js";
import type { Config } from "../../../src/spec/types.js";

const config: Config = {
	ociVersion: "1.3.0",
	root: { path: "/images/web", readonly: true },
	process: { args: ["/bin/web"], cwd: "/" },
	mounts: [
		{ destination: "/proc", type: "proc", source: "proc" },
		{ destination: "/data", source: "data", options: ["rbind", "rw"] },
		{ destination: "/etc/hosts", source: "/run/hosts", options: ["bind"] },
	],
	hooks: { createRuntime: [{ path: "/bin/net" }] },
	annotations: { a: "b" },
	linux: {
		cgroupsPath: "/pods/web",
		namespaces: [{ type: "pid" }, { type: "network", path: "/run/netns/web" }, { type: "ipc", path: "/proc/1/ns/ipc" }],
		netDevices: { eth1: {} },
	},
};

describe("copyConfig", () => {
	const copy = copyConfig(config, "/bundles/web");

	it("keeps the program and what it finds", () => {
		expect(copy).toMatchObject({ process: config.process, annotations: { a: "b" }, ociVersion: "1.3.0" });
		expect(copy.root).toEqual({ path: "rootfs", readonly: true });
	});

	it("makes volumes read-only, with their sources where they were", () => {
		expect(copy.mounts).toEqual([
			{ destination: "/proc", type: "proc", source: "proc" },
			{ destination: "/data", source: "/bundles/web/data", options: ["rbind", "rw", "rro"] },
			{ destination: "/etc/hosts", source: "/run/hosts", options: ["bind", "ro"] },
		]);
	});

	it("runs no hooks, takes no device, and has a network and a cgroup of its own", () => {
		expect(copy.hooks).toBeUndefined();
		expect(copy.linux).toEqual({
			namespaces: [{ type: "pid" }, { type: "ipc", path: "/proc/1/ns/ipc" }, { type: "network" }],
		});
	});

	it("gives a network of its own also to the copy of one that is in the host's", () => {
		expect(copyConfig({ ...config, linux: { namespaces: [] } }, "/b").linux?.namespaces).toEqual([{ type: "network" }]);
	});
});

describe("what happened agrees with what was foretold", () => {
	const lives: Observation = { what: "lives" };
	const stopped: Observation = { what: "stopped" };
	const ended = (status: number): Observation => ({ what: "ended", status });

	it.each<[Fate, Observation, boolean]>([
		["dropped", lives, true],
		["dropped", ended(15), false],
		["ignored", lives, true],
		["nothing", stopped, false],
		["continues", lives, true],
		["stops", stopped, true],
		["stops", lives, false],
		["ends", ended(15), true],
		["ends", ended(9), false],
		["ends", ended(0), false],
		["ends", lives, false],
		["handler", lives, true],
		["handler", ended(0), true],
		["held", ended(3 << 8), true],
	])("%s, %o: %s", (foretold, observed, expected) => {
		expect(agrees(foretold, observed, 15)).toBe(expected);
	});
});
