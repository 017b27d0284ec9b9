/** Containers of a user without privileges: their own user namespace, their own state, and cgroups only where delegated. */
import { execFileSync } from "node:child_process";
import {
	chmodSync,
	chownSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect } from "vitest";
import type { LinuxResources } from "../../src/spec/types.js";
import type { BaseConfig } from "../support/bundle.js";
import { cgroupPath, control, isUnified, makeCgroup, removeCgroup } from "../support/cgroups.js";
import { listenForConsole } from "../support/console-socket.js";
import { test as base, shell } from "../support/container.js";
import { failureOf, programName } from "../support/failure.js";
import { containersIn, describeLeaks, findLeaks } from "../support/leaks.js";
import type { RunResult } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { isAlive } from "../support/status.js";
import { waitFor } from "../support/wait.js";

const user = 1234;
const silent = { status: 0, stdout: "", stderr: "" };

const become = ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
/** Drops the --root of the tests: a user's state is where the runtime puts it. */
const ownRoot = ["sh", "-c", 'program=$0; shift 2; exec "$program" "$@"'];
/** First, as root, the mounts of a namespace of its own. */
const after = (arrange: string) => [
	"unshare",
	"--mount",
	"--propagation",
	"private",
	"sh",
	"-ec",
	`${arrange}; exec "$0" "$@"`,
];

interface Call {
	(...args: string[]): RunResult;
	/** After what root does in a mount namespace of the call's own. */
	after: (arrange: string, ...args: string[]) => RunResult;
}

interface UserBundleOptions {
	readonly args: readonly string[];
	readonly terminal?: boolean;
	readonly patch?: (config: BaseConfig) => void;
}

const test = base
	.extend("runtimeDir", ({ folder }) => {
		const directory = join(folder, "xdg");
		mkdirSync(directory, { mode: 0o700 });
		chownSync(directory, user, user);
		return directory;
	})
	.extend("asUser", ({ runtime, runtimeDir }): Call => {
		const env = { XDG_RUNTIME_DIR: runtimeDir };
		const call = (...args: string[]) => runtime.with({ env, through: [...become, ...ownRoot] }, ...args);
		return Object.assign(call, {
			after: (arrange: string, ...args: string[]) =>
				runtime.with({ env, through: [...after(arrange), ...become, ...ownRoot] }, ...args),
		});
	})
	.extend("userBundle", ({ makeBundle, asUser }) => {
		/** The user's bundle, with the configuration of `spec --rootless`. */
		return ({ args, terminal = false, patch }: UserBundleOptions) => {
			const bundle = makeBundle();
			const file = join(bundle, "config.json");
			rmSync(file);
			execFileSync("chown", ["-R", `${user}:${user}`, bundle]);
			expect(asUser("spec", "--rootless", "--bundle", bundle)).toMatchObject(silent);
			const config = JSON.parse(readFileSync(file, "utf8")) as BaseConfig;
			Object.assign(config.process, { args, terminal });
			patch?.(config);
			writeFileSync(file, JSON.stringify(config));
			return bundle;
		};
	});

/** What is left of containers in the user's own state directory. */
function statesIn(runtimeDir: string): string[] {
	return containersIn(join(runtimeDir, programName));
}

const stateOf = (call: Call, id: string) => JSON.parse(call("state", id).stdout) as { status: string; pid: number };

