/**
 * Kernels before 5.12 and outer seccomp filters that do not know the newer calls: the same container is made by
 * mount(2) and by walking paths by hand. A filter stands for the old kernel.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { isUnified } from "../support/cgroups.js";
import { test as base, withMounts } from "../support/container.js";
import { failureOf } from "../support/failure.js";
import { parseMountinfo } from "../support/mounts.js";
import { probe } from "../support/paths.js";
import { needs } from "../support/skip.js";
import { stateOf } from "../support/status.js";

const mountCalls = "open_tree,move_mount,fsopen,fsconfig,fsmount,fspick,mount_setattr";

/** What is refused, and how: the last two are Linux 5.11 and 5.5. */
const machines: readonly (readonly [name: string, ...through: string[]])[] = [
	["before Linux 5.2", "refuse", "ENOSYS", `openat2,${mountCalls}`],
	["under an old filter that answers EPERM", "refuse", "EPERM", `openat2,${mountCalls}`],
	["without mount_setattr", "refuse", "ENOSYS", "mount_setattr"],
	["without openat2", "refuse", "ENOSYS", "openat2"],
];

const test = base.extend("runOn", ({ runtime, newId }) => {
	const id = newId();
	return (machine: readonly string[], bundle: string) => {
		const through = machine.length > 0 ? [probe, ...machine] : [];
		return runtime.with({ through }, "run", "--bundle", bundle, id);
	};
});

