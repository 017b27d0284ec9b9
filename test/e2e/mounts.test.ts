/** `mounts` of config.json: every option ends in the flag that it names, every kind of mount shows what it should (config.md#mounts). */
import { execFileSync } from "node:child_process";
import {
	chmodSync,
	chownSync,
	existsSync,
	mkdirSync,
	readFileSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { type MountOnHost, shell, test, withMounts } from "../support/container.js";
import { mountAt } from "../support/mounts.js";
import { needs } from "../support/skip.js";

const look = ["/probe", "mounts"];

/** A tmpfs of its own per entry, at /m/0, /m/1 …: many options are tried in one container. */
function tmpfsEach(...options: readonly (readonly string[])[]) {
	return withMounts(
		...options.map((list, index) => ({
			destination: `/m/${index}`,
			type: "tmpfs",
			source: "tmpfs",
			options: [...list],
		})),
	);
}

describe("an option of mount(8)", () => {
	/** What mountinfo shows of the mount; without mention: rw and relatime. */
	const ofTheMount: readonly (readonly [options: string, shown: string])[] = [
		["ro", "ro,relatime"],
		["rw", "rw,relatime"],
		["nosuid", "rw,nosuid,relatime"],
		["suid", "rw,relatime"],
		["nodev", "rw,nodev,relatime"],
		["dev", "rw,relatime"],
		["noexec", "rw,noexec,relatime"],
		["exec", "rw,relatime"],
		["noatime", "rw,noatime"],
		["atime", "rw,relatime"],
		["relatime", "rw,relatime"],
		["norelatime", "rw,relatime"],
		["strictatime", "rw"],
		["nostrictatime", "rw,relatime"],
		["nodiratime", "rw,nodiratime,relatime"],
		["diratime", "rw,relatime"],
		["nosymfollow", "rw,relatime,nosymfollow"],
		["symfollow", "rw,relatime"],
		["nosuid,nodev,noexec,ro,noatime", "ro,nosuid,nodev,noexec,noatime"],
	];

	test("is the mount's flag", ({ container }) => {
		const mountinfo = container.output({
			args: look,
			patch: tmpfsEach(...ofTheMount.map(([list]) => list.split(","))),
		});
		const shown = ofTheMount.map(([list], index) => [list, mountAt(mountinfo, `/m/${index}`).options.join(",")]);
		expect(shown).toEqual(ofTheMount);
	});

	test("that comes later wins over one that it contradicts", ({ container }) => {
		const lists: readonly (readonly [string, string])[] = [
			["ro,rw", "rw,relatime"],
			["rw,ro", "ro,relatime"],
			["nosuid,suid", "rw,relatime"],
			["suid,nosuid", "rw,nosuid,relatime"],
			["nodev,dev", "rw,relatime"],
			["noexec,exec", "rw,relatime"],
			["exec,noexec", "rw,noexec,relatime"],
			["nosymfollow,symfollow", "rw,relatime"],
		];
		const mountinfo = container.output({ args: look, patch: tmpfsEach(...lists.map(([list]) => list.split(","))) });
		const shown = lists.map(([list], index) => [list, mountAt(mountinfo, `/m/${index}`).options.join(",")]);
		expect(shown).toEqual(lists);
	});

	test("defaults changes nothing, and of several access times the last one wins", ({ container, skip }) => {
		// runc 1.1 hands "defaults" to the file system, and of two access times keeps both flags
		needs(skip, "tsrun");
		const lists: readonly (readonly [string, string])[] = [
			["defaults", "rw,relatime"],
			["nosuid,defaults", "rw,nosuid,relatime"],
			["noatime,relatime", "rw,relatime"],
			["strictatime,noatime", "rw,noatime"],
		];
		const mountinfo = container.output({ args: look, patch: tmpfsEach(...lists.map(([list]) => list.split(","))) });
		const shown = lists.map(([list], index) => [list, mountAt(mountinfo, `/m/${index}`).options.join(",")]);
		expect(shown).toEqual(lists);
	});

	test("is the file system's flag", ({ container }) => {
		const lists = [
			["sync"],
			["async"],
			["dirsync"],
			["lazytime"],
			["nolazytime"],
			["silent"],
			["loud"],
			["sync", "async"],
		];
		const mountinfo = container.output({ args: look, patch: tmpfsEach(...lists) });
		const flags = ["sync", "dirsync", "lazytime"];
		const shown = lists.map((_, index) =>
			mountAt(mountinfo, `/m/${index}`).superOptions.filter((option) => flags.includes(option)),
		);
		expect(shown).toEqual([["sync"], [], ["dirsync"], ["lazytime"], [], [], [], []]);
	});

	test("that is not the kernel's goes to the file system, several at once too", ({ container, skip }) => {
		needs(skip, "tsrun");
		const mountinfo = container.output({
			args: look,
			patch: tmpfsEach(["size=64k", "nr_inodes=7"], ["size=8k,mode=750"]),
		});
		expect(mountAt(mountinfo, "/m/0").superOptions).toEqual(expect.arrayContaining(["size=64k", "nr_inodes=7"]));
		expect(mountAt(mountinfo, "/m/1").superOptions).toEqual(expect.arrayContaining(["size=8k", "mode=750"]));
	});

	test("that nobody knows is an error in the kernel's own words", ({ container, skip }) => {
		const message = container.refusal({ args: look, patch: tmpfsEach(["bogus=1"]) });
		expect(message).toContain("error mounting");
		expect(message).toContain("invalid argument");
		needs(skip, "tsrun");
		expect(message).toContain(
			`error mounting "tmpfs" to rootfs at "/m/0": option "bogus=1": invalid argument (tmpfs: Unknown parameter 'bogus')`,
		);
	});

	test("a mount of an unknown type, or of none, says so", ({ container }) => {
		const patch = (type: string) => withMounts({ destination: "/m", type, source: "none" });
		expect(container.refusal({ patch: patch("nosuchfs") })).toMatch(
			/error mounting "none" to rootfs at "\/m": .*no such device/,
		);
		// the kernel's word, or one before anything is made
		expect(container.refusal({ patch: patch("") })).toMatch(
			/error mounting "none" to rootfs at "\/m": |\.type: is required/,
		);
	});
});

describe("remount", () => {
	test("changes attributes and file system options of what is mounted, and no others", ({ container, skip }) => {
		// runc drops the flags that the remount does not name
		needs(skip, "tsrun");
		const mountinfo = container.output({
			args: look,
			patch: (config) => {
				tmpfsEach(["nosuid", "size=64k"], ["size=64k"])(config);
				config.mounts.push(
					{ destination: "/m/0", type: "tmpfs", source: "tmpfs", options: ["remount", "size=32k"] },
					{ destination: "/m/1", type: "tmpfs", source: "tmpfs", options: ["remount", "ro", "noexec"] },
				);
			},
		});
		expect(mountAt(mountinfo, "/m/0").superOptions).toContain("size=32k");
		expect(mountAt(mountinfo, "/m/0").options).toContain("nosuid");
		expect(mountAt(mountinfo, "/m/1").options).toEqual(["ro", "noexec", "relatime"]);
		expect(mountAt(mountinfo, "/m/1").superOptions).toContain("size=64k");
	});

	test("of a place where nothing is mounted is an error", ({ container }) => {
		const patch = withMounts({ destination: "/etc", type: "tmpfs", source: "tmpfs", options: ["remount", "ro"] });
		expect(container.refusal({ patch })).toContain("invalid argument");
	});
});

describe("a bind mount", () => {
	const source = (folder: string) => {
		const directory = join(folder, "source");
		mkdirSync(join(directory, "sub"), { recursive: true });
		writeFileSync(join(directory, "file"), "text\n");
		return directory;
	};

	test("shows a directory or a file, at a destination that is made like it", ({ container, folder }) => {
		const directory = source(folder);
		const output = container.output({
			args: shell("cat /new/dir/file /new/deep/er/file; test -d /new/dir/sub; ls -l /new/deep/er"),
			patch: withMounts(
				{ destination: "/new/dir", source: directory, options: ["bind"] },
				{ destination: "/new/deep/er/file", source: join(directory, "file"), options: ["bind"] },
			),
		});
		expect(output).toMatch(/^text\ntext\n/);
	});

	test("needs no type, and any type does not matter", ({ container, folder }) => {
		const output = container.output({
			args: ["/bin/cat", "/one/file", "/two/file"],
			patch: withMounts(
				{ destination: "/one", type: "none", source: source(folder), options: ["bind"] },
				{ destination: "/two", type: "tmpfs", source: source(folder), options: ["rbind"] },
			),
		});
		expect(output).toBe("text\ntext\n");
	});

	test("has a source relative to the bundle", ({ runtime, makeBundle, newId }) => {
		const patch = withMounts({ destination: "/mnt", source: "data/here", options: ["bind"] });
		const bundle = makeBundle({ args: ["/bin/cat", "/mnt/file"], patch });
		mkdirSync(join(bundle, "data/here"), { recursive: true });
		writeFileSync(join(bundle, "data/here/file"), "in the bundle\n");
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "in the bundle\n" });
	});

	test("has a destination that is taken from / when it is relative", ({ container, folder }) => {
		const patch = withMounts({ destination: "mnt/../opt/here", source: source(folder), options: ["bind"] });
		// with a warning: the specification deprecates it
		expect(container.run({ args: ["/bin/cat", "/opt/here/file"], patch })).toMatchObject({
			status: 0,
			stdout: "text\n",
		});
	});

	test("shows what is mounted below only with rbind", ({ container, folder, mountOnHost }) => {
		const directory = source(folder);
		mountOnHost(join(directory, "sub"));
		writeFileSync(join(directory, "sub/hidden"), "");
		const output = container.output({
			args: shell("ls /bind/sub; echo -; ls /rbind/sub"),
			patch: withMounts(
				{ destination: "/bind", source: directory, options: ["bind"] },
				{ destination: "/rbind", source: directory, options: ["rbind"] },
			),
		});
		expect(output).toBe("-\nhidden\n");
	});

	test("is read-only with ro, while the source is not", ({ container, folder }) => {
		const directory = source(folder);
		const output = container.output({
			args: shell("touch /rw/made; touch /ro/new 2>/dev/null || echo refused; ls /ro"),
			patch: withMounts(
				{ destination: "/rw", source: directory, options: ["bind"] },
				{ destination: "/ro", source: directory, options: ["bind", "ro"] },
			),
		});
		expect(output).toBe("refused\nfile\nmade\nsub\n");
		writeFileSync(join(directory, "still"), "");
	});

	test("keeps the flags of its source, unless it names any", ({ container, folder, mountOnHost, skip }) => {
		const directory = join(folder, "flags");
		mountOnHost(directory, ["ro", "nosuid", "nodev", "noexec", "noatime"]);
		const mountinfo = container.output({
			args: look,
			patch: withMounts(
				{ destination: "/m/kept", source: directory, options: ["bind"] },
				{ destination: "/m/named", source: directory, options: ["bind", "nosuid"] },
				{ destination: "/m/cleared", source: directory, options: ["bind", "exec"] },
			),
		});
		expect(mountAt(mountinfo, "/m/kept").options.join()).toBe("ro,nosuid,nodev,noexec,noatime");
		expect(mountAt(mountinfo, "/m/named").options.join()).toBe("rw,nosuid,noatime");
		// runc 1.1 does not count an option that only clears
		needs(skip, "tsrun");
		const { options } = mountAt(mountinfo, "/m/cleared");
		expect(options).not.toContain("noexec");
	});

	test("may lie in an earlier one, and its source in the root filesystem", ({ container, folder }) => {
		const directory = source(folder);
		const output = container.run({
			args: shell("cat /outer/sub/inner /copy/inner"),
			patch: (config) => {
				config.mounts.push(
					{ destination: "/outer", source: directory, options: ["rbind"] },
					{ destination: "/outer/sub/inner", source: join(directory, "file"), options: ["bind"] },
					{ destination: "/copy", source: "rootfs/outer/sub", options: ["rbind"] },
				);
			},
		});
		expect(output).toMatchObject({ status: 0, stdout: "text\ntext\n" });
	});

	test("without a source on the host is an error that names it", ({ container, folder, skip }) => {
		const missing = join(folder, "missing");
		const patch = withMounts({ destination: "/mnt", source: missing, options: ["bind"] });
		const message = container.refusal({ patch });
		expect(message).toContain(`error mounting "${missing}" to rootfs at "/mnt": `);
		expect(message).toContain("no such file or directory");
		needs(skip, "tsrun");
		expect(message).toContain(`bind source "${missing}": no such file or directory`);
	});

	test("of a directory on a file, or the other way round, is an error", ({ container, folder }) => {
		const directory = source(folder);
		const patch = withMounts({ destination: "/etc/hosts", source: directory, options: ["bind"] });
		expect(container.refusal({ patch })).toContain("not a directory");
		const reverse = withMounts({ destination: "/etc", source: join(directory, "file"), options: ["bind"] });
		expect(container.refusal({ patch: reverse })).toContain("not a directory");
	});

	test("ignores options of a file system, as the kernel does, and says so", ({
		runtime,
		makeBundle,
		newId,
		folder,
		skip,
	}) => {
		// runc refuses them from 1.2 on
		needs(skip, "tsrun");
		const patch = withMounts({ destination: "/mnt", source: source(folder), options: ["bind", "size=1m"] });
		expect(runtime("run", "--bundle", makeBundle({ patch, args: ["/probe", "exit", "0"] }), newId())).toMatchObject({
			status: 0,
			stderr: expect.stringContaining("bind mount at /mnt: file system options are ignored: size=1m"),
		});
	});
});

