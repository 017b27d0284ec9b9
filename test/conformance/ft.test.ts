/** FT: the features document (features.md, features-linux.md), and that all it claims is true. */
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { capabilityNames } from "../../src/spec/capability-names.js";
import type { Features } from "../../src/spec/types.js";
import { listenAsAgent } from "../support/agent.js";
import { inLayout } from "../support/cgroup-layouts.js";
import { test as base, type Patch, setting } from "../support/conformance.js";
import type { HookKind } from "../support/diary.js";

const test = base.extend("features", ({ runtime }) => {
	const { status, stdout, stderr } = runtime("features");
	expect(status, stderr).toBe(0);
	const document: Features = JSON.parse(stdout);
	return document;
});

const withLinux = (members: object): Patch => setting(({ linux }) => linux, members);
const withVersion = (ociVersion: string): Patch => setting((config) => config, { ociVersion });
/** What is said to be there must not be empty: a test of nothing proves nothing. */
const some = (names: readonly string[] | null | undefined): readonly string[] => {
	expect(names?.length).toBeGreaterThan(0);
	return names ?? [];
};

test("FT-01 there is a features document", ({ features }) => {
	expect(features).toBeTypeOf("object");
});

test("FT-02 its content does not depend on where it is asked for", ({ runtime, features, folder, skip }) => {
	if (process.getuid?.() !== 0) skip("not run by root");
	const elsewhere = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", 'umount -R /sys; exec "$0" "$@"'];
	expect(JSON.parse(runtime.with({ through: elsewhere, cwd: folder }, "features").stdout)).toEqual(features);
	const another = ["setpriv", "--reuid=1234", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"];
	expect(JSON.parse(runtime.with({ through: another }, "features").stdout)).toEqual(features);
});

test("FT-04 nothing in it is null: what is there is known", ({ features }) => {
	expect(JSON.stringify(features)).not.toContain("null");
});

test("FT-05 FT-06 ociVersionMin is there, and accepted", ({ features, create }) => {
	create({ patch: withVersion(features.ociVersionMin) });
});

test("FT-07 FT-08 ociVersionMax is there, and accepted", ({ features, create }) => {
	create({ patch: withVersion(features.ociVersionMax) });
});

test("FT-09 ociVersionMax is not less than ociVersionMin", ({ features }) => {
	const number = (version: string) => version.split(/[.-]/).slice(0, 3).map(Number);
	const [least, most] = [number(features.ociVersionMin), number(features.ociVersionMax)];
	const order = least.map((part, index) => Math.sign((most[index] ?? 0) - part)).find((sign) => sign !== 0) ?? 0;
	expect(order).toBeGreaterThanOrEqual(0);
});

test("FT-10 it has no properties beside those of the specification", ({ features }) => {
	const known: Record<string, readonly string[]> = {
		"": [
			"ociVersionMin",
			"ociVersionMax",
			"hooks",
			"mountOptions",
			"linux",
			"annotations",
			"potentiallyUnsafeConfigAnnotations",
		],
		linux: [
			...["namespaces", "capabilities", "cgroup", "seccomp", "apparmor", "selinux", "intelRdt", "memoryPolicy"],
			...["mountExtensions", "netDevices"],
		],
		"linux.cgroup": ["v1", "v2", "systemd", "systemdUser", "rdma"],
		"linux.seccomp": ["enabled", "actions", "operators", "archs", "knownFlags", "supportedFlags"],
		"linux.intelRdt": ["enabled", "schemata", "monitoring"],
		"linux.memoryPolicy": ["modes", "flags"],
		"linux.mountExtensions": ["idmap"],
	};
	for (const [path, names] of Object.entries(known)) {
		const steps = path.split(".").filter(Boolean);
		const object = steps.reduce<unknown>((at, step) => (at as Record<string, unknown>)?.[step], features) ?? {};
		expect(
			Object.keys(object).filter((name) => !names.includes(name)),
			path,
		).toEqual([]);
	}
});

test("FT-11 every hook of hooks is called", ({ features, start, runtime, diary, withDiary }) => {
	const kinds = some(features.hooks) as HookKind[];
	const { id } = start({ patch: withDiary(...kinds) });
	runtime("delete", "--force", id);
	expect([...diary.names()].sort()).toEqual([...kinds].sort());
});

test("FT-12 FT-13 every name of mountOptions is the runtime's: none reaches the file system", ({
	features,
	output,
	folder,
}) => {
	const kinds = ["bind", "rbind", "remount", "idmap", "ridmap"];
	const names = some(features.mountOptions);
	const mapped = names.filter((name) => name === "idmap" || name === "ridmap");
	const mapping = [{ containerID: 0, hostID: 5000, size: 10 }];
	const patch: Patch = ({ mounts }) => {
		for (const [index, option] of names.filter((name) => !kinds.includes(name)).entries()) {
			mounts.push({ destination: `/m/${index}`, type: "tmpfs", source: "tmpfs", options: [option] });
		}
		for (const option of ["bind", "rbind"])
			mounts.push({ destination: `/m/${option}`, source: folder, options: [option] });
		for (const option of mapped) {
			const mappings = { uidMappings: mapping, gidMappings: mapping };
			mounts.push({ destination: `/m/${option}`, source: folder, options: ["bind", option], ...mappings });
		}
	};
	expect(output(["/bin/echo", "runs"], patch)).toBe("runs\n");
	expect(names.filter((name) => /^(size|mode|uid|gid|nr_inodes|acl|noacl)/.test(name))).toEqual([]);
});

test("FT-14 annotations map names to strings", ({ features }) => {
	for (const [name, value] of Object.entries(features.annotations ?? {})) {
		expect(name).not.toBe("");
		expect(value).toBeTypeOf("string");
	}
});

test("FT-15 potentiallyUnsafeConfigAnnotations are names, or with a final dot beginnings of names", ({ features }) => {
	for (const name of features.potentiallyUnsafeConfigAnnotations ?? []) expect(name).toMatch(/^[\w-]+(\.[\w-]+)+\.?$/);
});

test("FT-16 every name of linux.namespaces can be in a configuration", ({ features, create }) => {
	const types = some(features.linux?.namespaces);
	create({
		patch: (config) => {
			Object.assign(config.linux, { namespaces: types.map((type) => ({ type })) });
			config.linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
			config.linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
		},
	});
});

test("FT-17 every name of linux.capabilities can be given, as far as the machine has it", ({ features, look }) => {
	const own = BigInt(`0x${/CapBnd:\t(\w+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]}`);
	const bit = (name: string) => 1n << BigInt(capabilityNames.indexOf(name as (typeof capabilityNames)[number]));
	const names = some(features.linux?.capabilities).filter((name) => (own & bit(name)) !== 0n);
	const sets = { bounding: names, effective: names, permitted: names };
	const { bounding } = look(
		["caps"],
		setting(({ process }) => process, { capabilities: sets }),
	);
	expect(BigInt(`0x${bounding}`)).toBe(names.reduce((sum, name) => sum | bit(name), 0n));
});

test("FT-18 linux.cgroup tells the versions that containers can be made with", ({
	features,
	runtime,
	makeBundle,
	newId,
	create,
}) => {
	const { v1, v2 } = features.linux?.cgroup ?? {};
	expect([v1, v2]).toEqual([true, true]);
	create();
	const bundle = makeBundle({ args: ["/bin/echo", "runs"], patch: withLinux({ resources: {} }) });
	expect(inLayout(runtime, "v2")("run", "--bundle", bundle, newId()).stdout).toBe("runs\n");
	for (const claim of Object.values(features.linux?.cgroup ?? {})) expect(claim).toBeTypeOf("boolean");
});

const filter = (members: object, rule: object = {}) => {
	const deny = { names: ["mkdir"], action: "SCMP_ACT_ERRNO", errnoRet: 95, ...rule };
	return withLinux({ seccomp: { defaultAction: "SCMP_ACT_ALLOW", syscalls: [deny], ...members } });
};

test("FT-19 linux.seccomp.enabled tells whether filters are loaded", ({ features, container }) => {
	const { stdout } = container.run({ args: ["/probe", "syscall", "mkdir"], patch: filter({}) });
	expect(stdout === "EOPNOTSUPP\n").toBe(features.linux?.seccomp?.enabled);
});

test("FT-20 every name of linux.seccomp.actions can be a rule's", async ({ features, container, folder }) => {
	const actions = some(features.linux?.seccomp?.actions);
	for (const action of actions.filter((each) => each !== "SCMP_ACT_NOTIFY")) {
		const rule = { names: ["reboot"], action, errnoRet: undefined };
		expect(container.run({ args: ["/bin/echo", "runs"], patch: filter({}, rule) }).stdout, action).toBe("runs\n");
	}
	if (!actions.includes("SCMP_ACT_NOTIFY")) return;
	const agent = await listenAsAgent(folder, 1);
	const rule = { names: ["reboot"], action: "SCMP_ACT_NOTIFY", errnoRet: undefined };
	const patch = filter({ listenerPath: agent.path }, rule);
	expect(container.run({ args: ["/bin/echo", "runs"], patch }).stdout).toBe("runs\n");
	agent.signal("SIGKILL");
	await agent.ended();
});

test("FT-21 every name of linux.seccomp.operators can compare", ({ features, container }) => {
	for (const op of some(features.linux?.seccomp?.operators)) {
		const patch = filter({}, { args: [{ index: 1, value: 1, valueTwo: 1, op }] });
		expect(container.run({ args: ["/bin/echo", "runs"], patch }).stdout, op).toBe("runs\n");
	}
});

/** A filter of the kernel has one byte order: with these there is none on the machines of the tests. */
const bigEndian = /_(M68K|MIPS|MIPS64|MIPS64N32|PARISC|PARISC64|PPC|PPC64|S390|S390X|SHEB)$/;

test("FT-22 every name of linux.seccomp.archs can be among the architectures, in the machine's byte order", ({
	features,
	container,
}) => {
	for (const arch of some(features.linux?.seccomp?.archs).filter((name) => !bigEndian.test(name))) {
		const patch = filter({ architectures: [arch] });
		expect(container.run({ args: ["/bin/echo", "runs"], patch }).stdout, arch).toBe("runs\n");
	}
});

test("FT-23 FT-24 every name of knownFlags is one, and of supportedFlags can be used", ({ features, container }) => {
	const { knownFlags, supportedFlags } = features.linux?.seccomp ?? {};
	expect(some(knownFlags)).toEqual(expect.arrayContaining([...some(supportedFlags)]));
	// waiting for an agent makes sense with one alone
	for (const flag of some(supportedFlags).filter((each) => !each.endsWith("WAIT_KILLABLE_RECV"))) {
		const patch = filter({ flags: [flag] });
		expect(container.run({ args: ["/bin/echo", "runs"], patch }).stdout, flag).toBe("runs\n");
	}
});

test("FT-25 linux.apparmor and linux.selinux tell whether they are implemented", ({ features }) => {
	expect(features.linux?.apparmor?.enabled).toBeTypeOf("boolean");
	expect(features.linux?.selinux?.enabled).toBeTypeOf("boolean");
});

test("FT-26 every name of linux.memoryPolicy.modes can be a mode", ({ features, container }) => {
	for (const mode of some(features.linux?.memoryPolicy?.modes)) {
		const nodes = ["MPOL_DEFAULT", "MPOL_LOCAL"].includes(mode) ? {} : { nodes: "0" };
		const patch = withLinux({ memoryPolicy: { mode, ...nodes } });
		expect(container.run({ args: ["/bin/echo", "runs"], patch }).stdout, mode).toBe("runs\n");
	}
});

test("FT-27 every name of linux.memoryPolicy.flags can be a flag", ({ features, container }) => {
	for (const flag of some(features.linux?.memoryPolicy?.flags)) {
		const patch = withLinux({ memoryPolicy: { mode: "MPOL_BIND", nodes: "0", flags: [flag] } });
		expect(container.run({ args: ["/bin/echo", "runs"], patch }).stdout, flag).toBe("runs\n");
	}
});

test("FT-28 linux.intelRdt tells what of it is implemented", ({ features }) => {
	const { enabled, schemata, monitoring } = features.linux?.intelRdt ?? {};
	for (const claim of [enabled, schemata, monitoring]) expect(claim).toBeTypeOf("boolean");
	// what is implemented is refused only for want of a resctrl
	expect(enabled || !(schemata || monitoring)).toBe(true);
});

test("FT-29 linux.mountExtensions.idmap.enabled is true when mounts may have mappings", ({
	features,
	container,
	folder,
}) => {
	const mapping = [{ containerID: 0, hostID: 5000, size: 10 }];
	const patch: Patch = ({ mounts }) => {
		const mappings = { uidMappings: mapping, gidMappings: mapping };
		mounts.push({ destination: "/mnt", source: folder, options: ["bind"], ...mappings });
	};
	const { stdout } = container.run({ args: ["/bin/stat", "-c", "%u", "/mnt"], patch });
	expect(features.linux?.mountExtensions?.idmap?.enabled).toBe(stdout === "5000\n");
});

test("FT-30 linux.netDevices.enabled tells whether network devices are moved", ({ features, refuse }) => {
	expect(features.linux?.netDevices?.enabled).toBe(true);
	refuse(withLinux({ netDevices: { "no-such-one": {} } }));
});
