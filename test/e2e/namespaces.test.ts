/** Namespaces: made, inherited or joined by path (config-linux.md#namespaces), and what belongs to each. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { test as base, shell } from "../support/container.js";
import { hostMountinfo } from "../support/mounts.js";
import {
	namespaceFiles as files,
	makeNamespaceIn,
	namespaceOf,
	namespaceTypes as types,
} from "../support/namespaces.js";
import { needs } from "../support/skip.js";
import { stateOf } from "../support/status.js";
import { waitFor } from "../support/wait.js";

type Namespace = BaseConfig["linux"]["namespaces"][number];
type Type = Namespace["type"];

/** A patch that gives this list, in the place of the default one. */
const withNamespaces = (...list: Namespace[]) => {
	return (config: BaseConfig): void => {
		config.linux.namespaces = list;
		const has = (type: Type) => list.some((namespace) => namespace.type === type);
		if (!has("uts")) delete config.hostname;
		if (!has("mount")) {
			config.linux.maskedPaths = [];
			config.linux.readonlyPaths = [];
		}
	};
};

const made = (...list: Type[]): Namespace[] => list.map((type) => ({ type }));

const test = base.extend("makeNamespace", async ({ folder }, { onCleanup }) => makeNamespaceIn(folder, onCleanup));

describe("a namespace that is listed", () => {
	test("with an empty path is made", ({ container }) => {
		const patch = withNamespaces(...made("mount", "pid"), { type: "uts", path: "" });
		expect(container.output({ args: ["/bin/readlink", "/proc/self/ns/uts"], patch }).trim()).not.toBe(
			namespaceOf("self", "uts"),
		);
	});

	test("all at once, and exec goes into every one of them", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun");
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ patch: withNamespaces(...made(...types)) }), id);
		const { pid } = stateOf(runtime, id);
		const seen = JSON.parse(runtime("exec", id, "/probe", "namespaces").stdout);
		for (const type of types) {
			expect(seen[files[type]]).toBe(namespaceOf(pid, type));
			expect(seen[files[type]]).not.toBe(namespaceOf("self", type));
		}
		runtime("delete", "--force", id);
	});
});

describe("a namespace that is not listed", () => {
	test("is the runtime's", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const patch = withNamespaces(...made("mount"));
		expect(runtime("create", "--bundle", makeBundle({ patch }), id)).toMatchObject({ status: 0, stderr: "" });
		const { pid } = stateOf(runtime, id);
		for (const type of types.filter((each) => each !== "mount")) {
			expect(namespaceOf(pid, type)).toBe(namespaceOf("self", type));
		}
		runtime("delete", "--force", id);
	});

	test("leaves the host's processes in sight without a pid namespace", ({ container }) => {
		const patch = withNamespaces(...made("mount"));
		const output = container.output({ args: shell("test -d /proc/$$ && cat /proc/1/comm; echo $$"), patch });
		expect(output.split("\n")[0]).toBe(readFileSync("/proc/1/comm", "utf8").trim());
		expect(Number(output.split("\n")[1])).toBeGreaterThan(1);
	});
});

describe("a path", () => {
	test("of another type is an error that names it", async ({ container, makeNamespace, skip }) => {
		const { path } = await makeNamespace("uts");
		const patch = withNamespaces(...made("mount"), { type: "network", path });
		const message = container.refusal({ patch });
		expect(message.toLowerCase()).toContain("invalid argument");
		// runc 1.1 names the type alone
		needs(skip, "tsrun");
		expect(message).toContain(`join network namespace "${path}": invalid argument`);
	});

	test.for<[what: string, path: string, words: RegExp]>([
		["that is not there", "/nowhere/ns/net", /no such file or directory/],
		["that is no namespace", "/etc/hostname", /not a namespace|not of type|invalid argument/],
		["that is relative", "proc/self/ns/net", /absolute/],
	])("%s is an error", ([, path, words], { container, skip }) => {
		// runc 1.1 does not say which path, and takes a relative one for one of its own directory
		if (!path.startsWith("/nowhere")) needs(skip, "tsrun");
		const message = container.refusal({ patch: withNamespaces(...made("mount"), { type: "network", path }) });
		expect(message).toMatch(words);
		expect(message).toContain(path);
	});

	test("given twice for one type is an error", ({ container }) => {
		const message = container.refusal({ patch: withNamespaces(...made("mount", "pid", "pid")) });
		expect(message).toMatch(/pid/);
	});

	test("of an unknown type is an error", ({ container }) => {
		const patch = withNamespaces(...made("mount"), { type: "colour" as Type });
		expect(container.refusal({ patch })).toMatch(/colour|namespaces\[1\]|does not exist/);
	});
});