describe("a recursive attribute", () => {
	const all = {
		rro: "ro",
		rnosuid: "nosuid",
		rnodev: "nodev",
		rnoexec: "noexec",
		rnodiratime: "nodiratime",
		rnoatime: "noatime",
		rnosymfollow: "nosymfollow",
	};

	const tree = (folder: string, mountOnHost: MountOnHost, ...below: string[]) => {
		const top = join(folder, "tree");
		mountOnHost(top);
		mountOnHost(join(top, "sub"), below);
		return top;
	};

	test("holds for the whole tree, a plain one for its top", ({ container, folder, mountOnHost }) => {
		const top = tree(folder, mountOnHost);
		const names = Object.keys(all) as (keyof typeof all)[];
		const mountinfo = container.output({
			args: look,
			patch: withMounts(
				...names.map((option) => ({ destination: `/m/${option}`, source: top, options: ["rbind", option] })),
				{ destination: "/m/plain", source: top, options: ["rbind", "ro", "noexec"] },
			),
		});
		for (const option of names) {
			expect(mountAt(mountinfo, `/m/${option}`).options).toContain(all[option]);
			expect(mountAt(mountinfo, `/m/${option}/sub`).options).toContain(all[option]);
		}
		expect(mountAt(mountinfo, "/m/plain").options).toEqual(expect.arrayContaining(["ro", "noexec"]));
		expect(mountAt(mountinfo, "/m/plain/sub").options.join()).toBe("rw,relatime");
	});

	test("takes flags away as well", ({ container, folder, mountOnHost }) => {
		const top = tree(folder, mountOnHost, "nosuid", "nodev", "noexec", "noatime", "ro");
		const options = ["rbind", "rrw", "rsuid", "rdev", "rexec", "rstrictatime"];
		const mountinfo = container.output({
			args: look,
			patch: withMounts({ destination: "/m", source: top, options }),
		});
		expect(mountAt(mountinfo, "/m").options.join()).toBe("rw");
		expect(mountAt(mountinfo, "/m/sub").options.join()).toBe("rw");
	});
});