/** All that config.json can say about mounts, in one. */
function everything(folder: string): (config: BaseConfig) => void {
	const tree = join(folder, "tree");
	return (config) => {
		withMounts(
			{ destination: "/new/dir", source: tree, options: ["rbind", "nosuid", "noexec"] },
			{ destination: "/new/file", source: join(tree, "file"), options: ["bind", "ro"] },
			{ destination: "/recursive", source: tree, options: ["rbind", "rro", "rnosuid", "rnoatime"] },
			{ destination: "/relaxed", source: tree, options: ["bind", "rw", "strictatime", "nodiratime", "nosymfollow"] },
			{ destination: "/private", source: tree, options: ["rbind", "rprivate"] },
			{ destination: "/slave", source: tree, options: ["rbind", "rslave"] },
			{ destination: "/unbindable", type: "tmpfs", source: "tmpfs", options: ["unbindable", "ro", "mode=700"] },
			{ destination: "/copied", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup", "size=64k,nr_inodes=50"] },
			{ destination: "/copied", type: "tmpfs", source: "tmpfs", options: ["remount", "size=32k", "noexec"] },
			{ destination: "/link/there", type: "tmpfs", source: "a source", options: ["noatime", "sync"] },
		)(config);
		config.linux.maskedPaths = ["/etc/group", "/home", "/mnt", "/proc/timer_list", "/missing"];
		config.linux.readonlyPaths = ["/proc/sys", "/etc", "/new"];
		config.linux.rootfsPropagation = "shared";
	};
}

/** What has to be the same: all but ids, and what belongs to a file system rather than to the mount. */
function summary(mountinfo: string): string[] {
	return parseMountinfo(mountinfo)
		.map(({ point, type, source, root, options, propagation }) => {
			const kinds = propagation.map((field) => field.replace(/:\d+$/, "")).join();
			return `${point} ${type} ${source} ${root} ${options.join()} ${kinds}`;
		})
		.sort();
}

describe.for(machines)("%s", ([, ...machine]) => {
	test("all mounts are the same", ({ makeBundle, runOn, folder, mountOnHost, skip }) => {
		needs(skip, "tsrun");
		mountOnHost(join(folder, "tree"), ["nodev", "noatime"], "shared");
		mountOnHost(join(folder, "tree/sub"), ["noexec"], "shared");
		writeFileSync(join(folder, "tree/file"), "");
		const files = { "copied/file": "text\n" };
		const bundle = makeBundle({ args: ["/probe", "mounts"], patch: everything(folder), files });
		execFileSync("ln", ["-s", "../../opt", join(bundle, "rootfs/link")]);
		const [now, then] = [runOn([], bundle), runOn(machine, bundle)];
		expect([now.stderr, then.stderr]).toEqual(["", ""]);
		expect(summary(then.stdout)).toEqual(summary(now.stdout));
		// those of v1 are a dozen
		expect(summary(then.stdout).length).toBeGreaterThan(isUnified() ? 25 : 35);
	});

	test("what is masked, protected, copied and linked is the same", ({ makeBundle, runOn, folder, skip }) => {
		needs(skip, "tsrun");
		mkdirSync(join(folder, "tree"));
		writeFileSync(join(folder, "tree/file"), "");
		const files = { "copied/file": "text\n", "home/file": "" };
		const script =
			"cat /copied/file /etc/group; ls /home; ls -l /dev | tr -s ' ' | cut -d ' ' -f 1,3-6,10-; for path in /etc/x /recursive/x /new/dir/x /unbindable/x /home/x; do touch $path 2>/dev/null || echo $path refused; done; df -k /copied | tail -1";
		const bundle = makeBundle({ args: ["/bin/sh", "-c", script], patch: everything(folder), files });
		execFileSync("ln", ["-s", "../../opt", join(bundle, "rootfs/link")]);
		const [now, then] = [runOn([], bundle), runOn(machine, bundle)];
		expect(then).toMatchObject({ status: now.status, stdout: now.stdout, stderr: now.stderr });
		expect(now.stdout.match(/refused/g)?.length).toBe(5);
		expect(now.stdout).toContain("text\n");
	});

	test("a container with a terminal, in a user namespace, works", async ({ makeBundle, runtime, newId, skip }) => {
		needs(skip, "tsrun");
		const patch = (config: BaseConfig) => {
			config.linux.namespaces.push({ type: "user" });
			config.linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
			config.linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
			config.mounts.push({ destination: "/mnt", source: "data", options: ["bind", "ro"] });
		};
		const id = newId();
		const args = ["/bin/sh", "-c", "cat /mnt/file; echo x > /dev/null; ls /sys/fs/cgroup > /dev/null; id -u"];
		const bundle = makeBundle({ args, patch });
		mkdirSync(join(bundle, "data"));
		writeFileSync(join(bundle, "data/file"), "text\n");
		const run = runtime.with({ through: [probe, ...machine] }, "run", "--bundle", bundle, id);
		expect(run).toMatchObject({ status: 0, stdout: "text\n0\n", stderr: "" });
	});

	test("a link of the image leads nowhere but inside", ({ makeBundle, runOn, folder, skip }) => {
		needs(skip, "tsrun");
		const outside = join(folder, "outside");
		const links = {
			absolute: outside,
			chain: "upwards/../beside",
			upwards: "../../../../../../opt/up",
			"etc/dangling": `..${outside}-file`,
			dev: outside,
		};
		const bundle = makeBundle({
			args: [
				"/bin/sh",
				"-c",
				`ls ${outside}; stat -f -c %T ${outside}/in /opt/beside; cat ${outside}-file; stat -c %t:%T /dev/null`,
			],
			patch: (config) => {
				withMounts(
					{ destination: "/absolute/in", type: "tmpfs", source: "tmpfs" },
					{ destination: "/chain", type: "tmpfs", source: "tmpfs" },
					{ destination: "/etc/dangling", source: "config.json", options: ["bind"] },
				)(config);
				config.linux.maskedPaths = ["/upwards"];
			},
		});
		for (const [path, target] of Object.entries(links)) {
			execFileSync("sh", ["-c", 'rmdir "$2" 2>/dev/null; ln -s "$1" "$2"', "-", target, join(bundle, "rootfs", path)]);
		}
		const run = runOn(machine, bundle);
		expect(run).toMatchObject({ status: 0, stderr: "" });
		expect(run.stdout).toContain("urandom");
		expect(run.stdout).toMatch(/\ntmpfs\ntmpfs\n\{/);
		expect(run.stdout).toMatch(/1:3\n$/);
		expect(existsSync(outside) || existsSync(`${outside}-file`)).toBe(false);
	});

	test("proc and sys are refused as links, and magic links and circles as well", ({ makeBundle, runOn, skip }) => {
		needs(skip, "tsrun");
		const refusal = (links: string, destination: string) => {
			const patch = withMounts({ destination, type: "tmpfs", source: "tmpfs" });
			const bundle = makeBundle({ args: ["/bin/true"], patch });
			execFileSync("sh", ["-ec", `cd "$1/rootfs"; ${links}`, "-", bundle]);
			const { status, message } = failureOf(runOn(machine, bundle));
			expect(status).toBe(1);
			return message;
		};
		expect(refusal("rmdir proc; ln -s /etc proc", "/mnt")).toContain("must be mounted on ordinary directory");
		expect(refusal("rmdir sys; ln -s /nowhere sys", "/mnt")).toContain("must be mounted on ordinary directory");
		expect(refusal("ln -s /proc/self/root magic", "/magic/tmp/x")).toMatch(
			/magic link|too many levels of symbolic links/,
		);
		expect(refusal("ln -s round circle; ln -s /circle round", "/circle/x")).toMatch(/too many (links|levels of)/);
	});

	test("exec joins it", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun");
		const through = [probe, ...machine];
		const id = newId();
		expect(runtime.with({ through }, "run", "--detach", "--bundle", makeBundle(), id)).toMatchObject({ status: 0 });
		expect(stateOf(runtime, id).status).toBe("running");
		expect(runtime.with({ through }, "exec", id, "/bin/echo", "here")).toMatchObject({ status: 0, stdout: "here\n" });
		runtime.with({ through }, "delete", "--force", id);
	});
});

test("an id-mapped mount needs a newer kernel, and says so", ({ makeBundle, runOn, folder, skip }) => {
	needs(skip, "tsrun");
	const mappings = [{ containerID: 0, hostID: 5000, size: 10 }];
	const patch = withMounts({
		destination: "/mnt",
		source: folder,
		options: ["bind"],
		uidMappings: mappings,
		gidMappings: mappings,
	});
	const { status, message } = failureOf(runOn(["refuse", "ENOSYS", mountCalls], makeBundle({ patch })));
	expect({ status, message }).toEqual({ status: 1, message: expect.stringContaining("function not implemented") });
	expect(message).toContain(`error mounting "${folder}" to rootfs at "/mnt"`);
});
