/**
 * The same small life in other layouts of cgroups than this machine's. Each call of the runtime is made in a mount
 * namespace of its own, in which the cgroup file systems are put in order first: the machine's mounts stay as they are.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect } from "vitest";
import type { LinuxResources } from "../../src/spec/types.js";
import type { BundleOptions } from "../support/bundle.js";
import { inLayout } from "../support/cgroup-layouts.js";
import { cgroupPath, hierarchyOf, makeCgroup, removeCgroup } from "../support/cgroups.js";
import { test as base, shell } from "../support/container.js";
import { failureOf } from "../support/failure.js";
import { hoppers } from "../support/hoppers.js";
import { describeLeaks, findLeaks } from "../support/leaks.js";
import type { RunResult } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { isAlive } from "../support/status.js";
import { waitFor } from "../support/wait.js";

type Call = (...args: string[]) => RunResult;

const test = base
	.extend("hybrid", { auto: true }, ({ skip }) => {
		// from v2 alone there is no way to v1's controllers
		needs(skip, "cgroup v1");
		if (!existsSync("/sys/fs/cgroup/unified/cgroup.procs")) skip("this machine's cgroups are not v1 with v2 beside it");
	})
	.extend("v1", ({ runtime }) => inLayout(runtime, "v1"))
	.extend("v2", ({ runtime }) => inLayout(runtime, "v2"))
	.extend("none", ({ runtime }) => inLayout(runtime, "none"))
	.extend("elsewhere", ({ runtime }) => inLayout(runtime, "elsewhere"));

const silent = { status: 0, stdout: "", stderr: "" };

const kmsg = (options: BundleOptions = {}): BundleOptions => ({
	...options,
	patch: (config) => {
		for (const set of ["bounding", "effective", "permitted"] as const) {
			config.process.capabilities[set]?.push("CAP_SYSLOG");
		}
		config.linux.devices = [{ path: "/dev/kmsg", type: "c", major: 1, minor: 11, fileMode: 0o666 }];
		options.patch?.(config);
	},
});

function status(call: Call, id: string): string {
	return JSON.parse(call("state", id).stdout).status;
}

/** create, start, exec, pause, resume, kill, delete. */
async function live(call: Call, bundle: string, id: string): Promise<void> {
	expect(call("create", "--bundle", bundle, id)).toMatchObject(silent);
	expect(status(call, id)).toBe("created");
	expect(call("start", id)).toMatchObject(silent);
	expect(status(call, id)).toBe("running");
	expect(call("exec", id, "/probe", "exit", "7")).toMatchObject({ status: 7, stdout: "", stderr: "" });
	const pids: number[] = JSON.parse(call("ps", "--format", "json", id).stdout);
	expect(pids).toEqual([JSON.parse(call("state", id).stdout).pid]);
	expect(call("pause", id)).toMatchObject(silent);
	expect(status(call, id)).toBe("paused");
	expect(call("resume", id)).toMatchObject(silent);
	expect(status(call, id)).toBe("running");
	expect(call("kill", "--all", id, "KILL")).toMatchObject(silent);
	await waitFor(() => pids.every((pid) => !isAlive(pid)), { what: "the killed to die" });
	expect(status(call, id)).toBe("stopped");
	expect(call("delete", id)).toMatchObject(silent);
}