describe("a tmpfs", () => {
	test("has the mode and owner of the directory that it covers", ({ runtime, makeBundle, newId, skip }) => {
		// runc 1.1 keeps the mode alone, whatever the options say
		needs(skip, "tsrun");
		const patch = withMounts(
			{ destination: "/kept", type: "tmpfs", source: "tmpfs" },
			{ destination: "/own", type: "tmpfs", source: "tmpfs", options: ["mode=700"] },
			{ destination: "/several", type: "tmpfs", source: "tmpfs", options: ["size=1m,mode=711"] },
		);
		const bundle = makeBundle({ args: shell("stat -c '%a %u:%g' /kept /own /several"), patch });
		for (const name of ["kept", "own", "several"]) {
			mkdirSync(join(bundle, "rootfs", name));
			chmodSync(join(bundle, "rootfs", name), 0o3755);
		}
		expect(runtime("run", "--bundle", bundle, newId()).stdout).toBe("3755 0:0\n700 0:0\n711 0:0\n");
		chownSync(join(bundle, "rootfs/kept"), 12, 34);
		expect(runtime("run", "--bundle", bundle, newId()).stdout).toMatch(/^3755 12:34\n/);
	});

	test("is open to all at a destination that was not there", ({ container }) => {
		const patch = withMounts({ destination: "/new/tmp", type: "tmpfs", source: "tmpfs" });
		expect(container.output({ args: shell("stat -c %a /new/tmp"), patch })).toBe("1777\n");
	});

	test("that is read-only holds what is mounted in it later", ({ container, folder }) => {
		writeFileSync(join(folder, "secret"), "text\n");
		const output = container.output({
			args: shell("cat /run/in/secret; touch /run/new 2>/dev/null || echo refused"),
			patch: withMounts(
				{ destination: "/run", type: "tmpfs", source: "tmpfs", options: ["ro"] },
				{ destination: "/run/in/secret", source: join(folder, "secret"), options: ["bind"] },
			),
		});
		expect(output).toBe("text\nrefused\n");
	});

	test("has the mode that is asked for, with tmpcopyup too", ({ container, skip }) => {
		// runc 1.1 takes that of the directory below
		needs(skip, "tsrun");
		const tmpfs = (destination: string, ...options: string[]) => ({
			destination,
			type: "tmpfs",
			source: "tmpfs",
			options,
		});
		const patch = withMounts(
			tmpfs("/home", "tmpcopyup", "mode=700"),
			tmpfs("/new", "tmpcopyup", "mode=711"),
			tmpfs("/open", "tmpcopyup"),
		);
		expect(container.output({ args: shell("stat -c %a /home /new /open"), patch })).toBe("700\n711\n1777\n");
	});

	test("begins with a copy of what it covers with tmpcopyup", ({ runtime, makeBundle, newId, skip }) => {
		// runc 1.1 cannot copy a FIFO
		needs(skip, "tsrun");
		const patch = withMounts({
			destination: "/data",
			type: "tmpfs",
			source: "tmpfs",
			options: ["tmpcopyup", "ro"],
		});
		const script =
			"cd /data; cat file; stat -c '%n %a %u:%g %F' . file suid sub sub/deep link fifo; readlink link; wc -c < big; touch x 2>/dev/null || echo ro";
		const bundle = makeBundle({ args: shell(script), patch, files: { "data/file": "text\n", "data/sub/deep": "" } });
		const data = join(bundle, "rootfs/data");
		writeFileSync(join(data, "big"), "x".repeat(3_000_000));
		writeFileSync(join(data, "suid"), "");
		chownSync(join(data, "suid"), 3, 4);
		chmodSync(join(data, "suid"), 0o4755);
		chmodSync(join(data, "sub"), 0o750);
		chownSync(join(data, "sub"), 0, 6);
		symlinkSync("/nowhere", join(data, "link"));
		execFileSync("mkfifo", ["-m", "622", join(data, "fifo")]);
		const { stdout, status } = runtime("run", "--bundle", bundle, newId());
		expect(stdout.split("\n")).toEqual([
			"text",
			". 755 0:0 directory",
			"file 644 0:0 regular file",
			"suid 4755 3:4 regular empty file",
			"sub 750 0:6 directory",
			"sub/deep 644 0:0 regular empty file",
			"link 777 0:0 symbolic link",
			"fifo 622 0:0 fifo",
			"/nowhere",
			"3000000",
			"ro",
			"",
		]);
		expect(status).toBe(0);
		expect(existsSync(join(data, "x"))).toBe(false);
	});
});