describe("containers of a pod", () => {
	const paused = (fixtures: {
		runtime: (...args: string[]) => { status: number | null; stderr: string };
		makeBundle: (options: { patch: (config: BaseConfig) => void }) => string;
		newId: () => string;
	}) => {
		const id = fixtures.newId();
		const patch = withNamespaces(...made("mount", "pid", "ipc", "uts", "network"));
		const run = fixtures.runtime("run", "--detach", "--bundle", fixtures.makeBundle({ patch }), id);
		expect(run).toMatchObject({ status: 0, stderr: "" });
		return id;
	};

	test("share pid, ipc, uts and network namespaces", ({ runtime, makeBundle, newId }) => {
		const pause = paused({ runtime, makeBundle, newId });
		const { pid } = stateOf(runtime, pause);
		const shared = (["pid", "ipc", "uts", "network"] as const).map((type) => ({
			type,
			path: `/proc/${pid}/ns/${files[type]}`,
		}));
		const patch = (config: BaseConfig) => {
			withNamespaces(...made("mount"), ...shared)(config);
			delete config.hostname;
		};
		const args = shell("cat /proc/1/cmdline | tr '\\0' ' '; echo; hostname; echo $$");
		const run = runtime("run", "--bundle", makeBundle({ args, patch }), newId());
		expect(run).toMatchObject({ status: 0, stderr: "" });
		const [first, name, own] = run.stdout.split("\n");
		expect([first, name]).toEqual(["/probe sleep ", "container"]);
		expect(Number(own)).toBeGreaterThan(1);
		runtime("delete", "--force", pause);
	});

	test("in a joined pid namespace end alone, and their orphans are killed with the cgroup", async ({
		runtime,
		makeBundle,
		newId,
	}) => {
		const pause = paused({ runtime, makeBundle, newId });
		const { pid } = stateOf(runtime, pause);
		const patch = withNamespaces(...made("mount"), { type: "pid", path: `/proc/${pid}/ns/pid` });
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "fork-orphans", "2"], patch }), id);
		const processes = () => runtime("ps", "-f", "json", id).stdout;
		await waitFor(() => (JSON.parse(processes()) as number[]).length === 3, { what: "three processes" });
		expect(runtime("delete", "--force", id)).toMatchObject({ status: 0 });
		expect(stateOf(runtime, pause).status).toBe("running");
		runtime("delete", "--force", pause);
	});
});

