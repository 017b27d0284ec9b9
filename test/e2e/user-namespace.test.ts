/** User namespaces: ids as mapped, whatever the container needs of the host all the same, and id-mapped mounts (config-linux.md#user-namespace-mappings). */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { shell, test, withMounts } from "../support/container.js";
import { mountAt, parseMountinfo } from "../support/mounts.js";
import { needs } from "../support/skip.js";
import { stateOf } from "../support/status.js";

const base = 100_000;

/** A user namespace in which the container's ids are the host's from 100000 on. */
const withUsers = (config: BaseConfig): void => {
	config.linux.namespaces.push({ type: "user" });
	config.linux.uidMappings = [{ containerID: 0, hostID: base, size: 65_536 }];
	config.linux.gidMappings = [{ containerID: 0, hostID: base, size: 65_536 }];
};

/** Several patches in the place of one. */
const all =
	(...patches: ((config: BaseConfig) => void)[]) =>
	(config: BaseConfig): void => {
		for (const patch of patches) patch(config);
	};

describe("the mappings", () => {
	test("are the configuration's, line by line", ({ container }) => {
		const patch = all(withUsers, ({ linux }) => {
			linux.uidMappings = [
				{ containerID: 0, hostID: 5000, size: 10 },
				{ containerID: 1000, hostID: 7000, size: 1 },
			];
			linux.gidMappings = [{ containerID: 0, hostID: 6000, size: 20 }];
		});
		const output = container.output({ args: ["/bin/cat", "/proc/self/uid_map", "/proc/self/gid_map"], patch });
		const lines = output.trim().split("\n");
		expect(lines.map((line) => line.trim().split(/\s+/).join(" "))).toEqual(["0 5000 10", "1000 7000 1", "0 6000 20"]);
	});

	test("make the container's root another user of the host", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("create", "--bundle", makeBundle({ patch: withUsers }), id);
		const status = readFileSync(`/proc/${stateOf(runtime, id).pid}/status`, "utf8");
		expect(status).toMatch(/^Uid:\t100000\t100000\t100000\t100000$/m);
		expect(status).toMatch(/^Gid:\t100000\t100000\t100000\t100000$/m);
		runtime("delete", "--force", id);
	});

	test("own what the container writes", ({ container, folder }) => {
		mkdirSync(join(folder, "data"));
		chownSync(join(folder, "data"), base + 1000, base + 1001);
		const patch = all(
			withUsers,
			withMounts({ destination: "/mnt", source: join(folder, "data"), options: ["bind"] }),
			({ process }) => {
				process.user = { uid: 1000, gid: 1001, additionalGids: [7] };
			},
		);
		const output = container.output({ args: shell("id; touch /mnt/new; stat -c %u:%g /mnt /mnt/new"), patch });
		expect(output).toMatch(/^uid=1000.* gid=1001.* groups=.*\b7\b.*\n1000:1001\n1000:1001\n$/);
		expect(statSync(join(folder, "data/new"))).toMatchObject({ uid: base + 1000, gid: base + 1001 });
	});

	test("must be there, and need a user namespace", ({ container, skip }) => {
		const without = (config: BaseConfig) => {
			withUsers(config);
			delete config.linux.uidMappings;
		};
		expect(container.refusal({ patch: without })).toMatch(/user namespaces enabled, but no (uid )?mappings found/i);
		// runc 1.1 hangs
		needs(skip, "tsrun");
		const alone = (config: BaseConfig) => {
			withUsers(config);
			config.linux.namespaces.pop();
		};
		expect(container.refusal({ patch: alone })).toContain("user namespace");
	});

	test("that lack the container's root are an error that says so", ({ container, skip }) => {
		needs(skip, "tsrun");
		const patch = all(withUsers, ({ linux }) => {
			linux.uidMappings = [{ containerID: 1, hostID: base, size: 10 }];
		});
		expect(container.refusal({ patch })).toContain("become root of the user namespace: invalid argument");
	});
});