describe("a user", () => {
	test("runs what spec --rootless wrote, as root of a namespace", ({
		asUser,
		userBundle,
		newId,
		runtimeDir,
		folder,
	}) => {
		const bundle = userBundle({ args: shell("/probe id; cat /proc/self/uid_map") });
		const { status, stdout, stderr } = asUser("run", "--bundle", bundle, newId());
		expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
		const [id = "", map] = stdout.split("\n");
		expect(JSON.parse(id)).toMatchObject({ uid: 0, gid: 0 });
		expect(map?.trim().split(/\s+/)).toEqual(["0", String(user), "1"]);
		expect(statesIn(runtimeDir)).toEqual([]);
		expect(describeLeaks(findLeaks(folder))).toEqual([]);
	});

	test("carries a container through its life, with its state under $XDG_RUNTIME_DIR", async ({
		asUser,
		userBundle,
		newId,
		runtimeDir,
		folder,
	}) => {
		const id = newId();
		expect(asUser("create", "--bundle", userBundle({ args: ["/probe", "sleep"] }), id)).toMatchObject(silent);
		expect(statSync(join(runtimeDir, programName, id))).toMatchObject({ uid: user });
		const { pid, status } = stateOf(asUser, id);
		expect(status).toBe("created");
		expect(statSync(`/proc/${pid}`)).toMatchObject({ uid: user });
		expect(asUser("start", id)).toMatchObject(silent);
		expect(stateOf(asUser, id).status).toBe("running");
		const exec = asUser("exec", id, "/probe", "id");
		expect({ ...exec, stdout: JSON.parse(exec.stdout).uid }).toMatchObject({ status: 0, stdout: 0, stderr: "" });
		expect(asUser("exec", id, "/probe", "exit", "7")).toMatchObject({ status: 7, stderr: "" });
		expect(JSON.parse(asUser("list", "--format", "json").stdout)).toMatchObject([{ id, status: "running", pid }]);
		expect(asUser("kill", id, "KILL")).toMatchObject(silent);
		await waitFor(() => !isAlive(pid), { what: "the container to end" });
		expect(asUser("delete", id)).toMatchObject(silent);
		expect(statesIn(runtimeDir)).toEqual([]);
		expect(describeLeaks(findLeaks(folder))).toEqual([]);
	});

	test("deletes by force what runs", ({ asUser, userBundle, newId, runtimeDir }) => {
		const id = newId();
		expect(asUser("run", "--detach", "--bundle", userBundle({ args: ["/probe", "sleep"] }), id)).toMatchObject(silent);
		expect(asUser("delete", "--force", id)).toMatchObject(silent);
		expect(statesIn(runtimeDir)).toEqual([]);
	});

	test("has pods, whose members share a user namespace", ({ asUser, userBundle, newId, runtimeDir }) => {
		const [pod, id] = [newId(), newId()];
		expect(asUser("pod", "create", pod)).toMatchObject(silent);
		const bundle = userBundle({ args: ["/probe", "trap", "TERM=0"] });
		expect(asUser("pod", "add", "--init", "--bundle", bundle, pod, id)).toMatchObject({ status: 0 });
		const [holder, member] = [pod, id].map((each) => stateOf(asUser, each).pid);
		for (const file of ["user", "net", "ipc", "uts"]) {
			expect(readlinkSync(`/proc/${member}/ns/${file}`)).toBe(readlinkSync(`/proc/${holder}/ns/${file}`));
		}
		expect(asUser("exec", id, "/bin/hostname").stdout).toBe(`${pod}\n`);
		expect(asUser("pod", "stop", pod)).toMatchObject({ status: 0 });
		expect(asUser("pod", "delete", pod)).toMatchObject(silent);
		expect(statesIn(runtimeDir)).toEqual([]);
	});

	test("owns what the container writes to a volume", ({ asUser, userBundle, newId, folder }) => {
		const volume = join(folder, "volume");
		mkdirSync(volume);
		chownSync(volume, user, user);
		const bundle = userBundle({
			args: shell("echo text >/volume/file; /probe stat /volume/file"),
			patch: ({ mounts }) => {
				mounts.push({ destination: "/volume", source: volume, options: ["bind", "rw", "nosuid"] });
			},
		});
		const { status, stdout, stderr } = asUser("run", "--bundle", bundle, newId());
		expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
		expect(JSON.parse(stdout)).toMatchObject({ uid: 0, gid: 0 });
		expect(statSync(join(volume, "file"))).toMatchObject({ uid: user, gid: user });
	});

	test("gets the container's terminal", async ({ asUser, userBundle, newId, folder }) => {
		const id = newId();
		const socket = await listenForConsole(folder);
		chmodSync(dirname(socket.path), 0o755);
		chmodSync(socket.path, 0o777);
		const bundle = userBundle({ args: shell("/probe tty; stat -c %u:%t /dev/console"), terminal: true });
		const run = asUser("run", "--detach", "--console-socket", socket.path, "--bundle", bundle, id);
		expect(run).toMatchObject(silent);
		await socket.received();
		const { stdout } = await socket.ended();
		expect(stdout).toContain('"stdin":true');
		expect(stdout).toMatch(/^0:88$/m);
		expect(asUser("delete", "--force", id)).toMatchObject(silent);
	});

	test("who may not map an id is told", ({ asUser, userBundle, newId, runtimeDir, folder, skip }) => {
		// runc says only: nsexec could not update the map
		needs(skip, "tsrun");
		const bundle = userBundle({
			args: ["/probe", "id"],
			patch: ({ linux }) => {
				linux.uidMappings = [{ containerID: 0, hostID: 0, size: 1 }];
			},
		});
		const { status, message } = failureOf(asUser("run", "--bundle", bundle, newId()));
		expect({ status, message }).toEqual({ status: 1, message: expect.stringMatching(/new[ug]idmap failed: \S/) });
		expect(statesIn(runtimeDir)).toEqual([]);
		expect(describeLeaks(findLeaks(folder))).toEqual([]);
	});
});