describe("the uts namespace", () => {
	test("has the configuration's hostname and domainname", ({ container, skip }) => {
		const patch = (config: BaseConfig) => {
			config.hostname = "name-of-mine";
		};
		expect(JSON.parse(container.output({ args: ["/probe", "hostname"], patch })).hostname).toBe("name-of-mine");
		// runc knows domainname since 1.2
		needs(skip, "tsrun");
		const both = (config: BaseConfig) => {
			patch(config);
			config.domainname = "example.org";
		};
		expect(JSON.parse(container.output({ args: ["/probe", "hostname"], patch: both }))).toEqual({
			hostname: "name-of-mine",
			domainname: "example.org",
		});
	});

	test("keeps the host's name without one", ({ container }) => {
		const patch = (config: BaseConfig) => {
			delete config.hostname;
		};
		expect(container.output({ args: ["/bin/hostname"], patch })).toBe(`${hostname()}\n`);
	});

	test("is needed to set a name: the host's is left alone", ({ container, skip }) => {
		const before = hostname();
		const patch = (config: BaseConfig) => {
			withNamespaces(...made("mount", "pid"))(config);
			config.hostname = "taken-over";
		};
		expect(container.refusal({ patch })).toContain("unable to set hostname without a private UTS namespace");
		needs(skip, "tsrun");
		const domain = (config: BaseConfig) => {
			withNamespaces(...made("mount", "pid"))(config);
			config.domainname = "taken.over";
		};
		expect(container.refusal({ patch: domain })).toContain("unable to set domainname without a private UTS namespace");
		expect(hostname()).toBe(before);
	});

	test("that is joined gets the name as well", async ({ container, makeNamespace, skip }) => {
		// runc 1.1 calls it an error
		needs(skip, "tsrun");
		const { path } = await makeNamespace("uts");
		const patch = withNamespaces(...made("mount", "pid"), { type: "uts", path });
		expect(container.output({ args: ["/bin/hostname"], patch })).toBe("container\n");
		expect(hostname()).not.toBe("container");
	});
});

describe("the network namespace", () => {
	test("has a loopback interface, up and with its addresses", ({ container }) => {
		const interfaces = JSON.parse(container.output({ args: ["/probe", "interfaces"] }));
		expect(interfaces.lo).toMatchObject({ up: true });
		expect(Object.keys(interfaces).filter((name) => interfaces[name].up)).toEqual(["lo"]);
	});

	test("that is joined is left as it is", async ({ container, makeNamespace }) => {
		const { path } = await makeNamespace("network");
		const patch = withNamespaces(...made("mount", "pid"), { type: "network", path });
		expect(JSON.parse(container.output({ args: ["/probe", "interfaces"], patch })).lo).toMatchObject({ up: false });
	});
});

describe("the cgroup namespace", () => {
	test("has the container's cgroup as its root", ({ container }) => {
		const patch = (config: BaseConfig) => {
			config.linux.namespaces.push({ type: "cgroup" });
		};
		const lines = container
			.output({ args: ["/probe", "cgroup"], patch })
			.trim()
			.split("\n");
		expect(lines.length).toBeGreaterThan(0);
		expect(lines.filter((line) => !line.endsWith(":/"))).toEqual([]);
	});
});

describe("the time namespace", () => {
	const uptime = () => Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);

	test("holds for an exec'd process too", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun");
		const patch = (config: BaseConfig) => {
			config.linux.namespaces.push({ type: "time" });
			config.linux.timeOffsets = { boottime: { secs: 1_000_000 } };
		};
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ patch }), id);
		const inside = Number(runtime("exec", id, "/bin/cat", "/proc/uptime").stdout.split(" ")[0]);
		expect(inside - uptime()).toBeGreaterThan(999_990);
		runtime("delete", "--force", id);
	});

	test("cannot start before the machine did", ({ container, skip }) => {
		needs(skip, "tsrun");
		const patch = (config: BaseConfig) => {
			config.linux.namespaces.push({ type: "time" });
			config.linux.timeOffsets = { boottime: { secs: -1_000_000_000 } };
		};
		const message = container.refusal({ patch });
		expect(message).toContain("timens_offsets");
		expect(message).toContain("numerical result out of range");
	});
});

test("a mount namespace that is joined has the container's root from then on", async ({
	makeNamespace,
	container,
	folder,
}) => {
	const { path } = await makeNamespace("mount");
	const before = hostMountinfo(folder);
	const patch = withNamespaces(...made("pid"), { type: "mount", path });
	expect(container.output({ args: ["/bin/ls", "/"], patch })).toContain("probe\n");
	expect(hostMountinfo(folder)).toBe(before);
});