describe("a file system of the kernel", () => {
	test("is what its type says: proc, sysfs, devpts, mqueue, tmpfs", ({ container }) => {
		const mountinfo = container.output({ args: look });
		const types = ["/proc", "/sys", "/dev", "/dev/pts", "/dev/mqueue", "/dev/shm"].map((point) => [
			point,
			mountAt(mountinfo, point).type,
		]);
		expect(Object.fromEntries(types)).toEqual({
			"/proc": "proc",
			"/sys": "sysfs",
			"/dev": "tmpfs",
			"/dev/pts": "devpts",
			"/dev/mqueue": "mqueue",
			"/dev/shm": "tmpfs",
		});
		expect(mountAt(mountinfo, "/sys").options.join()).toBe("ro,nosuid,nodev,noexec,relatime");
		expect(mountAt(mountinfo, "/dev/pts").superOptions).toEqual(
			expect.arrayContaining(["gid=5", "mode=620", "ptmxmode=666"]),
		);
		expect(mountAt(mountinfo, "/dev").options.join()).toBe("rw,nosuid");
		expect(mountAt(mountinfo, "/dev/shm").superOptions).toContain("size=65536k");
	});

	test("may be mounted elsewhere too", ({ container }) => {
		const patch = withMounts(
			{ destination: "/other/proc", type: "proc", source: "proc" },
			{ destination: "/other/sys", type: "sysfs", source: "sysfs" },
		);
		expect(container.output({ args: shell("cat /other/proc/1/comm; ls -d /other/sys/kernel"), patch })).toBe(
			"sh\n/other/sys/kernel\n",
		);
	});

	test("an overlay takes long paths and many layers", ({ container, folder }) => {
		const long = join(folder, "a-rather-long-name-for-a-layer".repeat(4));
		const [lower, other, upper, work] = ["lower", "other", "upper", "work"].map((name) => {
			mkdirSync(join(long, name), { recursive: true });
			return join(long, name);
		}) as [string, string, string, string];
		writeFileSync(join(lower, "below"), "below\n");
		writeFileSync(join(other, "beside"), "beside\n");
		const options = [`lowerdir=${lower}:${other}`, `upperdir=${upper}`, `workdir=${work}`];
		const patch = withMounts({ destination: "/merged", type: "overlay", source: "overlay", options });
		expect(container.output({ args: shell("cat /merged/below /merged/beside; echo new > /merged/new"), patch })).toBe(
			"below\nbeside\n",
		);
		expect(readFileSync(join(upper, "new"), "utf8")).toBe("new\n");
	});

	test("a read-only image is mounted read-only", ({ container, folder, onTestFinished, skip }) => {
		needs(skip, "tsrun");
		const image = join(folder, "image");
		execFileSync("truncate", ["-s", "1M", image]);
		execFileSync("mkfs.ext4", ["-q", image]);
		const device = execFileSync("losetup", ["--find", "--show", "--read-only", image], { encoding: "utf8" }).trim();
		onTestFinished(() => void execFileSync("losetup", ["--detach", device]));
		const patch = (config: BaseConfig) => {
			withMounts({ destination: "/image", type: "ext4", source: device, options: ["ro"] })(config);
			config.linux.resources.devices?.push({ allow: true, type: "b", access: "r" });
		};
		expect(container.output({ args: shell("ls /image"), patch })).toBe("lost+found\n");
	});
});

