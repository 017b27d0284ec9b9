/** Network devices that move into the container (config-linux.md#network-devices). The host's network is a private one here. */
import { spawn, spawnSync } from "node:child_process";
import { describe, expect } from "vitest";
import type { Config } from "../../src/spec/types.js";
import type { BaseConfig, BundleOptions } from "../support/bundle.js";
import { test as base, shell } from "../support/container.js";
import { failureOf } from "../support/failure.js";
import { probe } from "../support/paths.js";
import type { RunResult } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { stateOf } from "../support/status.js";
import { waitFor } from "../support/wait.js";

interface Device {
	readonly ifname: string;
	readonly mtu: number;
	readonly address: string;
	readonly flags: readonly string[];
	readonly addr_info: readonly {
		readonly local: string;
		readonly prefixlen: number;
		readonly address?: string;
		readonly scope: string;
		readonly label?: string;
		readonly nodad?: true;
	}[];
}

/** A network namespace, by the path of its file. */
interface Network {
	readonly path: string;
	/** ip(8) in it, with what it prints. */
	readonly ip: (...args: string[]) => string;
	/** The device with its addresses, null when it is not here. */
	readonly device: (name: string) => Device | null;
}

function networkAt(path: string): Network {
	const run = (args: readonly string[]) =>
		spawnSync("nsenter", [`--net=${path}`, "ip", ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
	const ip = (...args: string[]) => {
		const { status, stdout, stderr } = run(args);
		if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr}`);
		return stdout;
	};
	const device = (name: string) => {
		const { status, stdout } = run(["-json", "address", "show", "dev", name]);
		return status === 0 ? ((JSON.parse(stdout) as Device[])[0] ?? null) : null;
	};
	return { path, ip, device };
}

const test = base
	.extend("makeNetwork", async ({ folder }, { onCleanup }) => {
		const keepers: { kill: () => void; ended: Promise<unknown> }[] = [];
		onCleanup(async () => {
			for (const { kill, ended } of keepers) {
				kill();
				await ended;
			}
		});
		return async (): Promise<Network> => {
			const child = spawn("unshare", ["--net", probe, "print-ready-then-wait"], {
				env: { ...process.env, TSRUN_E2E: folder },
				stdio: ["ignore", "pipe", "inherit"],
			});
			keepers.push({
				kill: () => child.kill("SIGKILL"),
				ended: new Promise((resolve) => child.once("exit", resolve)),
			});
			await new Promise((resolve) => child.stdout.once("data", resolve));
			return networkAt(`/proc/${child.pid}/ns/net`);
		};
	})
	/** A host with the device "front", up and with addresses and routes, whose other end "back" shows whether it is alive. */
	.extend("host", async ({ makeNetwork, skip }) => {
		needs(skip, "tsrun"); // the peers here know no network devices
		const host = await makeNetwork();
		host.ip("link", "add", "front", "mtu", "1400", "type", "veth", "peer", "name", "back");
		for (const address of [
			["10.1.2.3/24"],
			["10.1.2.4/24", "label", "front:web"],
			["10.9.0.1", "peer", "10.9.0.2"],
			["10.8.0.1/24", "scope", "link"],
			["fd00::5/64", "nodad"],
		])
			host.ip("address", "add", ...address, "dev", "front");
		for (const name of ["front", "back", "lo"]) host.ip("link", "set", name, "up");
		host.ip("route", "add", "10.6.0.0/16", "via", "10.1.2.1");
		host.ip("route", "add", "10.7.0.0/16", "via", "10.6.0.1", "dev", "front", "onlink");
		host.ip("-6", "route", "add", "fd01::/64", "via", "fd00::9");
		return host;
	})
	.extend("onHost", ({ runtime, host }) => (...args: string[]): RunResult => {
		return runtime.with({ through: ["nsenter", `--net=${host.path}`] }, ...args);
	});

type NetDevices = NonNullable<Config["linux"]>["netDevices"];

const withDevices = (netDevices: NonNullable<NetDevices>, more: BundleOptions["patch"] = () => {}) => {
	return (config: BaseConfig): void => {
		config.linux.netDevices = netDevices;
		more(config);
	};
};

const addressesOf = (device: Device | null, scope: string) =>
	device?.addr_info.filter((one) => one.scope === scope).map(({ local, prefixlen }) => `${local}/${prefixlen}`);

const everything = ["10.1.2.3/24", "10.9.0.1/32", "10.1.2.4/24", "fd00::5/64"];

describe("a device that is named", () => {
	test("ND-01 ND-02 ND-06 ND-07 ND-08 is the container's, under its new name, up, and with all that it was", ({
		host,
		onHost,
		runtime,
		makeBundle,
		newId,
	}) => {
		const before = host.device("front");
		const id = newId();
		expect(
			onHost("create", "--bundle", makeBundle({ patch: withDevices({ front: { name: "net1" } }) }), id),
		).toMatchObject({
			status: 0,
			stderr: "",
		});
		const inside = networkAt(`/proc/${stateOf(runtime, id).pid}/ns/net`);
		const after = inside.device("net1");
		expect(after).toMatchObject({ mtu: 1400, address: before?.address, flags: expect.arrayContaining(["UP"]) });
		expect(addressesOf(after, "global")).toEqual(everything);
		expect(after?.addr_info.find(({ local }) => local === "10.9.0.1")?.address).toBe("10.9.0.2");
		expect(after?.addr_info.find(({ local }) => local === "10.1.2.4")?.label).toBe("net1:web");
		expect(after?.addr_info.find(({ local }) => local === "fd00::5")?.nodad).toBe(true);
		// link scope is for the link that it had
		expect(addressesOf(after, "link")).not.toContain("10.8.0.1/24");
		expect(host.device("front")).toBe(null);
		onHost("delete", "--force", id);
	});

	test.for([{}, { name: "" }])(
		"ND-02 keeps its name without a new one: %j",
		(device, { onHost, makeBundle, newId }) => {
			const bundle = makeBundle({ args: shell("ls /sys/class/net"), patch: withDevices({ front: device }) });
			expect(onHost("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "front\nlo\n" });
		},
	);

	test("ND-05 gets a number from the kernel where the new name asks for one", ({ onHost, makeBundle, newId }) => {
		const netDevices = { front: { name: "eth%d" }, back: { name: "eth%d" } };
		const bundle = makeBundle({ args: shell("ls /sys/class/net"), patch: withDevices(netDevices) });
		expect(onHost("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "eth0\neth1\nlo\n" });
	});

	test("is there before the sysctls that are about it, and before the hooks", ({
		onHost,
		makeBundle,
		newId,
		folder,
	}) => {
		const patch = withDevices({ front: { name: "net1" } }, (config) => {
			config.linux.sysctl = { "net.ipv4.conf.net1.forwarding": "1" };
			config.hooks = {
				createRuntime: [
					{
						path: "/bin/sh",
						args: [
							"sh",
							"-c",
							`pid=$(sed 's/.*"pid":\\([0-9]*\\).*/\\1/'); nsenter -t $pid -n ip link > ${folder}/links`,
						],
						env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
					},
				],
			};
		});
		const bundle = makeBundle({
			args: shell("cat /proc/sys/net/ipv4/conf/net1/forwarding"),
			patch,
		});
		expect(onHost("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "1\n", stderr: "" });
		expect(spawnSync("cat", [`${folder}/links`], { encoding: "utf8" }).stdout).toContain("net1");
	});

	test("moves into the network of a user namespace", ({ onHost, makeBundle, newId }) => {
		const patch = withDevices({ front: {} }, (config) => {
			config.linux.namespaces.push({ type: "user" });
			config.linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
			config.linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
		});
		const bundle = makeBundle({ args: shell("ip -o addr show dev front | grep -c 10.1.2.3/24"), patch });
		expect(onHost("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "1\n", stderr: "" });
	});

	test("ND-09 ND-10 moves into a namespace given by path, and stays in it when the container is deleted", async ({
		host,
		onHost,
		makeBundle,
		makeNetwork,
		newId,
	}) => {
		const network = await makeNetwork();
		const patch = withDevices({ front: { name: "net1" } }, ({ linux }) => {
			linux.namespaces = linux.namespaces.map((one) => (one.type === "network" ? { ...one, path: network.path } : one));
		});
		expect(onHost("run", "--bundle", makeBundle({ args: ["/probe", "exit", "0"], patch }), newId())).toMatchObject({
			status: 0,
			stderr: "",
		});
		expect(addressesOf(network.device("net1"), "global")).toEqual(everything);
		expect(host.device("front")).toBe(null);
	});

	test("ND-10 goes with its namespace, as virtual ones do", async ({ host, onHost, makeBundle, newId }) => {
		const id = newId();
		onHost("run", "--detach", "--bundle", makeBundle({ patch: withDevices({ front: {} }) }), id);
		expect(host.device("back")).not.toBe(null);
		onHost("delete", "--force", id);
		// the kernel takes namespaces down in the background
		await waitFor(() => host.device("back") === null, { what: "the other end to go with the device" });
	});
});

test("an empty list of devices asks for nothing", ({ runtime, makeBundle, newId }) => {
	const bundle = makeBundle({ args: ["/probe", "exit", "0"], patch: withDevices({}) });
	expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "", stderr: "" });
});

describe("an error", () => {
	const refusals: readonly (readonly [what: string, devices: NonNullable<NetDevices>, message: string | RegExp])[] = [
		["ND-03 a device that is not there", { front: {}, nope: {} }, 'find network device "nope": no such device'],
		[
			"ND-03 ND-04 a name that the container has",
			{ front: { name: "lo" } },
			'cannot move network device "front": the container has a device "lo" already',
		],
		[
			"ND-03 a device that belongs to its namespace",
			{ front: {}, lo: { name: "loop" } },
			'move network device "lo" into the container as "loop": invalid argument',
		],
	];
	for (const [what, devices, message] of refusals)
		test(`${what}: nothing is moved`, ({ host, onHost, makeBundle, newId }) => {
			const before = portrait(host);
			const failure = failureOf(onHost("create", "--bundle", makeBundle({ patch: withDevices(devices) }), newId()));
			expect(failure).toEqual({ status: 1, stdout: "", message: `tsrun create failed: ${message}` });
			expect(portrait(host)).toEqual(before);
		});

	test("the network of the host itself", ({ host, onHost, makeBundle, newId }) => {
		const patch = withDevices({ front: { name: "net1" } }, ({ linux }) => {
			linux.namespaces = linux.namespaces.map((one) => (one.type === "network" ? { ...one, path: host.path } : one));
		});
		expect(failureOf(onHost("create", "--bundle", makeBundle({ patch }), newId())).message).toBe(
			"tsrun create failed: unable to move network devices into the network namespace of the host",
		);
		expect(host.device("front")).not.toBe(null);
	});

	test("later in create, or of the program: the devices come back with addresses and routes", ({
		host,
		onHost,
		makeBundle,
		newId,
	}) => {
		const before = portrait(host);
		const devices = { front: { name: "eth%d" }, back: { name: "other" } };
		const missing = makeBundle({ args: ["/nope"], patch: withDevices(devices) });
		const broken = makeBundle({ args: ["/broken"], files: { "/broken": "#!/nope\n" }, patch: withDevices(devices) });
		const mount = makeBundle({
			patch: withDevices(devices, (config) => {
				config.mounts.push({ destination: "/mnt", type: "nope", source: "none" });
			}),
		});
		for (const [verb, bundle] of [
			["create", missing],
			["run", missing],
			["run", broken],
			["create", mount],
		] as const) {
			const { status, stderr } = onHost(verb, "--bundle", bundle, newId());
			expect([status, stderr]).toEqual([1, expect.not.stringContaining("could not")]);
			expect(portrait(host)).toEqual(before);
		}
	});

	test("a failing hook: the devices come back after it", ({ host, onHost, makeBundle, newId }) => {
		const before = portrait(host);
		const patch = withDevices({ front: { name: "net1" } }, (config) => {
			config.hooks = { createRuntime: [{ path: "/bin/false" }] };
		});
		expect(onHost("create", "--bundle", makeBundle({ patch }), newId()).status).toBe(1);
		expect(portrait(host)).toEqual(before);
	});

	test("a caller without privileges", ({ host, runtime, makeBundle, newId }) => {
		const bundle = makeBundle({ patch: withDevices({ front: {} }) });
		const run = runtime.with(
			{ through: ["nsenter", `--net=${host.path}`] },
			"--rootless",
			"true",
			"create",
			"--bundle",
			bundle,
			newId(),
		);
		expect(failureOf(run).message).toBe(
			"tsrun create failed: network devices are not supported for rootless containers",
		);
		expect(host.device("front")).not.toBe(null);
	});
});

/** What of a device and its routes must be the same again; the kernel makes link-local addresses in its own time. */
function portrait(host: Network) {
	const devices = ["front", "back"].map((name) => host.device(name));
	const routes = ["-4", "-6"].map((family) => host.ip(family, "route").split("\n").sort());
	return {
		devices: devices.map(
			(device) =>
				device && {
					...device,
					flags: [...device.flags].filter((flag) => /^(UP|BROADCAST|MULTICAST)$/.test(flag)),
					ifindex: 0,
					link_index: 0,
					operstate: "",
					addr_info: device.addr_info
						.filter(({ local }) => !local.startsWith("fe80:"))
						.map(({ local, prefixlen, scope, label, nodad }) => ({ local, prefixlen, scope, label, nodad })),
				},
		),
		routes: routes.map((lines) =>
			lines.filter((line) => !line.startsWith("fe80:")).map((line) => line.replace(/ (linkdown|dead)/g, "")),
		),
	};
}