describe("in a user namespace", () => {
	test("the default mounts are made, and the devices are the host's, bound", ({ container }) => {
		const mountinfo = container.output({ args: ["/probe", "mounts"], patch: withUsers });
		const points = ["/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys", "/sys/fs/cgroup"];
		const seen = points.map((point) => mountAt(mountinfo, point).type);
		expect(seen.slice(0, 6)).toEqual(["proc", "tmpfs", "devpts", "tmpfs", "mqueue", "sysfs"]);
		for (const name of ["null", "zero", "full", "random", "urandom", "tty"]) {
			expect(mountAt(mountinfo, `/dev/${name}`)).toMatchObject({ type: "devtmpfs", root: `/${name}` });
		}
	});

	test("devices work, those of linux.devices too", ({ container, skip }) => {
		// runc binds FIFOs as well, which the host does not have
		needs(skip, "tsrun");
		const patch = all(withUsers, ({ linux }) => {
			linux.devices = [
				{ type: "c", path: "/dev/fuse", major: 10, minor: 229, fileMode: 0o666 },
				{ type: "p", path: "/dev/fifo", fileMode: 0o640, uid: 3 },
			];
		});
		const script =
			"echo x > /dev/null; head -c 2 /dev/zero | wc -c; stat -c %t:%T /dev/fuse; stat -c '%F %a %u' /dev/fifo; readlink /dev/ptmx; readlink /dev/fd";
		expect(container.output({ args: shell(script), patch })).toBe("2\na:e5\nfifo 640 3\npts/ptmx\n/proc/self/fd\n");
	});

	test("a device that the host does not have is an error", ({ container }) => {
		const patch = all(withUsers, ({ linux }) => {
			linux.devices = [{ type: "c", path: "/dev/none-such", major: 1, minor: 3 }];
		});
		expect(container.refusal({ patch })).toContain("no such file or directory");
	});

	test("/sys is the host's, read-only, without a network namespace of its own", ({ container }) => {
		const patch = all(withUsers, (config) => {
			const { linux } = config;
			linux.namespaces = linux.namespaces.filter(({ type }) => type !== "network");
			for (const mount of config.mounts) {
				if (mount.destination === "/sys") mount.options = ["nosuid", "noexec", "nodev"];
			}
		});
		const mountinfo = container.run({ args: ["/probe", "mounts"], patch });
		// runc calls it an error
		if (mountinfo.status !== 0) expect(mountinfo.stderr).toContain("operation not permitted");
		else expect(mountAt(mountinfo.stdout, "/sys").options).toEqual(expect.arrayContaining(["ro", "nosuid"]));
	});

	test("read-only means the whole of the host's /sys", ({ container, skip }) => {
		needs(skip, "tsrun");
		const patch = all(withUsers, (config) => {
			const { linux } = config;
			linux.namespaces = linux.namespaces.filter(({ type }) => type !== "network");
			config.mounts = config.mounts.filter(({ destination }) => destination !== "/sys/fs/cgroup");
		});
		const mounts = parseMountinfo(container.output({ args: ["/probe", "mounts"], patch }));
		const below = mounts.filter(({ point }) => point === "/sys" || point.startsWith("/sys/fs"));
		expect(below.length).toBeGreaterThan(1);
		expect(below.filter(({ options }) => !options.includes("ro"))).toEqual([]);
	});

	test("a bind source may lie where only the caller can look", ({ container, folder }) => {
		const locked = join(folder, "locked");
		mkdirSync(join(locked, "data"), { recursive: true });
		writeFileSync(join(locked, "data/file"), "text\n");
		writeFileSync(join(locked, "single"), "single\n");
		chmodSync(locked, 0o700);
		const patch = all(
			withUsers,
			withMounts(
				{ destination: "/mnt", source: join(locked, "data"), options: ["bind", "ro"] },
				{ destination: "/dev/shm/single", source: join(locked, "single"), options: ["bind"] },
			),
		);
		expect(container.output({ args: ["/bin/cat", "/mnt/file", "/dev/shm/single"], patch })).toBe("text\nsingle\n");
	});

	test("a bind mount keeps the flags that its source has locked", ({ container, folder, mountOnHost, skip }) => {
		// runc 1.1 does not try again with them
		needs(skip, "tsrun");
		const source = join(folder, "locked");
		mountOnHost(source, ["nosuid", "nodev", "noexec", "noatime"]);
		const mountinfo = container.output({
			args: ["/probe", "mounts"],
			patch: all(
				withUsers,
				withMounts(
					{ destination: "/mnt", source, options: ["bind"] },
					{ destination: "/home", source, options: ["bind", "ro"] },
				),
			),
		});
		expect(mountAt(mountinfo, "/mnt").options.join()).toBe("rw,nosuid,nodev,noexec,noatime");
		const { options } = mountAt(mountinfo, "/home");
		expect(options.join()).toBe("ro,nosuid,nodev,noexec,noatime");
	});

	test("exec works, with the same ids", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		expect(runtime("run", "--detach", "--bundle", makeBundle({ patch: withUsers }), id)).toMatchObject({ status: 0 });
		const exec = runtime("exec", "--user", "1000:1000", id, "/bin/sh", "-c", "id -u; cat /proc/self/uid_map");
		expect(exec).toMatchObject({ status: 0, stderr: "" });
		expect(exec.stdout.trim().split(/\s+/)).toEqual(["1000", "0", "100000", "65536"]);
		runtime("delete", "--force", id);
	});

	test("masked and read-only paths hold", ({ container }) => {
		const script =
			"cat /proc/timer_list 2>/dev/null | wc -c; ls /sys/firmware | wc -l; echo 1 2>/dev/null > /proc/sys/kernel/hostname || echo refused; touch /new 2>/dev/null || echo refused";
		expect(container.output({ args: ["/bin/sh", "-c", script], patch: withUsers })).toBe("0\n0\nrefused\nrefused\n");
	});

	test("a terminal belongs to the container's root", async ({ runtime, makeBundle, newId }) => {
		const patch = all(withUsers, ({ process }) => {
			process.terminal = true;
		});
		const bundle = makeBundle({ args: shell("stat -c %u $(tty); test -w /dev/console; echo done"), patch });
		const run = runtime.start({ terminal: { rows: 24, columns: 80 } }, "run", "--bundle", bundle, newId());
		expect((await run.ended()).stdout.replaceAll("\r", "")).toBe("0\ndone\n");
	});

	test("a time and a cgroup namespace come along", ({ container, skip }) => {
		needs(skip, "tsrun");
		const patch = all(withUsers, ({ linux }) => {
			linux.namespaces.push({ type: "time" }, { type: "cgroup" });
			linux.timeOffsets = { boottime: { secs: 1_000_000 } };
		});
		const [uptime] = container.output({ args: ["/bin/cat", "/proc/uptime"], patch }).split(" ");
		expect(Number(uptime)).toBeGreaterThan(1_000_000);
	});
});

