/** OP: the five operations (runtime.md#operations). */
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect } from "vitest";
import { cgroupDirectory, hierarchyOf, makeCgroup, removeCgroup } from "../support/cgroups.js";
import { type Patch, test } from "../support/conformance.js";
import { describeLeaks, findLeaks } from "../support/leaks.js";
import { awaitStatus } from "../support/status.js";
import { waitFor } from "../support/wait.js";

test("OP-01 state, create, start, kill and delete are there", ({ runtime }) => {
	for (const verb of ["state", "create", "start", "kill", "delete"]) {
		expect(runtime(verb, "--help").status, verb).toBe(0);
	}
	expect(runtime("no-such-verb", "--help").status).not.toBe(0);
});

test.for([
	["OP-02", "state"],
	["OP-17", "start"],
	["OP-22", "kill"],
	["OP-26", "delete"],
] as const)("%s %s without an id is an error", ([, verb], { runtime }) => {
	expect(runtime(verb).status).not.toBe(0);
});

test("OP-03 state of a container that does not exist is an error", ({ runtime, newId }) => {
	expect(runtime("state", newId())).toMatchObject({ status: expect.any(Number), stdout: "" });
	expect(runtime("state", newId()).status).not.toBe(0);
});

test("OP-04 state prints the state, as one JSON object", ({ create, runtime }) => {
	const { id, bundle, pid } = create();
	const { status, stdout } = runtime("state", id);
	expect(status).toBe(0);
	expect(JSON.parse(stdout)).toMatchObject({ id, bundle, pid, status: "created" });
});

test("OP-05 create without an id is an error", ({ runtime, makeBundle }) => {
	expect(runtime("create", "--bundle", makeBundle()).status).not.toBe(0);
	expect(runtime("create").status).not.toBe(0);
});

test("OP-06 create with an id that is in use is an error", ({ create, runtime, makeBundle }) => {
	expect(runtime("create", "--bundle", makeBundle(), create().id).status).not.toBe(0);
});

test("OP-07 create with an id that cannot be one is an error", ({ runtime, makeBundle, folder }) => {
	const bundle = makeBundle();
	for (const id of ["", "..", `${basename(folder)}/a`, `${basename(folder)} a`]) {
		expect(runtime("create", "--bundle", bundle, id).status, id).not.toBe(0);
	}
});

test("OP-08 create leaves no container behind after either", ({ create, runtime, makeBundle, folder }) => {
	const { id, state } = create();
	const before = state();
	const bundle = makeBundle();
	const containers = readdirSync(runtime.root);
	for (const each of [id, `${basename(folder)}/x`]) runtime("create", "--bundle", bundle, each);
	expect(readdirSync(runtime.root)).toEqual(containers);
	expect(state()).toEqual(before);
});

test("OP-09 create makes a new container", ({ create }) => {
	const [one, other] = [create(), create()];
	expect(one.state()).toMatchObject({ id: one.id, status: "created" });
	expect(other.state()).toMatchObject({ id: other.id, status: "created" });
	expect(one.pid).not.toBe(other.pid);
});

test("OP-10 create applies what the configuration says beside process", ({ create, output }) => {
	const { pid } = create({
		patch: (config) => {
			config.mounts.push({ destination: "/made/here", type: "tmpfs", source: "tmpfs", options: ["size=64k"] });
			config.linux.sysctl = { "net.ipv4.ip_default_ttl": "42" };
			config.linux.devices = [{ type: "c", path: "/dev/fuse", major: 10, minor: 229 }];
			config.linux.maskedPaths = ["/proc/timer_list"];
			config.linux.resources.pids = { limit: 33 };
		},
	});
	const inside = `/proc/${pid}/root`;
	expect(readFileSync(`/proc/${pid}/mountinfo`, "utf8")).toMatch(/ \/made\/here .* tmpfs .*size=64k/);
	expect(existsSync(join(inside, "dev/fuse"))).toBe(true);
	expect(readFileSync(join(inside, "proc/timer_list"), "utf8")).toBe("");
	expect(readFileSync(join(cgroupDirectory(pid, "pids"), "pids.max"), "utf8")).toBe("33\n");
	const joining: Patch = ({ linux }) => {
		linux.namespaces = linux.namespaces.map((one) =>
			one.type === "network" ? { ...one, path: `/proc/${pid}/ns/net` } : one,
		);
	};
	expect(output(["/probe", "sysctl", "net.ipv4.ip_default_ttl"], joining)).toBe("42\n");
});

test("OP-12 create applies the program's user already", ({ create }) => {
	const { pid } = create({
		patch: ({ process }) => {
			process.user = { uid: 1234, gid: 5678 };
		},
	});
	expect(readFileSync(`/proc/${pid}/status`, "utf8")).toMatch(/^Uid:\t1234\t1234\t1234\t1234$/m);
});

describe("what cannot be applied", () => {
	test.for<[what: string, patch: Patch]>([
		["a mount", ({ mounts }) => mounts.push({ destination: "/m", type: "tmpfs", source: "m", options: ["bogus=1"] })],
		["a sysctl", ({ linux }) => Object.assign(linux, { sysctl: { "net.ipv4.no_such_thing": "1" } })],
		["a limit", ({ linux }) => Object.assign(linux.resources, { cpu: { cpus: "4000" } })],
		[
			"a device's type",
			({ linux }) => Object.assign(linux, { devices: [{ type: "x", path: "/dev/x", major: 1, minor: 3 }] }),
		],
		["a namespace", ({ linux }) => linux.namespaces.push({ type: "cgroup", path: "/proc/self/ns/uts" })],
		["a working directory that is a file", ({ process }) => Object.assign(process, { cwd: "/probe" })],
	])("OP-13 is an error of create: %s", ([, patch], { refuse }) => {
		refuse(patch);
	});
});

