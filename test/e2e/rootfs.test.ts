/** The root filesystem: where it is taken from, how it becomes "/", and what in it is hidden or protected (config.md#root). */
import { execFileSync } from "node:child_process";
import {
	chmodSync,
	existsSync,
	mkdirSync,
	readFileSync,
	renameSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { asAdministrator, shell, test, withMounts } from "../support/container.js";
import { failureOf } from "../support/failure.js";
import { hostMountinfo, mountAt, parseMountinfo } from "../support/mounts.js";
import { needs } from "../support/skip.js";
import { stateOf } from "../support/status.js";

const writable = ({ root }: BaseConfig) => {
	root.readonly = false;
};

describe("root.path", () => {
	test("is read-only when the configuration says so", ({ container }) => {
		const output = container.output({ args: shell("touch /new 2>/dev/null || echo refused; touch /dev/shm/new") });
		expect(output).toBe("refused\n");
	});

	test("is writable otherwise, and what is written stays in the bundle", ({ runtime, makeBundle, newId }) => {
		const patch = (config: BaseConfig) => {
			delete config.root.readonly;
		};
		const bundle = makeBundle({ args: shell("echo text > /new"), patch });
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stderr: "" });
		expect(readFileSync(join(bundle, "rootfs/new"), "utf8")).toBe("text\n");
	});

	test.for<[name: string, path: (bundle: string) => string]>([
		["absolute", (bundle) => join(bundle, "rootfs")],
		["a link", () => "link"],
		["an absolute link", (bundle) => join(bundle, "link")],
		["untidy", () => "./link/../rootfs//."],
		["with spaces and other letters", () => "the röotfs \\ 1"],
	])("may be %s", ([name, pathIn], { runtime, makeBundle, newId, skip }) => {
		// runc 1.1 wants no link
		if (name.includes("link")) needs(skip, "tsrun");
		const bundle = makeBundle({ args: ["/bin/echo", "here"] });
		symlinkSync("rootfs", join(bundle, "link"));
		const config = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8"));
		config.root.path = pathIn(bundle);
		writeFileSync(join(bundle, "config.json"), JSON.stringify(config));
		if (!existsSync(join(bundle, "rootfs", "..", config.root.path)) && !config.root.path.startsWith("/")) {
			renameSync(join(bundle, "rootfs"), join(bundle, config.root.path));
		}
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "here\n", stderr: "" });
	});

	test("may be the bundle itself", ({ runtime, makeBundle, newId }) => {
		const patch = (config: BaseConfig) => {
			config.root.path = ".";
		};
		const bundle = makeBundle({ args: ["/bin/ls", "/"], patch });
		execFileSync("sh", ["-c", `mv ${bundle}/rootfs/* ${bundle} && rmdir ${bundle}/rootfs`]);
		const run = runtime("run", "--bundle", bundle, newId());
		expect(run).toMatchObject({ status: 0, stdout: expect.stringContaining("config.json\n"), stderr: "" });
	});

	test("has to be a directory that is there", ({ container }) => {
		for (const path of ["missing", "config.json", "rootfs/etc/hosts"]) {
			const patch = ({ root }: BaseConfig) => {
				root.path = path;
			};
			expect(container.refusal({ patch })).toMatch(/rootfs|not a directory/);
		}
	});

	test("keeps what an engine has mounted below it", ({ runtime, makeBundle, newId, mountOnHost }) => {
		const bundle = makeBundle({ args: ["/bin/cat", "/mnt/file"] });
		mountOnHost(join(bundle, "rootfs/mnt"));
		writeFileSync(join(bundle, "rootfs/mnt/file"), "text\n");
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "text\n" });
	});

	test("may be a mount of its own, read-only too, as engines mount images", ({
		runtime,
		makeBundle,
		newId,
		mountOnHost,
	}) => {
		const patch = (config: BaseConfig) => {
			config.root.path = "image";
		};
		const bundle = makeBundle({ args: ["/bin/echo", "here"], patch });
		mountOnHost(join(bundle, "image"), ["size=16m"]);
		execFileSync("sh", ["-c", `cp -a ${bundle}/rootfs/. ${bundle}/image`]);
		execFileSync("mount", ["-o", "remount,bind,ro", join(bundle, "image")]);
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "here\n", stderr: "" });
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "here\n", stderr: "" });
	});
});