describe("a user namespace that is joined", () => {
	test("has its own mappings, and is shared by both containers", ({ runtime, makeBundle, newId, skip }) => {
		// runc 1.1 wants mappings here, too
		needs(skip, "tsrun");
		const first = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ patch: withUsers }), first);
		const { pid } = stateOf(runtime, first);
		const patch = (config: BaseConfig) => {
			config.linux.namespaces.push({ type: "user", path: `/proc/${pid}/ns/user` });
		};
		const args = [
			"/bin/sh",
			"-c",
			"readlink /proc/self/ns/user; cat /proc/self/uid_map; echo x > /dev/null && echo works",
		];
		const run = runtime("run", "--bundle", makeBundle({ args, patch }), newId());
		expect(run).toMatchObject({ status: 0, stderr: "" });
		const [users, map, works] = run.stdout.trim().split("\n");
		expect(users).toBe(runtime("exec", first, "/bin/readlink", "/proc/self/ns/user").stdout.trim());
		expect(map?.trim().split(/\s+/).join(" ")).toBe("0 100000 65536");
		expect(works).toBe("works");
		runtime("delete", "--force", first);
	});

	test("shares its network and ipc namespaces as well, as the containers of a pod do", ({
		runtime,
		makeBundle,
		newId,
		skip,
	}) => {
		needs(skip, "tsrun");
		const first = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ patch: withUsers }), first);
		const { pid } = stateOf(runtime, first);
		const second = newId();
		const patch = (config: BaseConfig) => {
			config.linux.namespaces = [
				{ type: "mount" },
				{ type: "pid" },
				{ type: "uts", path: `/proc/${pid}/ns/uts` },
				{ type: "ipc", path: `/proc/${pid}/ns/ipc` },
				{ type: "network", path: `/proc/${pid}/ns/net` },
				{ type: "user", path: `/proc/${pid}/ns/user` },
			];
			delete config.hostname;
		};
		const run = runtime("run", "--detach", "--bundle", makeBundle({ patch }), second);
		expect(run).toMatchObject({ status: 0, stderr: "" });
		const both = [first, second].map((id) => JSON.parse(runtime("exec", id, "/probe", "namespaces").stdout));
		for (const name of ["user", "net", "ipc", "uts"]) expect(both[0][name]).toBe(both[1][name]);
		for (const name of ["mnt", "pid"]) expect(both[0][name]).not.toBe(both[1][name]);
		for (const id of [second, first]) runtime("delete", "--force", id);
	});
});

