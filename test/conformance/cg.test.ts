/** CG and AL: the container's cgroup, whose it is, and what devices it lets through (config-linux.md#control-groups). */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect } from "vitest";
import { inLayout } from "../support/cgroup-layouts.js";
import { cgroupDirectory, cgroupPath, hierarchyOf, makeCgroup, removeCgroup } from "../support/cgroups.js";
import { all, test as base, type Patch, setting } from "../support/conformance.js";
import { asAdministrator, shell } from "../support/container.js";
import { needs } from "../support/skip.js";
import { waitFor } from "../support/wait.js";

const test = base
	.extend("machine", { auto: true }, ({ skip }) => needs(skip, "cgroup v1"))
	/** A cgroup of the test's own in every hierarchy that the container gets one in, gone when the test ends. */
	.extend("own", ({ folder }, { onCleanup }) => {
		const path = `/${basename(folder)}-own`;
		onCleanup(() => removeCgroup(path));
		return { path, make: (controller: string) => makeCgroup(controller, path) };
	});

const at = (cgroupsPath: string): Patch => setting(({ linux }) => linux, { cgroupsPath });

test("CG-01 CG-02 create in a cgroup that is frozen is an error", ({ own, refuse }) => {
	writeFileSync(join(own.make("freezer"), "freezer.state"), "FROZEN");
	refuse(at(own.path));
});

test("CG-01 CG-02 create in a cgroup that has processes is an error", async ({ own, refuse }) => {
	const members = join(own.make("devices"), "cgroup.procs");
	const stranger = spawn("sleep", ["1000"]);
	try {
		writeFileSync(members, String(stranger.pid));
		refuse(at(own.path));
	} finally {
		stranger.kill("SIGKILL");
		await waitFor(() => readFileSync(members, "utf8") === "", { what: "an empty cgroup" });
	}
});

test("CG-03 CG-04 an absolute path counts from the mount point of the cgroups", ({ create, folder }) => {
	const path = `/${basename(folder)}-absolute`;
	const { pid } = create({ patch: at(path) });
	expect(cgroupPath(pid, "pids")).toBe(path);
	expect(existsSync(join(hierarchyOf("pids"), path))).toBe(true);
});

test("CG-03 CG-05 a relative path counts from a place that the runtime chooses", ({ create, folder }) => {
	const name = `${basename(folder)}-relative`;
	const { pid } = create({ patch: at(name) });
	expect(cgroupPath(pid, "pids")).toMatch(new RegExp(`(^|/)${name}$`));
});

test("CG-06 the same path always leads to the same place", ({ create, runtime, folder }) => {
	for (const path of [`/${basename(folder)}-same`, `${basename(folder)}-same`]) {
		const places = [1, 2].map(() => {
			const { id, pid } = create({ patch: at(path) });
			const place = cgroupPath(pid, "pids");
			expect(runtime("delete", "--force", id).status).toBe(0);
			return place;
		});
		expect(places[0]).toBe(places[1]);
	}
});

test("CG-07 without a path the container gets one of its own", ({ create }) => {
	const [one, other] = [create(), create()];
	expect(cgroupPath(one.pid, "pids")).toContain(one.id);
	expect(cgroupPath(other.pid, "pids")).toContain(other.id);
});

test.for(["/", "/..", "."])(
	"CG-08 a path that leaves no name for the container's cgroup is an error: %s",
	(path, { refuse }) => {
		refuse(at(path));
	},
);

test("CG-09 cgroups that do not exist are made", ({ create, runtime, folder }) => {
	const path = `/${basename(folder)}-deep`;
	const { id, pid } = create({ patch: at(`${path}/er`) });
	expect(cgroupPath(pid, "pids")).toBe(`${path}/er`);
	runtime("delete", "--force", id);
	removeCgroup(path);
});

test("CG-10 without resources limits stay as they are", ({ create, runtime, own }) => {
	const limit = join(own.make("pids"), "pids.max");
	writeFileSync(limit, "77");
	const { id, pid } = create({
		patch: all(
			at(own.path),
			setting(({ linux }) => linux, { resources: undefined }),
		),
	});
	expect(cgroupPath(pid, "pids")).toBe(own.path);
	expect(readFileSync(limit, "utf8")).toBe("77\n");
	runtime("delete", "--force", id);
});

test("CG-11 the container has cgroups of controllers that resources do not need", ({ create }) => {
	const { id, pid } = create();
	for (const controller of ["freezer", "memory", "pids"]) expect(cgroupDirectory(pid, controller)).toContain(id);
});

/** The container's cgroup as its user finds it. */
const owners = shell("cd /sys/fs/cgroup; stat -c '%u %n' . * ");
const user = setting(({ process }) => process, { user: { uid: 1234, gid: 1234 } });
const namespace: Patch = ({ linux }) => {
	linux.namespaces.push({ type: "cgroup" });
};
const mounted =
	(...options: string[]): Patch =>
	(config) => {
		config.mounts = config.mounts.map((mount) => (mount.type === "cgroup" ? { ...mount, options } : mount));
	};
const delegated = () => {
	const list = "/sys/kernel/cgroup/delegate";
	const names = existsSync(list)
		? readFileSync(list, "utf8").trim().split("\n")
		: ["cgroup.procs", "cgroup.subtree_control", "cgroup.threads"];
	return [".", ...names];
};