describe("the cgroup mount", () => {
	const withNamespace = (config: BaseConfig) => {
		config.linux.namespaces.push({ type: "cgroup" });
	};
	const hierarchies = "cpu,cpuacct,cpuset,memory,devices,freezer,blkio,pids,systemd".split(",");

	test.for([["the runtime's", () => {}] as const, ["its own", withNamespace] as const])(
		"shows the container's own cgroups, read-only, in %s cgroup namespace",
		([, patch], { container, skip }) => {
			needs(skip, "cgroup v1");
			const script = `cd /sys/fs/cgroup; ls; cat memory/cgroup.procs; echo 1 2>/dev/null > memory/memory.limit_in_bytes || echo refused; touch new 2>/dev/null || echo refused`;
			const lines = container
				.output({ args: shell(script), patch })
				.trim()
				.split("\n");
			expect(lines).toEqual(expect.arrayContaining(hierarchies));
			// one process of the shell, one of cat
			expect(lines.filter((line) => /^\d+$/.test(line)).length).toBe(2);
			expect(lines.filter((line) => line === "refused").length).toBe(2);
		},
	);

	test("is writable without ro", ({ container, skip }) => {
		needs(skip, "cgroup v1");
		const patch = (config: BaseConfig) => {
			withNamespace(config);
			for (const mount of config.mounts) {
				if (mount.type === "cgroup") mount.options = ["nosuid", "noexec", "nodev"];
			}
		};
		const script = "mkdir /sys/fs/cgroup/pids/sub; rmdir /sys/fs/cgroup/pids/sub; echo writable";
		expect(container.output({ args: shell(script), patch })).toBe("writable\n");
	});

	test("on v2 is one cgroup2, with the container's cgroup as its root", ({ container, skip }) => {
		needs(skip, "cgroup v2");
		const mountinfo = container.output({ args: look, patch: withNamespace });
		expect(mountAt(mountinfo, "/sys/fs/cgroup")).toMatchObject({ type: "cgroup2", root: "/" });
		expect(mountAt(mountinfo, "/sys/fs/cgroup").options).toContain("ro");
	});
});

describe("a mount of an engine", () => {
	test("of /etc/hosts, resolv.conf and hostname leaves the image's files as they were", ({
		runtime,
		makeBundle,
		newId,
		folder,
	}) => {
		const names = ["hosts", "resolv.conf", "hostname"];
		for (const name of names) writeFileSync(join(folder, name), `${name} of the engine\n`);
		const patch = withMounts(
			...names.map((name) => ({
				destination: `/etc/${name}`,
				type: "bind",
				source: join(folder, name),
				options: ["rbind", "rprivate", "rw"],
			})),
		);
		const bundle = makeBundle({ args: shell("cat /etc/hosts /etc/resolv.conf /etc/hostname"), patch });
		const before = readFileSync(join(bundle, "rootfs/etc/hosts"), "utf8");
		expect(runtime("run", "--bundle", bundle, newId()).stdout).toBe(
			names.map((name) => `${name} of the engine\n`).join(""),
		);
		expect(readFileSync(join(bundle, "rootfs/etc/hosts"), "utf8")).toBe(before);
		expect(statSync(join(bundle, "rootfs/etc/resolv.conf")).size).toBe(0);
	});
});
