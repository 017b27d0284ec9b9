/** Device nodes and the links of /dev (config-linux.md#devices and #default-devices; runtime-linux.md#dev-symbolic-links). */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { listenForConsole } from "../support/console-socket.js";
import { shell, test, withMounts } from "../support/container.js";
import { failureOf } from "../support/failure.js";
import { needs } from "../support/skip.js";
import { waitFor } from "../support/wait.js";

type Devices = NonNullable<BaseConfig["linux"]["devices"]>;

const withDevices =
	(...devices: Devices) =>
	(config: BaseConfig): void => {
		config.linux.devices = devices;
	};

/** type, mode, owner, device number */
const describeFiles = (...paths: string[]) => shell(`stat -c '%n %F %a %u:%g %t:%T' ${paths.join(" ")}`);

describe("every container has", () => {
	test("null, zero, full, random, urandom and tty, for all to use", ({ container }) => {
		const names = ["null", "zero", "full", "random", "urandom", "tty"].map((name) => `/dev/${name}`);
		expect(
			container
				.output({ args: describeFiles(...names) })
				.trim()
				.split("\n"),
		).toEqual([
			"/dev/null character special file 666 0:0 1:3",
			"/dev/zero character special file 666 0:0 1:5",
			"/dev/full character special file 666 0:0 1:7",
			"/dev/random character special file 666 0:0 1:8",
			"/dev/urandom character special file 666 0:0 1:9",
			"/dev/tty character special file 666 0:0 5:0",
		]);
	});

	test("devices that work", ({ container }) => {
		const script =
			"echo x > /dev/null; head -c 3 /dev/zero | od -An -tx1; head -c 4 /dev/urandom | wc -c; echo x 2>/dev/null > /dev/full || echo full";
		expect(container.output({ args: ["/bin/sh", "-c", script] })).toBe(" 00 00 00\n4\nfull\n");
	});

	test("fd, stdin, stdout and stderr as links into /proc, and ptmx into its own devpts", ({ container }) => {
		const names = ["fd", "stdin", "stdout", "stderr", "ptmx"];
		const script = names.map((name) => `readlink /dev/${name}`).join("; ");
		expect(container.output({ args: shell(script) })).toBe(
			"/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx\n",
		);
		expect(container.output({ args: shell("echo through the link > /dev/stdout") })).toBe("through the link\n");
	});

	test("no other device", ({ container }) => {
		const script = "find / -xdev \\( -type b -o -type c \\) ; find /dev -type b -o -type c | sort";
		const found = container
			.output({ args: shell(script) })
			.trim()
			.split("\n");
		const known = ["full", "null", "pts/ptmx", "random", "tty", "urandom", "zero"].map((name) => `/dev/${name}`);
		expect(found).toEqual(known);
	});

	test("a /dev/null of its own on its streams, not the host's", ({ container, skip }) => {
		// runc has pipes there
		needs(skip, "tsrun");
		const script = "stat -L -c %d /dev/null /proc/self/fd/0";
		const [own, stdin] = container
			.output({ args: shell(script) })
			.trim()
			.split("\n");
		expect(stdin).toBe(own);
	});
});

test("an exec'd process too has the container's /dev/null on its streams", ({ runtime, makeBundle, newId, skip }) => {
	needs(skip, "tsrun");
	const id = newId();
	runtime("run", "--detach", "--bundle", makeBundle(), id);
	const { stdout } = runtime("exec", id, "/bin/stat", "-L", "-c", "%d", "/dev/null", "/proc/self/fd/0");
	const [own, stdin] = stdout.trim().split("\n");
	expect(stdin).toBe(own);
	runtime("delete", "--force", id);
});