describe("v1 alone", () => {
	test("carries a container through its life and leaves nothing", async ({ v1, makeBundle, newId, folder }) => {
		await live(v1, makeBundle(), newId());
		expect(describeLeaks(findLeaks(folder))).toEqual([]);
	});

	test("limits, restricts devices, and makes nothing beside its mounts", ({ v1, makeBundle, newId }) => {
		const id = newId();
		const bundle = makeBundle(
			kmsg({
				args: shell(
					"cat /sys/fs/cgroup/pids/pids.max; ls /sys/fs/cgroup; /probe open /dev/kmsg r || /probe open /dev/null",
				),
				patch: ({ linux }) => {
					linux.resources.pids = { limit: 20 };
				},
			}),
		);
		const { status: code, stdout, stderr } = v1("run", "--bundle", bundle, id);
		const [limit, ...names] = stdout.trimEnd().split("\n");
		expect({ code, stderr, limit, devices: names.splice(-2) }).toEqual({
			code: 0,
			stderr: "",
			limit: "20",
			devices: ["EPERM", "OK"],
		});
		expect(names).not.toContain("unified");
	});

	test("has no unified settings", ({ v1, makeBundle, newId }) => {
		const bundle = makeBundle({
			patch: ({ linux }) => {
				linux.resources.unified = { "memory.high": "1000000" };
			},
		});
		const { status: code, message } = failureOf(v1("run", "--bundle", bundle, newId()));
		expect({ code, message }).toEqual({
			code: 1,
			message: expect.stringContaining("invalid configuration: cannot use unified on cgroup v1"),
		});
	});

	test("may be mounted elsewhere than in /sys/fs/cgroup, in part", ({ elsewhere, makeBundle, newId, folder }) => {
		const withResources = (resources: LinuxResources) =>
			makeBundle({
				args: ["/probe", "read", "/sys/fs/cgroup/pids/pids.max"],
				patch: ({ linux }) => {
					linux.resources = resources;
				},
			});
		const run = (resources: LinuxResources) => elsewhere("run", "--bundle", withResources(resources), newId());
		expect(run({ pids: { limit: 21 } })).toMatchObject({ status: 0, stdout: "21\n", stderr: "" });
		const { status: code, message } = failureOf(run({ memory: { limit: 1 << 26 } }));
		expect({ code, message }).toEqual({ code: 1, message: expect.stringMatching(/cannot set memory limit/) });
		expect(describeLeaks(findLeaks(folder))).toEqual([]);
	});
});