describe("several ids", () => {
	const mapped = ({ linux }: BaseConfig) => {
		linux.uidMappings = [
			{ containerID: 0, hostID: user, size: 1 },
			{ containerID: 1, hostID: 200000, size: 65536 },
		];
		linux.gidMappings = [
			{ containerID: 0, hostID: user, size: 1 },
			{ containerID: 1, hostID: 300000, size: 65536 },
		];
	};

	/** The user gets a name and ids, in the mount namespace of a call. `owner` is who may use those. */
	const grant = (folder: string, owner: string) => {
		const texts = {
			passwd: `${readFileSync("/etc/passwd", "utf8")}tsrun-test:x:${user}:${user}::/:/bin/sh\n`,
			subuid: `${owner}:200000:65536\n`,
			subgid: `${owner}:300000:65536\n`,
		};
		const steps = Object.entries(texts).map(([name, text]) => {
			writeFileSync(join(folder, name), text);
			return `mount --bind ${join(folder, name)} /etc/${name}`;
		});
		return steps.join("; ");
	};

	test("are mapped by newuidmap and newgidmap", ({ asUser, userBundle, newId, folder, runtimeDir, skip }) => {
		needs(skip, "newuidmap");
		const volume = join(folder, "volume");
		mkdirSync(volume);
		chmodSync(volume, 0o777);
		const bundle = userBundle({
			args: shell("/probe id; echo text >/volume/file"),
			patch: (config) => {
				mapped(config);
				config.process.user = { uid: 1000, gid: 100 };
				config.mounts.push({ destination: "/volume", source: volume, options: ["bind", "rw", "nosuid"] });
			},
		});
		const { status, stdout, stderr } = asUser.after(grant(folder, "tsrun-test"), "run", "--bundle", bundle, newId());
		expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
		expect(JSON.parse(stdout)).toMatchObject({ uid: 1000, gid: 100 });
		expect(statSync(join(volume, "file"))).toMatchObject({ uid: 200999, gid: 300099 });
		expect(statesIn(runtimeDir)).toEqual([]);
		expect(describeLeaks(findLeaks(folder))).toEqual([]);
	});

	test("let the user have more groups", ({ asUser, userBundle, newId, folder, skip }) => {
		// runc refuses additionalGids to a user, whatever is mapped
		needs(skip, "newuidmap", "tsrun");
		const bundle = userBundle({
			args: ["/probe", "id"],
			patch: (config) => {
				mapped(config);
				config.process.user.additionalGids = [5, 100];
			},
		});
		const { status, stdout } = asUser.after(grant(folder, "tsrun-test"), "run", "--bundle", bundle, newId());
		expect({ status, ...JSON.parse(stdout) }).toMatchObject({ status: 0, uid: 0, groups: [5, 100] });
	});

	test("that are not granted are an error with newuidmap's words", ({ asUser, userBundle, newId, folder, skip }) => {
		needs(skip, "newuidmap", "tsrun");
		const bundle = userBundle({ args: ["/probe", "id"], patch: mapped });
		const run = asUser.after(grant(folder, "somebody"), "run", "--bundle", bundle, newId());
		const { status, message } = failureOf(run);
		expect({ status, message }).toEqual({ status: 1, message: expect.stringMatching(/new[ug]idmap failed: \S/) });
		expect(describeLeaks(findLeaks(folder))).toEqual([]);
	});

	test("without newuidmap are an error with the cure", ({
		asUser,
		runtime,
		runtimeDir,
		userBundle,
		newId,
		folder,
		skip,
	}) => {
		needs(skip, "tsrun");
		const bundle = userBundle({ args: ["/probe", "id"], patch: mapped });
		const log = join(runtimeDir, "log");
		const result = runtime.with(
			{
				env: { XDG_RUNTIME_DIR: runtimeDir },
				through: [...become, "env", `PATH=${folder}/tmp`, "/bin/sh", ...ownRoot.slice(1)],
			},
			...["--log", log, "--log-format", "json", "run", "--bundle", bundle, newId()],
		);
		expect(result).toMatchObject({ status: 1, stdout: "" });
		expect(JSON.parse(readFileSync(log, "utf8"))).toMatchObject({
			id: "id-map-failed",
			msg: expect.stringMatching(/new[ug]idmap is not in \$PATH/),
			hint: "install the package uidmap, or map only your own id",
		});
		expect(statesIn(runtimeDir)).toEqual([]);
		expect(asUser("list", "--quiet")).toMatchObject(silent);
	});
});