describe("linux.devices", () => {
	test("are character, block and FIFO nodes, with mode and owner as given, whatever the umask", ({
		runtime,
		makeBundle,
		newId,
	}) => {
		const patch = withDevices(
			{ type: "c", path: "/dev/fuse", major: 10, minor: 229, fileMode: 0o640, uid: 11, gid: 22 },
			{ type: "u", path: "/dev/unbuffered", major: 1, minor: 5, fileMode: 0o777 },
			{ type: "b", path: "/dev/disk", major: 7, minor: 300, fileMode: 0o660 },
			{ type: "p", path: "/dev/fifo", fileMode: 0o622, uid: 5 },
			{ type: "c", path: "/dev/plain", major: 1, minor: 3 },
		);
		const paths = ["fuse", "unbuffered", "disk", "fifo", "plain"].map((name) => `/dev/${name}`);
		const bundle = makeBundle({ args: describeFiles(...paths), patch });
		const run = runtime.with(
			{ through: ["/bin/sh", "-c", 'umask 077; exec "$@"', "-"] },
			"run",
			"--bundle",
			bundle,
			newId(),
		);
		expect(run.stderr).toBe("");
		expect(run.stdout.trim().split("\n").slice(0, 4)).toEqual([
			"/dev/fuse character special file 640 11:22 a:e5",
			"/dev/unbuffered character special file 777 0:0 1:5",
			"/dev/disk block special file 660 0:0 7:12c",
			"/dev/fifo fifo 622 5:0 0:0",
		]);
		expect(run.stdout).toMatch(/\/dev\/plain character special file \d+ 0:0 1:3/);
	});

	test("may lie outside /dev, in directories that are made", ({ runtime, makeBundle, newId }) => {
		const patch = withDevices({ type: "c", path: "/srv/devices/nil", major: 1, minor: 3, fileMode: 0o600 });
		const bundle = makeBundle({ args: describeFiles("/srv/devices/nil"), patch });
		const expected = { status: 0, stdout: "/srv/devices/nil character special file 600 0:0 1:3\n" };
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject(expected);
		expect(lstatSync(join(bundle, "rootfs/srv/devices")).mode & 0o7777).toBe(0o755);
		// now it is there: the same device is no mistake
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject(expected);
	});

	test("take the place of a default device of the same path", ({ container }) => {
		const patch = withDevices({ type: "c", path: "/dev/zero", major: 1, minor: 5, fileMode: 0o600, uid: 9 });
		expect(container.output({ args: describeFiles("/dev/zero"), patch })).toBe(
			"/dev/zero character special file 600 9:0 1:5\n",
		);
	});

	test("leave the same node that is already there as it is: it may be the host's", ({ runtime, makeBundle, newId }) => {
		const patch = withDevices({ type: "c", path: "/here", major: 1, minor: 3, fileMode: 0o640, uid: 7, gid: 8 });
		const bundle = makeBundle({ args: describeFiles("/here"), patch });
		execFileSync("mknod", ["-m", "604", join(bundle, "rootfs/here"), "c", "1", "3"]);
		expect(runtime("run", "--bundle", bundle, newId()).stdout).toBe("/here character special file 604 0:0 1:3\n");
	});

	test.for<[name: string, make: (path: string) => void]>([
		["a file", (path) => writeFileSync(path, "")],
		["a directory", (path) => mkdirSync(path)],
		["a link", (path) => void execFileSync("ln", ["-s", "/dev/zero", path])],
		["another device", (path) => void execFileSync("mknod", [path, "c", "1", "5"])],
		["a block device of the same number", (path) => void execFileSync("mknod", [path, "b", "1", "3"])],
	])("are refused where %s is", ([, make], { runtime, makeBundle, newId, skip }) => {
		// DV-05; runc goes on
		needs(skip, "tsrun");
		const bundle = makeBundle({ patch: withDevices({ type: "c", path: "/here", major: 1, minor: 3 }) });
		make(join(bundle, "rootfs/here"));
		const { status, message } = failureOf(runtime("run", "--bundle", bundle, newId()));
		expect({ status, message }).toEqual({
			status: 1,
			message: expect.stringContaining('a different file is already at "/here"'),
		});
	});

	test("without numbers, or with one that is none, are invalid", ({ container, skip }) => {
		needs(skip, "tsrun");
		const device = { type: "c", path: "/dev/x", major: 1 } as Devices[number];
		expect(container.refusal({ patch: withDevices(device) })).toContain("$.linux.devices[0].minor");
		expect(container.refusal({ patch: withDevices({ ...device, type: "x" as "c", minor: 1 }) })).toContain(
			"$.linux.devices[0].type",
		);
	});
});

describe("/dev", () => {
	test("without a mount gets its nodes in the root filesystem", ({ runtime, makeBundle, newId }) => {
		const patch = (config: BaseConfig) => {
			config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith("/dev"));
		};
		const bundle = makeBundle({ args: describeFiles("/dev/null"), patch });
		expect(runtime("run", "--bundle", bundle, newId()).stdout).toBe("/dev/null character special file 666 0:0 1:3\n");
		expect(readdirSync(join(bundle, "rootfs/dev"))).toEqual(expect.arrayContaining(["fd", "null", "ptmx", "zero"]));
		// and once more, with all of them there
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stderr: "" });
	});

	test("that is read-only has its nodes all the same", ({ container }) => {
		const patch = (config: BaseConfig) => {
			for (const mount of config.mounts) if (mount.destination === "/dev") mount.options?.push("ro");
		};
		const script =
			"touch /dev/new 2>/dev/null || echo refused; echo x > /dev/null; test -c /dev/zero; touch /dev/shm/new";
		expect(container.output({ args: shell(script), patch })).toBe("refused\n");
	});

	test("bound from the host is left as it is", ({ runtime, makeBundle, newId, folder, mountOnHost }) => {
		const host = join(folder, "dev");
		mountOnHost(host);
		execFileSync("mknod", ["-m", "666", join(host, "null"), "c", "1", "3"]);
		const patch = (config: BaseConfig) => {
			config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith("/dev"));
			withMounts({ destination: "/dev/", source: host, options: ["rbind"] })(config);
		};
		const bundle = makeBundle({ args: ["/bin/ls", "/dev"], patch });
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "null\n" });
		expect(readdirSync(host)).toEqual(["null"]);
	});

	test("has a ptmx of the container's own, whatever the image brings", ({ runtime, makeBundle, newId }) => {
		const patch = (config: BaseConfig) => {
			config.mounts = config.mounts.filter(({ destination }) => !/^\/dev(\/shm|\/mqueue)?$/.test(destination));
		};
		for (const make of ["touch", "mkfifo", "ln -s /dev/pts/0"]) {
			const bundle = makeBundle({ args: ["/bin/readlink", "/dev/ptmx"], patch });
			execFileSync("sh", ["-c", `${make} ${bundle}/rootfs/dev/ptmx`]);
			expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "pts/ptmx\n" });
		}
	});
});