describe("the host", () => {
	for (const flags of [[], ["--no-pivot"]]) {
		test(`has gone from sight (run ${flags.join()})`, ({ runtime, makeBundle, newId, folder }) => {
			const script = `test ! -e ${folder}; cat /proc/self/mountinfo; ls -1 /..`;
			const bundle = makeBundle({ args: shell(script) });
			const { status, stdout } = runtime("run", ...flags, "--bundle", bundle, newId());
			expect(status).toBe(0);
			// with a root moved over the host's, mountinfo shows what chroot(2) leaves in sight
			expect(
				parseMountinfo(stdout)
					.map(({ point }) => point)
					.sort(),
			).toEqual(expect.arrayContaining(["/", "/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys"]));
			expect(stdout).not.toMatch(/ - \S+ \/dev\/\S+ rw.*\n.* \/(tmp|work|mnt) /);
			expect(parseMountinfo(stdout)[0]).toMatchObject({ root: expect.stringContaining("/rootfs"), point: "/" });
			expect(stdout).toMatch(/\nbin\ndev\netc\n/);
		});
	}

	test("keeps nothing of the old root in the container's mount namespace", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		const mounts = parseMountinfo(readFileSync(`/proc/${stateOf(runtime, id).pid}/mountinfo`, "utf8"));
		const ids = new Set(mounts.map((mount) => mount.id));
		// all hangs together below "/", whose parent is the namespace's own root
		expect(mounts.filter((mount) => !ids.has(mount.parent)).map(({ point }) => point)).toEqual(["/"]);
		runtime("delete", "--force", id);
	});

	test("keeps its unmasked procfs and sysfs out of reach with --no-pivot", ({ runtime, makeBundle, newId }) => {
		const masking = (paths: string[]) => (config: BaseConfig) => {
			// who has no CAP_SETFCAP may not map root
			config.process.user = { uid: 1000, gid: 1000 };
			config.linux.maskedPaths = paths;
			config.linux.readonlyPaths = [];
		};
		// mount_too_revealing: the kernel allows a fresh procfs only where an unmasked one is in the namespace
		const script = "unshare -Urpmf sh -c 'mount -t proc proc /dev/shm' 2>/dev/null && echo revealed || echo refused";
		const run = (masks: string[], ...flags: string[]) =>
			runtime("run", ...flags, "--bundle", makeBundle({ args: shell(script), patch: masking(masks) }), newId()).stdout;
		expect(run([])).toBe("revealed\n");
		expect(run(["/proc/timer_list"])).toBe("refused\n");
		expect(run(["/proc/timer_list"], "--no-pivot")).toBe("refused\n");
	});
});