describe("cgroups", () => {
	const alone = "umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup";

	for (const [wanted, wish] of [
		["limits", () => ({ resources: { pids: { limit: 20 } } })],
		["a cgroupsPath", (folder: string) => ({ cgroupsPath: `/${basename(folder)}-own` })],
	] as const) {
		test(`that nobody delegated make ${wanted} an error with the cure`, ({
			asUser,
			userBundle,
			newId,
			runtimeDir,
			folder,
			skip,
		}) => {
			// runc has these words for a cgroupsPath alone, and no hint
			needs(skip, "tsrun");
			const patch = ({ linux }: BaseConfig) => Object.assign(linux, wish(folder));
			const log = join(runtimeDir, "log");
			const bundle = userBundle({ args: ["/probe", "id"], patch });
			const result = asUser("--log", log, "--log-format", "json", "run", "--bundle", bundle, newId());
			expect(result).toMatchObject({ status: 1, stdout: "" });
			expect(JSON.parse(readFileSync(log, "utf8"))).toMatchObject({
				msg: expect.stringContaining(
					"rootless needs no limits + no cgrouppath when no permission is granted for cgroups: mkdir ",
				),
				errno: "EACCES",
				hint: expect.stringContaining("leave cgroupsPath and resources out, or have a cgroup delegated"),
			});
			expect(statesIn(runtimeDir)).toEqual([]);
			expect(describeLeaks(findLeaks(folder))).toEqual([]);
		});
	}

	test("that nobody delegated leave the container in the caller's", ({ asUser, userBundle, newId }) => {
		const id = newId();
		expect(asUser("run", "--detach", "--bundle", userBundle({ args: ["/probe", "sleep"] }), id)).toMatchObject(silent);
		const { pid } = stateOf(asUser, id);
		for (const controller of isUnified() ? [""] : ["pids", "memory", ""]) {
			expect(cgroupPath(pid, controller), controller).toBe(cgroupPath("self", controller));
		}
		expect(asUser("delete", "--force", id)).toMatchObject(silent);
	});

	test("that nobody delegated make update and pause errors", ({ asUser, userBundle, newId, skip }) => {
		needs(skip, "tsrun");
		const id = newId();
		expect(asUser("run", "--detach", "--bundle", userBundle({ args: ["/probe", "sleep"] }), id)).toMatchObject(silent);
		const why = `container ${id} has no cgroup of its own`;
		expect(failureOf(asUser("update", "--pids-limit", "3", id)).message).toContain(why);
		expect(failureOf(asUser("pause", id)).message).toContain(why);
		expect(asUser("delete", "--force", id)).toMatchObject(silent);
	});

	test("are not needed, not even one", ({ asUser, userBundle, newId, skip }) => {
		// runc wants some
		needs(skip, "tsrun");
		const bundle = userBundle({ args: ["/probe", "ls", "/sys/fs/cgroup"] });
		const run = asUser.after("umount -R /sys/fs/cgroup", "run", "--bundle", bundle, newId());
		expect(run).toMatchObject({ status: 0, stdout: "[]\n", stderr: "" });
	});

	test("of which some were delegated hold the container in those", ({ asUser, userBundle, newId, folder, skip }) => {
		needs(skip, "cgroup v1");
		const id = newId();
		const session = `/${basename(folder)}-session`;
		const directory = makeCgroup("pids", session);
		execFileSync("chown", ["-R", `${user}`, directory]);
		const enter = `echo $$ >${directory}/cgroup.procs`;
		const bundleWith = (resources: LinuxResources, args = ["/probe", "sleep"]) =>
			userBundle({
				args,
				patch: (config) => {
					config.linux.resources = { devices: [{ allow: false, access: "rwm" }], ...resources };
				},
			});
		try {
			const bundle = bundleWith({ pids: { limit: 20 } });
			expect(asUser.after(enter, "run", "--detach", "--bundle", bundle, id)).toMatchObject(silent);
			const { pid } = stateOf(asUser, id);
			expect(cgroupPath(pid, "pids")).toBe(`${session}/${id}`);
			expect(cgroupPath(pid, "memory")).toBe(cgroupPath("self", "memory"));
			expect(readFileSync(join(directory, id, "pids.max"), "utf8")).toBe("20\n");
			expect(asUser("exec", id, "/probe", "read", "/sys/fs/cgroup/pids/pids.max")).toMatchObject({ stdout: "20\n" });
			expect(asUser("delete", "--force", id)).toMatchObject(silent);
			const other = asUser.after(enter, "run", "--bundle", bundleWith({ memory: { limit: 1 << 26 } }), newId());
			expect(failureOf(other)).toMatchObject({
				status: 1,
				message: expect.stringContaining("cannot set memory limit: container could not join or create cgroup"),
			});
			expect(readdirSync(directory)).not.toContain(id);
		} finally {
			removeCgroup(session);
		}
	});

	/** A subtree that is the user's, and in it the cgroup of the user's session: "no internal processes" holds for the top. */
	const handOver = (slice: string): string => {
		const directory = makeCgroup("", slice);
		const session = makeCgroup("", `${slice}/session`);
		for (const file of ["", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"]) {
			chownSync(join(directory, file), user, user);
			chownSync(join(session, file), user, user);
		}
		return directory;
	};

	const takeBack = (slice: string): void => {
		removeCgroup(`${slice}/session`);
		removeCgroup(slice);
	};

	test("that were delegated hold the container and its limits", async ({ asUser, userBundle, newId, folder, skip }) => {
		// the arrangement below is for a cgroup v2 beside v1; runc leaves the unified half of it alone
		needs(skip, "cgroup v1", "tsrun");
		const slice = `/${basename(folder)}-slice`;
		const directory = handOver(slice);
		try {
			const enter = `${alone}; echo $$ >/sys/fs/cgroup${slice}/session/cgroup.procs`;
			const id = newId();
			const bundle = userBundle({
				args: ["/probe", "sleep"],
				patch: ({ linux }) => {
					linux.resources = { devices: [{ allow: false, access: "rwm" }], unified: { "cgroup.max.depth": "3" } };
				},
			});
			expect(asUser.after(enter, "run", "--detach", "--bundle", bundle, id)).toMatchObject(silent);
			const { pid } = stateOf(asUser, id);
			expect(cgroupPath(pid, "")).toBe(`${slice}/${id}`);
			expect(readFileSync(join(directory, id, "cgroup.max.depth"), "utf8")).toBe("3\n");
			expect(asUser.after(enter, "pause", id)).toMatchObject(silent);
			expect(JSON.parse(asUser.after(enter, "state", id).stdout)).toMatchObject({ status: "paused" });
			expect(asUser.after(enter, "resume", id)).toMatchObject(silent);
			expect(asUser.after(enter, "delete", "--force", id)).toMatchObject(silent);
			expect(readdirSync(directory)).not.toContain(id);
		} finally {
			takeBack(slice);
		}
	});

	test("of v2 that were handed over by chown hold every limit, from start to update", ({
		asUser,
		userBundle,
		newId,
		folder,
		skip,
	}) => {
		needs(skip, "cgroup v2");
		const slice = `/${basename(folder)}-slice`;
		const directory = handOver(slice);
		try {
			const enter = `echo $$ >${directory}/session/cgroup.procs`;
			const call = (...args: string[]) => asUser.after(enter, ...args);
			const id = newId();
			const bundle = userBundle({
				args: ["/probe", "sleep"],
				patch: ({ linux }) => {
					linux.resources = { memory: { limit: 64 << 20 }, pids: { limit: 33 }, cpu: { shares: 512 } };
				},
			});
			expect(call("run", "--detach", "--bundle", bundle, id)).toMatchObject(silent);
			const { pid } = stateOf(asUser, id);
			expect(cgroupPath(pid, "")).toBe(`${slice}/${id}`);
			const limits = () => ["memory.max", "pids.max", "cpu.weight"].map((file) => control(pid, "", file));
			expect(limits()).toEqual([String(64 << 20), "33", "59"]);
			expect(call("update", "--memory", "32M", "--pids-limit", "20", id)).toMatchObject(silent);
			expect(limits()).toEqual([String(32 << 20), "20", "59"]);
			expect(call("exec", id, "/probe", "read", "/sys/fs/cgroup/memory.max")).toMatchObject({
				status: 0,
				stdout: `${32 << 20}\n`,
			});
			expect(call("pause", id)).toMatchObject(silent);
			expect(JSON.parse(call("state", id).stdout)).toMatchObject({ status: "paused" });
			expect(call("resume", id)).toMatchObject(silent);
			expect(JSON.parse(call("events", "--stats", id).stdout)).toMatchObject({ data: { pids: { limit: 20 } } });
			expect(call("delete", "--force", id)).toMatchObject(silent);
			expect(readdirSync(directory)).not.toContain(id);
		} finally {
			takeBack(slice);
		}
	});
});