describe("an id-mapped mount", () => {
	const mapping = (hostID: number) => [{ containerID: 0, hostID, size: 65_536 }];

	/** A directory whose files belong to host ids 0 and 1000. */
	const makeSource = (folder: string) => {
		const source = join(folder, "source");
		mkdirSync(join(source, "sub"), { recursive: true });
		writeFileSync(join(source, "root"), "");
		writeFileSync(join(source, "user"), "");
		chownSync(join(source, "user"), 1000, 1000);
		return source;
	};
	const look = shell("stat -c %u:%g /mnt/root /mnt/user");

	test("shows ids by its own mappings, and stores them back", ({ container, folder, skip }) => {
		// runc does it since 1.2
		needs(skip, "tsrun");
		const source = makeSource(folder);
		const patch = all(
			withMounts({
				destination: "/mnt",
				source,
				options: ["bind"],
				uidMappings: mapping(5000),
				gidMappings: mapping(6000),
			}),
		);
		expect(container.output({ args: look, patch })).toBe("5000:6000\n6000:7000\n");
		const write = shell("touch /mnt/new; stat -c %u:%g /mnt/new");
		const asUser = all(patch, ({ process }) => {
			process.user = { uid: 5000, gid: 6000 };
		});
		expect(container.output({ args: write, patch: asUser })).toBe("5000:6000\n");
		expect(statSync(join(source, "new"))).toMatchObject({ uid: 0, gid: 0 });
	});

	test.for(["idmap", "ridmap"])(
		"%s takes the container's mappings: the files belong to the same ids inside",
		(option, { container, folder, skip }) => {
			needs(skip, "tsrun");
			const source = makeSource(folder);
			const patch = all(withUsers, withMounts({ destination: "/mnt", source, options: ["rbind", option] }));
			expect(container.output({ args: look, patch })).toBe("0:0\n1000:1000\n");
			const mountinfo = container.output({ args: ["/probe", "mounts"], patch });
			expect(mountAt(mountinfo, "/mnt").options).toContain("idmapped");
		},
	);

	test("ridmap maps what is mounted below, idmap does not", ({ container, folder, mountOnHost, skip }) => {
		needs(skip, "tsrun");
		const source = join(folder, "source");
		mountOnHost(source);
		mountOnHost(join(source, "sub"));
		const mappings = { uidMappings: mapping(5000), gidMappings: mapping(6000) };
		const script = shell("stat -c %u /mnt /mnt/sub /home /home/sub");
		const patch = withMounts(
			{ destination: "/mnt", source, options: ["rbind", "ridmap"], ...mappings },
			{ destination: "/home", source, options: ["rbind", "idmap"], ...mappings },
		);
		expect(container.output({ args: script, patch })).toBe("5000\n5000\n5000\n0\n");
	});

	test("takes the mappings of a user namespace that is joined", ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun");
		const source = makeSource(folder);
		const first = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ patch: withUsers }), first);
		const { pid } = stateOf(runtime, first);
		const patch = all(
			({ linux }) => {
				linux.namespaces.push({ type: "user", path: `/proc/${pid}/ns/user` });
			},
			withMounts({ destination: "/mnt", source, options: ["rbind", "idmap"] }),
		);
		const run = runtime("run", "--bundle", makeBundle({ args: look, patch }), newId());
		expect(run).toMatchObject({ status: 0, stdout: "0:0\n1000:1000\n", stderr: "" });
		runtime("delete", "--force", first);
	});

	test("of a loop device's file system works, in a namespace of users", ({
		container,
		folder,
		onTestFinished,
		skip,
	}) => {
		needs(skip, "tsrun");
		const image = join(folder, "image");
		execFileSync("truncate", ["-s", "1M", image]);
		execFileSync("mke2fs", ["-q", "-t", "ext4", "-O", "^has_journal", image]);
		const device = execFileSync("losetup", ["--find", "--show", image], { encoding: "utf8" }).trim();
		onTestFinished(() => void execFileSync("losetup", ["--detach", device]));
		const mounted = join(folder, "mounted");
		mkdirSync(mounted);
		execFileSync("mount", [device, mounted]);
		try {
			writeFileSync(join(mounted, "file"), "");
			const patch = all(withUsers, withMounts({ destination: "/mnt", source: mounted, options: ["bind", "idmap"] }));
			expect(container.output({ args: shell("stat -c %u /mnt/file; touch /mnt/new"), patch })).toBe("0\n");
			expect(statSync(join(mounted, "new")).uid).toBe(0);
		} finally {
			execFileSync("umount", [mounted]);
		}
	});

	test("of a file system that cannot do it is an error that says why", ({ container, skip }) => {
		needs(skip, "tsrun");
		const patch = withMounts({
			destination: "/mnt",
			source: "/sys/kernel",
			options: ["bind"],
			uidMappings: mapping(5000),
			gidMappings: mapping(5000),
		});
		expect(container.refusal({ patch })).toMatch(
			/error mounting "\/sys\/kernel" to rootfs at "\/mnt": invalid argument/,
		);
	});

	test("needs both kinds of mappings, a source of them, and a bind mount", ({ container, folder, skip }) => {
		needs(skip, "tsrun");
		const mount = { destination: "/mnt", source: folder, options: ["bind"] };
		const refusal = (more: Partial<BaseConfig["mounts"][number]>) =>
			container.refusal({ patch: withMounts({ ...mount, ...more }) });
		expect(refusal({ uidMappings: mapping(1) })).toContain("$.mounts[7].gidMappings");
		expect(refusal({ gidMappings: mapping(1) })).toContain("$.mounts[7].uidMappings");
		expect(refusal({ options: ["bind", "idmap"] })).toContain("$.mounts[7].options");
		const tmpfs = { type: "tmpfs", source: "tmpfs", options: [], uidMappings: mapping(1), gidMappings: mapping(1) };
		expect(refusal(tmpfs)).toContain("only bind mounts can have id mappings");
		expect(existsSync(join(folder, "state"))).toBe(true);
	});
});
