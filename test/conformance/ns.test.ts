/** NS and UM: namespaces, the mappings of users, the offsets of time (config-linux.md#namespaces, #user-namespace-mappings). */
import { chownSync, mkdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { all, test as base, type Patch, setting } from "../support/conformance.js";
import { shell, withMounts } from "../support/container.js";
import { makeNamespaceIn, namespaceOf, namespaceTypes as types } from "../support/namespaces.js";

type Namespace = BaseConfig["linux"]["namespaces"][number];
type Type = (typeof types)[number];

const test = base.extend("makeNamespace", async ({ folder }, { onCleanup }) => makeNamespaceIn(folder, onCleanup));

/** A patch that gives this list, in the place of the default one. */
const withNamespaces =
	(...list: Namespace[]): Patch =>
	(config) => {
		config.linux.namespaces = list;
		const has = (type: Namespace["type"]) => list.some((namespace) => namespace.type === type);
		if (!has("uts")) delete config.hostname;
		if (!has("mount")) {
			config.linux.maskedPaths = [];
			config.linux.readonlyPaths = [];
		}
	};

const mount: Namespace = { type: "mount" };
const others = (type: Type) => (type === "mount" ? [] : [mount]);

test("NS-01 an entry without type, or with an unknown one, is an error", ({ refuse }) => {
	refuse(setting(({ linux }) => linux, { namespaces: [mount, {}] }));
	refuse(setting(({ linux }) => linux, { namespaces: [mount, { type: "colour" }] }));
});

test.for<[id: string, type: Type]>([
	["NS-02", "pid"],
	["NS-03", "network"],
	["NS-04", "mount"],
	["NS-05", "ipc"],
	["NS-06", "uts"],
	["NS-08", "cgroup"],
	["NS-09", "time"],
])("%s %s namespaces are supported", ([, type], { create }) => {
	const { pid } = create({ patch: withNamespaces(...others(type), { type }) });
	expect(namespaceOf(pid, type)).not.toBe(namespaceOf("self", type));
});

const users =
	(uid = 100_000, gid = 200_000): Patch =>
	({ linux }) => {
		linux.namespaces.push({ type: "user" });
		linux.uidMappings = [{ containerID: 0, hostID: uid, size: 65_536 }];
		linux.gidMappings = [{ containerID: 0, hostID: gid, size: 65_536 }];
	};

test("NS-07 user namespaces are supported", ({ create }) => {
	const { pid } = create({ patch: users() });
	expect(readlinkSync(`/proc/${pid}/ns/user`)).not.toBe(readlinkSync("/proc/self/ns/user"));
});

test("NS-10 a path that is not absolute is an error", ({ refuse }) => {
	refuse({ patch: withNamespaces(mount, { type: "network", path: "proc/self/ns/net" }) });
});

test.for(types)("NS-11 the process is in the namespace of the path: %s", async (type, { create, makeNamespace }) => {
	const { path, id } = await makeNamespace(type);
	const { pid } = create({ patch: withNamespaces(...others(type), { type, path }) });
	expect(namespaceOf(pid, type)).toBe(id);
});

test.for(types)("NS-12 a path of another type is an error: %s", async (type, { refuse, makeNamespace }) => {
	const { path } = await makeNamespace(type === "uts" ? "ipc" : "uts");
	refuse({ patch: withNamespaces(...others(type), { type, path }) });
});

test("NS-13 without a path a new namespace is made for each container", ({ create }) => {
	const patch = withNamespaces(...types.filter((type) => type !== "time").map((type) => ({ type })));
	const [one, other] = [create({ patch }), create({ patch })];
	for (const type of types.filter((each) => each !== "time")) {
		expect(namespaceOf(one.pid, type)).not.toBe(namespaceOf("self", type));
		expect(namespaceOf(one.pid, type)).not.toBe(namespaceOf(other.pid, type));
	}
});

test("NS-14 a type that is not listed is the runtime's", ({ create }) => {
	const { pid } = create({ patch: withNamespaces(mount) });
	for (const type of types.filter((each) => each !== "mount")) {
		expect(namespaceOf(pid, type)).toBe(namespaceOf("self", type));
	}
	expect(readlinkSync(`/proc/${pid}/ns/user`)).toBe(readlinkSync("/proc/self/ns/user"));
});

test("NS-15 a type that is listed twice is an error", ({ refuse }) => {
	refuse({ patch: withNamespaces(mount, { type: "pid" }, { type: "pid" }) });
	refuse({ patch: withNamespaces(mount, { type: "uts" }, { type: "uts", path: "/proc/self/ns/uts" }) });
});

test.for([
	["UM-01", "uidMappings", "uid_map"],
	["UM-02", "gidMappings", "gid_map"],
] as const)("%s %s become the %s of the process", ([, member, file], { create }) => {
	const mappings = [
		{ containerID: 0, hostID: 5000, size: 10 },
		{ containerID: 1000, hostID: 7000, size: 1 },
	];
	const { pid } = create({
		patch: all(
			users(5000, 5000),
			setting(({ linux }) => linux, { [member]: mappings }),
		),
	});
	const lines = readFileSync(`/proc/${pid}/${file}`, "utf8").trim().split("\n");
	expect(lines.map((line) => line.trim().split(/\s+/).join(" "))).toEqual(["0 5000 10", "1000 7000 1"]);
});

test.for(["containerID", "hostID", "size"])(
	"UM-03 a mapping without %s, or with one of more than 32 bits, is an error",
	(member, { refuse }) => {
		const mapping = { containerID: 0, hostID: 1000, size: 10 };
		for (const value of [undefined, 2 ** 32]) {
			refuse(
				all(
					users(),
					setting(({ linux }) => linux, { uidMappings: [{ ...mapping, [member]: value }] }),
				),
			);
		}
	},
);

test("UM-04 the owners of the root filesystem and of volumes stay as they are", ({
	runtime,
	makeBundle,
	newId,
	folder,
}) => {
	const volume = join(folder, "volume");
	mkdirSync(volume);
	chownSync(volume, 12, 34);
	const patch = all(users(), withMounts({ destination: "/mnt", source: volume, options: ["bind"] }));
	const bundle = makeBundle({ args: ["/bin/true"], patch });
	const before = statSync(join(bundle, "rootfs/bin/busybox"));
	expect(runtime("run", "--bundle", bundle, newId()).status).toBe(0);
	expect(statSync(volume)).toMatchObject({ uid: 12, gid: 34 });
	expect(statSync(join(bundle, "rootfs/bin/busybox"))).toMatchObject({ uid: before.uid, gid: before.gid });
});

test("UM-05 as many mappings as the kernel takes are no error, and one more is", ({ create, refuse }) => {
	// short numbers: the kernel takes one page of text
	const mappings = (count: number) =>
		Array.from({ length: count }, (_, index) => ({ containerID: index * 2, hostID: index * 2 + 1, size: 1 }));
	const patch = (count: number) =>
		all(
			users(),
			setting(({ linux }) => linux, { uidMappings: mappings(count) }),
		);
	const { pid } = create({ patch: patch(340) });
	expect(readFileSync(`/proc/${pid}/uid_map`, "utf8").trim().split("\n")).toHaveLength(340);
	refuse(patch(341));
});

const timed = (timeOffsets: object): Patch => setting(({ linux }) => linux, { timeOffsets });
const withTime: Patch = ({ linux }) => {
	linux.namespaces.push({ type: "time" });
};

test("UM-06 timeOffsets are those of the new time namespace", ({ output }) => {
	const offsets = { boottime: { secs: 1_000_000, nanosecs: 5 }, monotonic: { secs: -10, nanosecs: 500_000_000 } };
	const seen = output(shell("cat /proc/self/timens_offsets /proc/uptime"), all(withTime, timed(offsets)));
	const [monotonic, boottime, uptime] = seen.split("\n").map((line) => line.split(/\s+/).join(" "));
	expect([monotonic, boottime]).toEqual(["monotonic -10 500000000", "boottime 1000000 5"]);
	expect(Number(uptime?.split(" ")[0])).toBeGreaterThan(1_000_000);
});

test("UM-07 an unknown clock, or offsets without a new time namespace, are an error", ({ refuse }) => {
	refuse(all(withTime, timed({ realtime: { secs: 1 } })));
	refuse(timed({ boottime: { secs: 1 } }));
});