describe("v2 alone", () => {
	test("carries a container through its life and leaves nothing", async ({ v2, makeBundle, newId, folder }) => {
		await live(v2, makeBundle(), newId());
		expect(describeLeaks(findLeaks(folder))).toEqual([]);
	});

	test("is where the container is, and not in any v1 cgroup", ({ v2, makeBundle, newId }) => {
		const id = newId();
		expect(v2("run", "--detach", "--bundle", makeBundle(), id)).toMatchObject(silent);
		const { pid } = JSON.parse(v2("state", id).stdout);
		expect(cgroupPath(pid, "")).toBe(`/${id}`);
		expect(cgroupPath(pid, "pids")).toBe(cgroupPath("self", "pids"));
		expect(v2("delete", "--force", id)).toMatchObject(silent);
	});

	test("restricts devices by a program that holds for exec'd processes, too", ({ v2, makeBundle, newId }) => {
		const id = newId();
		const readable = { allow: true, type: "c", major: 1, minor: 11, access: "r" } as const;
		const bundle = makeBundle(
			kmsg({
				patch: ({ linux }) => {
					linux.resources.devices = [{ allow: false, access: "rwm" }, readable];
				},
			}),
		);
		expect(v2("run", "--detach", "--bundle", bundle, id)).toMatchObject(silent);
		const open = (path: string, how: string) => v2("exec", id, "/probe", "open", path, how).stdout;
		expect(open("/dev/kmsg", "r")).toBe("OK\n");
		expect(open("/dev/kmsg", "w")).toBe("EPERM\n");
		expect(open("/dev/null", "rw")).toBe("OK\n");
		expect(v2("delete", "--force", id)).toMatchObject(silent);
	});

	test("has the cgroups that the container made removed, and the paused killed", async ({
		v2,
		makeBundle,
		newId,
		folder,
	}) => {
		const id = newId();
		const bundle = makeBundle({
			args: shell(
				"mkdir -p /sys/fs/cgroup/a/b; sleep 1000 & echo $! >/sys/fs/cgroup/a/b/cgroup.procs; exec /probe print-ready-then-wait",
			),
			patch: (config) => {
				config.linux.namespaces.push({ type: "cgroup" });
				config.mounts = config.mounts.map((mount) => (mount.type === "cgroup" ? { ...mount, options: ["rw"] } : mount));
			},
		});
		const run = v2("run", "--detach", "--bundle", bundle, id);
		await waitFor(() => run.later().stdout === "ready\n", { what: "the cgroups inside" });
		expect(JSON.parse(v2("ps", "--format", "json", id).stdout)).toHaveLength(2);
		expect(v2("pause", id)).toMatchObject(silent);
		expect(v2("delete", "--force", id)).toMatchObject(silent);
		expect(describeLeaks(findLeaks(folder))).toEqual([]);
	});

	test("kill --all KILL reaches those who fork all the time, as soon as they are born", async ({
		v2,
		makeBundle,
		newId,
	}) => {
		const id = newId();
		const run = v2("run", "--detach", "--bundle", makeBundle(hoppers()), id);
		await waitFor(() => run.later().stdout === "ready\n", { what: "the container to be ready" });
		expect(v2("kill", "--all", id, "KILL")).toMatchObject(silent);
		const left = () => JSON.parse(v2("ps", "--format", "json", id).stdout);
		await waitFor(() => left() === null, { what: "all to have ended", deadline: 1000 });
		expect(v2("delete", id)).toMatchObject(silent);
	});

	test("takes an update, and keeps what it does not name", ({ v2, makeBundle, newId, folder, skip }) => {
		// runc 1.1 knows no unified in an update
		needs(skip, "tsrun");
		const id = newId();
		const bundle = makeBundle({
			patch: ({ linux }) => {
				linux.resources.unified = { "cgroup.max.depth": "3", "cgroup.max.descendants": "9" };
			},
		});
		expect(v2("run", "--detach", "--bundle", bundle, id)).toMatchObject(silent);
		const changes = join(folder, "changes");
		const update = (unified: Record<string, string>) => {
			writeFileSync(changes, JSON.stringify({ unified }));
			return v2("update", "--resources", changes, id);
		};
		const value = (file: string) => readFileSync(join(hierarchyOf(""), id, file), "utf8").trim();
		expect(update({ "cgroup.max.depth": "5" })).toMatchObject(silent);
		expect([value("cgroup.max.depth"), value("cgroup.max.descendants")]).toEqual(["5", "9"]);
		expect(update({ "cgroup.max.depth": "none" }).status).toBe(1);
		expect(value("cgroup.max.depth")).toBe("5");
		expect(v2("delete", "--force", id)).toMatchObject(silent);
	});

	test("limits by the controllers that it has", ({ v2, makeBundle, newId, skip }) => {
		const controllers = readFileSync(join(hierarchyOf(""), "cgroup.controllers"), "utf8");
		if (!controllers.includes("hugetlb")) skip("the unified hierarchy has no hugetlb controller");
		const bundle = makeBundle({
			args: shell("cat /sys/fs/cgroup/hugetlb.2MB.max /sys/fs/cgroup/cgroup.max.depth"),
			patch: ({ linux }) => {
				linux.resources.hugepageLimits = [{ pageSize: "2MB", limit: 4 << 20 }];
				linux.resources.unified = { "cgroup.max.depth": "3" };
				linux.namespaces.push({ type: "cgroup" });
			},
		});
		expect(v2("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: `${4 << 20}\n3\n`, stderr: "" });
	});

	test("says which controller a limit lacks, and leaves nothing", ({ v2, makeBundle, newId, folder, skip }) => {
		// runc says only that the file is not there
		needs(skip, "tsrun");
		const bundle = makeBundle({
			patch: ({ linux }) => {
				linux.resources.pids = { limit: 20 };
			},
		});
		const log = join(folder, "log");
		const { status: code, stderr } = v2("--log", log, "--log-format", "json", "run", "--bundle", bundle, newId());
		const line = JSON.parse(readFileSync(log, "utf8"));
		expect({ code, said: stderr !== "" }).toEqual({ code: 1, said: true });
		expect(line).toMatchObject({
			id: "cgroup-failed",
			msg: expect.stringMatching(/write "20" to \/sys\/fs\/cgroup\/\S+\/pids\.max: no such file or directory/),
			hint: "the kernel does not offer the controller pids to cgroup v2 here",
		});
		expect(describeLeaks(findLeaks(folder))).toEqual([]);
	});

	test("may be threaded, and its processes are found", ({ v2, makeBundle, newId, folder, skip }) => {
		// runc 1.1 does not look for threads
		needs(skip, "tsrun");
		const id = newId();
		const above = `/${basename(folder)}-domain`;
		const bundle = makeBundle({
			patch: ({ linux }) => {
				linux.cgroupsPath = `${above}/threaded`;
			},
		});
		makeCgroup("", above);
		writeFileSync(join(makeCgroup("", `${above}/threaded`), "cgroup.type"), "threaded");
		expect(v2("run", "--detach", "--bundle", bundle, id)).toMatchObject(silent);
		const { pid } = JSON.parse(v2("state", id).stdout);
		expect(JSON.parse(v2("ps", "--format", "json", id).stdout)).toEqual([pid]);
		expect(v2("kill", "--all", id, "KILL")).toMatchObject(silent);
		expect(v2("delete", "--force", id)).toMatchObject(silent);
		removeCgroup(above);
	});

	test("says that a cgroup with processes cannot hand controllers down", ({ v2, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun");
		const controllers = readFileSync(join(hierarchyOf(""), "cgroup.controllers"), "utf8");
		if (!controllers.includes("hugetlb")) skip("the unified hierarchy has no hugetlb controller");
		const above = `/${basename(folder)}-busy`;
		const log = join(folder, "log");
		const holder = spawn("sleep", ["1000"], { stdio: "ignore" });
		try {
			writeFileSync(join(makeCgroup("", above), "cgroup.procs"), String(holder.pid));
			const bundle = makeBundle({
				patch: ({ linux }) => {
					linux.cgroupsPath = `${above}/own`;
					linux.resources.hugepageLimits = [{ pageSize: "2MB", limit: 4 << 20 }];
				},
			});
			expect(v2("--log", log, "--log-format", "json", "run", "--bundle", bundle, newId()).status).toBe(1);
			expect(JSON.parse(readFileSync(log, "utf8")).hint).toContain("no internal processes");
		} finally {
			holder.kill("SIGKILL");
		}
		return waitFor(() => readFileSync(join(hierarchyOf(""), above, "cgroup.procs"), "utf8") === "", {
			what: "the holder to end",
		}).then(() => removeCgroup(above));
	});

	test("refuses what only v1 has", ({ v2, makeBundle, newId, skip }) => {
		// runc leaves it out
		needs(skip, "tsrun");
		const bundle = makeBundle({
			patch: ({ linux }) => {
				linux.resources.memory = { swappiness: 10 };
			},
		});
		const { status: code, message } = failureOf(v2("run", "--bundle", bundle, newId()));
		expect({ code, message }).toEqual({ code: 1, message: expect.stringMatching(/swappiness/) });
	});

	for (const namespaces of [[], [{ type: "cgroup" }]] as const) {
		const how = namespaces.length > 0 ? "a" : "no";
		test(`shows the container its own cgroup alone, with ${how} cgroup namespace`, ({
			v2,
			makeBundle,
			newId,
			skip,
		}) => {
			// without the namespace runc shows the whole machine's
			if (namespaces.length === 0) needs(skip, "tsrun");
			const bundle = makeBundle({
				args: ["/probe", "read", "/sys/fs/cgroup/cgroup.procs"],
				patch: ({ linux }) => {
					linux.namespaces.push(...namespaces);
				},
			});
			expect(v2("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "1\n", stderr: "" });
		});
	}

	test("gives a writable mount to the container's user, who may make cgroups there", ({
		v2,
		makeBundle,
		newId,
		skip,
	}) => {
		// runc does it with systemd alone
		needs(skip, "tsrun");
		const bundle = makeBundle({
			args: shell("mkdir /sys/fs/cgroup/own && echo 0 >/sys/fs/cgroup/own/cgroup.procs && cat /proc/self/cgroup"),
			patch: (config) => {
				config.linux.namespaces.push({ type: "cgroup" });
				config.process.user = { uid: 1234, gid: 1234 };
				config.mounts = config.mounts.map((mount) => (mount.type === "cgroup" ? { ...mount, options: ["rw"] } : mount));
			},
		});
		const { status: code, stdout, stderr } = v2("run", "--bundle", bundle, newId());
		expect({ code, stderr, unified: stdout.split("\n").find((line) => line.startsWith("0::")) }).toEqual({
			code: 0,
			stderr: "",
			unified: "0::/own",
		});
	});
});

describe("no cgroups", () => {
	test("are an error for root, with the cure", ({ none, makeBundle, newId, folder, skip }) => {
		// runc 1.1 says: cgroup mountpoint does not exist
		needs(skip, "tsrun");
		const log = join(folder, "log");
		const result = none("--log", log, "--log-format", "json", "run", "--bundle", makeBundle(), newId());
		expect(result).toMatchObject({ status: 1, stdout: "" });
		expect(JSON.parse(readFileSync(log, "utf8"))).toMatchObject({
			id: "cgroup-failed",
			msg: expect.stringContaining("no cgroup file system is mounted"),
			hint: "mount -t cgroup2 none /sys/fs/cgroup",
		});
		expect(describeLeaks(findLeaks(folder))).toEqual([]);
	});
});