const v2 = test.extend("ownersIn", ({ runtime, makeBundle, newId, skip }) => (...patches: Patch[]) => {
	needs(skip, "cgroup v1");
	const bundle = makeBundle({
		args: owners,
		patch: all(
			user,
			setting(({ linux }) => linux, { resources: {} }),
			...patches,
		),
	});
	const { status, stdout, stderr } = inLayout(runtime, "v2")("run", "--bundle", bundle, newId());
	expect(status, stderr).toBe(0);
	const lines = stdout
		.trim()
		.split("\n")
		.map((line) => line.split(" "));
	return {
		all: lines.map(([, name = ""]) => name),
		theirs: lines.flatMap(([uid, name = ""]) => (uid === "1234" ? name : [])),
	};
});

v2("CG-12 CG-15 a writable mount of a new cgroup namespace belongs to the user of the process", ({ ownersIn }) => {
	expect(ownersIn(namespace, mounted("rw")).theirs).toContain(".");
});

v2(
	"CG-17 CG-19 CG-21 of its files just those belong to it that the kernel says, as far as they exist",
	({ ownersIn }) => {
		const { all: names, theirs } = ownersIn(namespace, mounted("rw"));
		expect(theirs.sort()).toEqual(
			delegated()
				.filter((name) => names.includes(name))
				.sort(),
		);
		expect(theirs.length).toBeLessThan(names.length);
	},
);

v2(
	"CG-14 CG-16 without a new cgroup namespace, or with a read-only mount or none, nothing changes hands",
	({ ownersIn }) => {
		expect(ownersIn(mounted("rw")).theirs).toEqual([]);
		expect(ownersIn(namespace, mounted("ro")).theirs).toEqual([]);
	},
);

test("CG-13 nothing of cgroup v1 changes hands", ({ output }) => {
	const patch = all(asAdministrator, user, namespace, mounted("rw"));
	expect(output(shell("stat -c %u /sys/fs/cgroup/pids /sys/fs/cgroup/pids/cgroup.procs"), patch)).toBe("0\n0\n");
});

/** kmsg, 1:11, as the program finds it: reading, then writing. */
const tried = shell("/probe open /dev/kmsg r || true; /probe open /dev/kmsg w || true");
const closed = { allow: false, access: "rwm" };
const kmsg = { allow: true, type: "c", major: 1, minor: 11 };

const withRules =
	(...devices: object[]): Patch =>
	({ linux, process: { capabilities } }) => {
		for (const set of ["bounding", "effective", "permitted"] as const) capabilities[set]?.push("CAP_SYSLOG");
		linux.devices = [{ path: "/dev/kmsg", type: "c", major: 1, minor: 11, fileMode: 0o666 }];
		Object.assign(linux.resources, { devices });
	};

test.for<[what: string, rules: object[], seen: string]>([
	["allow, then deny", [closed, { ...kmsg, access: "rw" }, { ...kmsg, allow: false, access: "r" }], "EPERM\nOK\n"],
	["deny, then allow", [closed, { ...kmsg, allow: false, access: "rw" }, { ...kmsg, access: "w" }], "EPERM\nOK\n"],
	["allow, then deny all", [{ ...kmsg, access: "rw" }, closed], "EPERM\nEPERM\n"],
])("AL-01 the entries apply in their order: %s", ([, rules, seen], { output }) => {
	expect(output(tried, withRules(...rules))).toBe(seen);
});

test("AL-02 an entry without allow is an error", ({ refuse }) => {
	refuse(withRules({ type: "c", major: 1, minor: 11, access: "rwm" }));
});

test.for<[what: string, rule: object, seen: string]>([
	["a", { type: "a" }, "OK\nOK\n"],
	["unset", {}, "OK\nOK\n"],
	["c", { type: "c", major: 1, minor: 11 }, "OK\nOK\n"],
	["b", { type: "b", major: 1, minor: 11 }, "EPERM\nEPERM\n"],
])("AL-03 the type of an entry: %s", ([, rule, seen], { output }) => {
	expect(output(tried, withRules(closed, { allow: true, access: "rwm", ...rule }))).toBe(seen);
});

test.for<[what: string, numbers: object, seen: string]>([
	["both", { major: 1, minor: 11 }, "OK\nOK\n"],
	["all minors", { major: 1 }, "OK\nOK\n"],
	["all", {}, "OK\nOK\n"],
	["another minor", { major: 1, minor: 12 }, "EPERM\nEPERM\n"],
	["another major", { major: 2, minor: 11 }, "EPERM\nEPERM\n"],
])("AL-04 the numbers of an entry: %s", ([, numbers, seen], { output }) => {
	expect(output(tried, withRules(closed, { allow: true, type: "c", access: "rwm", ...numbers }))).toBe(seen);
});

test.for([
	["r", "OK\nEPERM\n"],
	["w", "EPERM\nOK\n"],
	["rw", "OK\nOK\n"],
	["m", "EPERM\nEPERM\n"],
] as const)("AL-05 the access of an entry: %s", ([access, seen], { output }) => {
	expect(output(tried, withRules(closed, { ...kmsg, access }))).toBe(seen);
});

test("AL-05 the access of an entry: another letter is an error", ({ refuse }) => {
	refuse(withRules({ ...kmsg, access: "x" }));
});