test("OP-15 create validates the configuration before it does anything", ({ refuse, diary, withHooks }) => {
	const hooks = { prestart: [diary.hook("prestart")], poststop: [{ path: "relative" }] };
	refuse(withHooks(hooks));
	expect(diary.names()).toEqual([]);
});

test("OP-18 start of a container that is missing, running or stopped is an error", async ({
	start,
	runtime,
	newId,
}) => {
	const { id } = start();
	expect(runtime("start", newId()).status).not.toBe(0);
	expect(runtime("start", id).status).not.toBe(0);
	runtime("kill", id, "KILL");
	await awaitStatus(runtime, id, "stopped");
	expect(runtime("start", id).status).not.toBe(0);
});

test("OP-19 and has no effect on the container", async ({ start, runtime, diary, withDiary }) => {
	const { id, state } = start({ patch: withDiary("poststart") });
	const before = state();
	runtime("start", id);
	expect(state()).toEqual(before);
	runtime("kill", id, "KILL");
	await awaitStatus(runtime, id, "stopped");
	runtime("start", id);
	expect(state().status).toBe("stopped");
	expect(diary.names()).toEqual(["poststart"]);
});

test("OP-20 start runs the program of process", async ({ create, runtime, folder }) => {
	const { id, pid, printed } = create({ args: ["/probe", "print-ready-then-wait"] });
	expect(printed()).toBe("");
	expect(runtime("start", id).status).toBe(0);
	await waitFor(() => printed() === "ready\n", { what: "the program's output" });
	expect(readlinkSync(`/proc/${pid}/exe`)).toContain("/probe");
	expect(findLeaks(folder).processes).toHaveLength(1);
});

test("OP-21 PR-01 create accepts a configuration without process, and start of it is an error", ({
	create,
	runtime,
}) => {
	const { id, state } = create({ patch: (config) => void delete (config as { process?: unknown }).process });
	expect(runtime("start", id).status).not.toBe(0);
	expect(state().status).toBe("created");
});

test("OP-23 kill of a container that is missing or stopped is an error", async ({ start, runtime, newId }) => {
	const { id } = start();
	runtime("kill", id, "KILL");
	await awaitStatus(runtime, id, "stopped");
	expect(runtime("kill", id, "TERM").status).not.toBe(0);
	expect(runtime("kill", newId(), "TERM").status).not.toBe(0);
});

test("OP-24 and has no effect on the container", async ({ start, runtime }) => {
	const { id, state } = start();
	runtime("kill", id, "KILL");
	await awaitStatus(runtime, id, "stopped");
	const before = state();
	runtime("kill", id, "TERM");
	expect(state()).toEqual(before);
});

test("OP-25 kill sends the given signal to the container's process, created or running", async ({
	create,
	start,
	runtime,
}) => {
	const { id, printed } = start({ args: ["/probe", "trap", "USR1", "HUP", "TERM=0"] });
	await waitFor(() => printed() === "ready\n", { what: "the traps" });
	for (const [signal, names] of [
		["USR1", "USR1"],
		["1", "USR1\n.*HUP"],
	] as const) {
		expect(runtime("kill", id, signal).status).toBe(0);
		await waitFor(() => new RegExp(names).test(printed()), { what: signal });
	}
	runtime("kill", id, "TERM");
	await awaitStatus(runtime, id, "stopped");
	const created = create();
	expect(runtime("kill", created.id, "KILL").status).toBe(0);
	await awaitStatus(runtime, created.id, "stopped");
});

test("OP-27 delete of a container that runs or is paused is an error", ({ start, runtime }) => {
	const { id } = start();
	expect(runtime("delete", id).status).not.toBe(0);
	runtime("pause", id);
	expect(runtime("delete", id).status).not.toBe(0);
	runtime("resume", id);
});

test("OP-28 and has no effect on the container", ({ start, runtime, diary, withDiary }) => {
	const { id, state } = start({ patch: withDiary("poststop") });
	const before = state();
	runtime("delete", id);
	expect(state()).toEqual(before);
	expect(diary.names()).toEqual([]);
});

test("OP-30 delete leaves what the container did not create", ({ start, runtime, folder, mountOnHost }) => {
	const source = join(folder, "source");
	mountOnHost(source);
	writeFileSync(join(source, "file"), "");
	const parent = `/${basename(folder)}-parent`;
	const neighbour = join(makeCgroup("pids", parent), "neighbour");
	mkdirSync(neighbour);
	try {
		const { id, bundle } = start({
			patch: (config) => {
				config.linux.cgroupsPath = `${parent}/own`;
				config.mounts.push({ destination: "/vol", source, options: ["rbind"] });
			},
		});
		expect(existsSync(join(hierarchyOf("pids"), parent, "own"))).toBe(true);
		expect(runtime("delete", "--force", id).status).toBe(0);
		expect(existsSync(join(hierarchyOf("pids"), parent, "own"))).toBe(false);
		expect(existsSync(neighbour)).toBe(true);
		expect(readdirSync(source)).toEqual(["file"]);
		expect(existsSync(join(bundle, "rootfs/bin/sh"))).toBe(true);
	} finally {
		removeCgroup(`${parent}/neighbour`);
		removeCgroup(parent);
	}
});

test("OP-31 an id is free after delete", ({ create, runtime, makeBundle, folder }) => {
	const { id } = create();
	expect(runtime("delete", "--force", id).status).toBe(0);
	expect(describeLeaks(findLeaks(folder))).toEqual([]);
	expect(runtime("create", "--bundle", makeBundle(), id).status).toBe(0);
});