describe("linux.maskedPaths", () => {
	const mask = (...paths: string[]) => {
		return (config: BaseConfig) => {
			config.linux.maskedPaths = paths;
		};
	};

	test("show an empty directory or file in the place of what is there", ({ runtime, makeBundle, newId }) => {
		const script =
			"ls /secret; cat /secret/key /etc/token; touch /secret/new 2>/dev/null || echo refused; echo x > /etc/token; stat -c %t:%T /etc/token";
		const files = { "secret/key": "secret", "etc/token": "secret" };
		const bundle = makeBundle({ args: ["/bin/sh", "-c", script], patch: mask("/secret", "/etc/token"), files });
		const run = runtime("run", "--bundle", bundle, newId());
		expect(run.stdout).toBe("refused\n1:3\n");
		expect(run.stderr).toMatch(/\/secret\/key'?: No such file/);
		expect(readFileSync(join(bundle, "rootfs/etc/token"), "utf8")).toBe("secret");
	});

	test("that are not there, or named twice, or below a file, are no error", ({ container, skip }) => {
		// runc fails below a file
		needs(skip, "tsrun");
		const patch = mask(
			"/missing",
			"/etc/hosts/x",
			"/etc/hosts",
			"/etc/hosts",
			"/home",
			"/home/",
			"/home",
			"/proc/acpi",
		);
		expect(container.output({ args: shell("cat /etc/hosts; ls /home; echo done"), patch })).toBe("done\n");
	});

	test("that are files keep the host's null device out of reach of chmod and chown", ({ container, skip }) => {
		// runc shows the container's own
		needs(skip, "tsrun");
		const script =
			"for file in /etc/hosts /etc/group; do chmod 666 $file 2>/dev/null || echo refused; chown 0 $file 2>/dev/null || echo refused; echo x >$file; done; cat /proc/mounts";
		const printed = container.output({ args: shell(script), patch: mask("/etc/hosts", "/etc/group") });
		expect(printed).toMatch(/^(refused\n){4}/);
		expect(printed).toMatch(/ \/etc\/group \S+ ro,/);
	});

	test("that are directories share one file system, read-only", ({ container, skip }) => {
		// older releases of runc mount one for each
		needs(skip, "tsrun");
		const paths = ["/home", "/mnt", "/usr", "/var"];
		const mountinfo = container.output({ args: ["/probe", "mounts"], patch: mask(...paths) });
		const device = (point: string) => new RegExp(`^\\d+ \\d+ (\\S+) / ${point} `, "m").exec(mountinfo)?.[1];
		expect(new Set(paths.map(device)).size).toBe(1);
		for (const path of paths) {
			expect(mountAt(mountinfo, path)).toMatchObject({
				type: "tmpfs",
				options: expect.arrayContaining(["ro", "noexec"]),
			});
		}
	});

	test("hide what the default configuration hides", ({ container }) => {
		// which of them there are depends on how the kernel was built
		const script =
			"cat /proc/kcore /proc/keys /proc/timer_list 2>/dev/null | wc -c; ls -A /proc/scsi /sys/firmware 2>/dev/null";
		expect(container.output({ args: ["/bin/sh", "-c", `${script}; true`] })).toMatch(/^0\n(\/.*:\n|\n)*$/);
	});
});

describe("linux.readonlyPaths", () => {
	test("cannot be written, with all that is mounted below, and can be read", ({ container, folder, mountOnHost }) => {
		mountOnHost(join(folder, "tree"));
		mountOnHost(join(folder, "tree/sub"));
		writeFileSync(join(folder, "tree/sub/file"), "text\n");
		const patch = (config: BaseConfig) => {
			writable(config);
			withMounts({ destination: "/vol", source: join(folder, "tree"), options: ["rbind"] })(config);
			config.linux.readonlyPaths = ["/vol", "/etc/hosts", "/etc/hosts", "/missing"];
		};
		const script = `for path in /vol/new /etc/hosts; do echo x 2>/dev/null > $path || echo refused; done; cat /vol/sub/file; touch /etc/new`;
		expect(container.output({ args: ["/bin/sh", "-c", script], patch })).toBe("refused\nrefused\ntext\n");
	});

	test("hold for mounts below them", ({ container, folder, mountOnHost, skip }) => {
		// runc changes the top alone
		needs(skip, "tsrun");
		mountOnHost(join(folder, "tree"));
		mountOnHost(join(folder, "tree/sub"));
		const patch = (config: BaseConfig) => {
			withMounts({ destination: "/vol", source: join(folder, "tree"), options: ["rbind"] })(config);
			config.linux.readonlyPaths = ["/vol"];
		};
		expect(container.output({ args: shell("touch /vol/sub/new 2>/dev/null || echo refused"), patch })).toBe(
			"refused\n",
		);
	});

	test("protect what the default configuration protects", ({ container }) => {
		const script =
			"echo 1 2>/dev/null > /proc/sys/kernel/sysrq || echo refused; echo 1 2>/dev/null > /proc/sysrq-trigger || echo refused";
		expect(container.output({ args: ["/bin/sh", "-c", script] })).toBe("refused\nrefused\n");
	});
});

describe("process.cwd", () => {
	test("is made when it is not there, with its parents, open to all", ({ runtime, makeBundle, newId }) => {
		const patch = (config: BaseConfig) => {
			config.process.cwd = "/new/working/directory";
		};
		const bundle = makeBundle({ args: shell("pwd; stat -c %a . .."), patch });
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({
			status: 0,
			stdout: "/new/working/directory\n755\n755\n",
		});
		expect(statSync(join(bundle, "rootfs/new/working")).mode & 0o7777).toBe(0o755);
	});

	test("is made in a set-group-id directory with its group", ({ runtime, makeBundle, newId }) => {
		const patch = (config: BaseConfig) => {
			config.process.cwd = "/shared/made";
		};
		const bundle = makeBundle({ args: shell("stat -c '%a %g' ."), patch });
		mkdirSync(join(bundle, "rootfs/shared"));
		execFileSync("chgrp", ["77", join(bundle, "rootfs/shared")]);
		chmodSync(join(bundle, "rootfs/shared"), 0o2755);
		expect(runtime("run", "--bundle", bundle, newId()).stdout).toBe("2755 77\n");
	});

	test("that is a file is an error", ({ container }) => {
		const patch = (config: BaseConfig) => {
			config.process.cwd = "/etc/hosts";
		};
		expect(container.refusal({ patch })).toContain("not a directory");
	});
});

test("a container that could not be made leaves no mount behind", ({ runtime, makeBundle, newId, folder }) => {
	const before = hostMountinfo(folder);
	const patch = (config: BaseConfig) => {
		asAdministrator(config);
		withMounts({ destination: "/late", type: "nosuchfs", source: "none" })(config);
	};
	const { status } = failureOf(runtime("create", "--bundle", makeBundle({ patch }), newId()));
	expect(status).toBe(1);
	expect(hostMountinfo(folder)).toBe(before);
});