describe("process.terminal", () => {
	const terminal = (config: BaseConfig) => {
		config.process.terminal = true;
	};

	test("is bound to /dev/console, and is a pty of the container's devpts", async ({
		runtime,
		makeBundle,
		newId,
		folder,
	}) => {
		const console = await listenForConsole(folder);
		const script = "tty; stat -c %t:%T /dev/console; echo on the console > /dev/console; ls -1 /dev/pts";
		const bundle = makeBundle({ args: shell(script), patch: terminal });
		const id = newId();
		const run = runtime("run", "--detach", "--console-socket", console.path, "--bundle", bundle, id);
		expect(run).toMatchObject({ status: 0, stderr: "" });
		expect(await console.received()).not.toBe("");
		expect((await console.ended()).stdout.replaceAll("\r", "")).toBe("/dev/pts/0\n88:0\non the console\n0\nptmx\n");
		await waitFor(() => runtime("delete", id).status === 0, { what: "the container to be deleted" });
	});

	test("makes /dev/console inside the root where the image has a link", async ({
		runtime,
		makeBundle,
		newId,
		folder,
		skip,
	}) => {
		// runc 1.1 opens the link from inside, where it leads nowhere
		needs(skip, "tsrun");
		const outside = join(folder, "outside");
		const patch = (config: BaseConfig) => {
			terminal(config);
			config.mounts = config.mounts.filter(({ destination }) => destination !== "/dev");
			withMounts({
				destination: "/dev/pts",
				type: "devpts",
				source: "devpts",
				options: ["newinstance", "ptmxmode=0666"],
			})(config);
		};
		const bundle = makeBundle({ args: shell(`stat -c %t:%T ${outside}`), patch });
		execFileSync("ln", ["-s", outside, join(bundle, "rootfs/dev/console")]);
		const run = runtime.start({ terminal: { rows: 24, columns: 80 } }, "run", "--bundle", bundle, newId());
		expect(await run.ended()).toMatchObject({ status: 0, stdout: expect.stringMatching(/^88:\d+\r?\n$/) });
		expect(existsSync(outside)).toBe(false);
	});

	test("never comes from a devpts of the host, when /dev is a link of the image", async ({
		runtime,
		makeBundle,
		newId,
		folder,
		skip,
	}) => {
		needs(skip, "tsrun");
		const console = await listenForConsole(folder);
		const patch = (config: BaseConfig) => {
			terminal(config);
			config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith("/dev"));
		};
		const bundle = makeBundle({ patch });
		execFileSync("sh", ["-c", `rm -r ${bundle}/rootfs/dev && ln -s /../../../../../../dev ${bundle}/rootfs/dev`]);
		const id = newId();
		const { status, message } = failureOf(runtime("create", "--console-socket", console.path, "--bundle", bundle, id));
		expect({ status, message }).toEqual({ status: 1, message: expect.any(String) });
		console.signal("SIGTERM");
		await console.ended();
	});

	test("without a devpts is an error that says what is missing", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun");
		const patch = (config: BaseConfig) => {
			terminal(config);
			config.mounts = config.mounts.filter(({ destination }) => destination !== "/dev/pts");
		};
		const { status, message } = failureOf(runtime("run", "--bundle", makeBundle({ patch }), newId()));
		expect({ status, message }).toEqual({ status: 1, message: expect.stringContaining("open a pseudoterminal") });
	});
});

test("the container's root cannot change the host's /dev/null through its streams", ({ container }) => {
	const before = statSync("/dev/null");
	container.output({ args: shell("chmod 600 /proc/self/fd/0") });
	const after = statSync("/dev/null");
	if (after.mode !== before.mode) chmodSync("/dev/null", before.mode & 0o7777);
	expect(after.mode).toBe(before.mode);
});
