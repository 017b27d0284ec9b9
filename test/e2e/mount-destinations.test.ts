/**
 * Where mounts land: destinations are resolved inside the root filesystem, whatever links its image brings (MT-05), and
 * nothing takes the place of /proc and /sys. One test for each way out that was ever found.
 */
import { existsSync, lstatSync, mkdirSync, readdirSync, rmdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { test as base, shell, withMounts } from "../support/container.js";
import { failureOf } from "../support/failure.js";
import { needs } from "../support/skip.js";

/** Links of the image by path, each with its target. */
type Links = Readonly<Record<string, string>>;

const test = base.extend(
	"makeHostileBundle",
	({ makeBundle }) =>
		(links: Links, args: readonly string[], patch: (config: BaseConfig) => void) => {
			const bundle = makeBundle({ args, patch });
			for (const [path, target] of Object.entries(links)) {
				const link = join(bundle, "rootfs", path);
				if (existsSync(link)) rmdirSync(link);
				mkdirSync(join(link, ".."), { recursive: true });
				symlinkSync(target, link);
			}
			return bundle;
		},
);

describe("a link in a destination", () => {
	test.for<[name: string, links: Links, destination: string, place: string]>([
		["absolute", { link: "/opt/there" }, "/link", "/opt/there"],
		["relative", { "a/link": "../opt/there" }, "/a/link", "/opt/there"],
		["upwards beyond the root", { link: "../../../../../../opt/there" }, "/link", "/opt/there"],
		["in the middle of the path", { link: "/opt" }, "/link/there", "/opt/there"],
		["to a link", { one: "two", two: "/three", three: "opt/./there/" }, "/one", "/opt/there"],
		["to the root", { link: "/" }, "/link/opt/there", "/opt/there"],
		["and .. after it", { "deep/link": "/opt/x/y" }, "/deep/link/../../there", "/opt/there"],
	])(
		"%s is followed inside the root",
		([, links, destination, place], { runtime, newId, makeHostileBundle, folder, skip }) => {
			// runc takes ".." away before it looks for links
			if (destination.includes("..")) needs(skip, "tsrun");
			const source = join(folder, "source");
			mkdirSync(source);
			writeFileSync(join(source, "file"), "text\n");
			const patch = withMounts({ destination, source, options: ["bind"] });
			const bundle = makeHostileBundle(links, ["/bin/cat", `${place}/file`], patch);
			for (const present of ["opt/x/y", "opt/there"]) mkdirSync(join(bundle, "rootfs", present), { recursive: true });
			expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "text\n", stderr: "" });
		},
	);

	test("that leads nowhere gets its target made, inside the root", ({ runtime, newId, makeHostileBundle, folder }) => {
		const file = join(folder, "file");
		writeFileSync(file, "text\n");
		const outside = join(folder, "outside");
		const links = { "etc/dangling": outside, up: "../../../up-there", other: "not/yet" };
		const patch = withMounts(
			{ destination: "/etc/dangling", source: file, options: ["bind"] },
			{ destination: "/up", type: "tmpfs", source: "tmpfs" },
			{ destination: "/other/file", source: file, options: ["bind"] },
		);
		const bundle = makeHostileBundle(links, shell(`cat ${outside} /not/yet/file; stat -f -c %T /up-there`), patch);
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "text\ntext\ntmpfs\n" });
		expect(existsSync(outside)).toBe(false);
		expect(lstatSync(join(bundle, "rootfs", outside)).isFile()).toBe(true);
	});

	test("that goes in circles is an error", ({ runtime, newId, makeHostileBundle }) => {
		const patch = withMounts({ destination: "/circle", type: "tmpfs", source: "tmpfs" });
		const bundle = makeHostileBundle({ circle: "/round", round: "circle" }, ["/bin/true"], patch);
		const { status, message } = failureOf(runtime("run", "--bundle", bundle, newId()));
		expect({ status, message }).toEqual({
			status: 1,
			message: expect.stringMatching(/too many (levels of )?symbolic links/),
		});
	});

	test("that is a magic one of procfs is an error, and reaches nothing", ({
		runtime,
		newId,
		makeHostileBundle,
		folder,
		skip,
	}) => {
		// runc reads it as text
		needs(skip, "tsrun");
		const patch = withMounts({ destination: `/magic${folder}/made`, type: "tmpfs", source: "tmpfs" });
		const bundle = makeHostileBundle({ magic: "/proc/self/root" }, ["/bin/true"], patch);
		const { message } = failureOf(runtime("run", "--bundle", bundle, newId()));
		expect(message).toContain("too many levels of symbolic links");
		expect(existsSync(join(folder, "made"))).toBe(false);
	});

	test("of a made device leads to no file of the host", ({ runtime, newId, makeHostileBundle, folder }) => {
		const outside = join(folder, "outside");
		mkdirSync(outside);
		const patch = (config: BaseConfig) => {
			config.linux.devices = [{ type: "c", path: "/link/null", major: 1, minor: 3, fileMode: 0o600 }];
		};
		const bundle = makeHostileBundle({ link: outside }, shell(`stat -c %t:%T ${outside}/null`), patch);
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "1:3\n" });
		expect(readdirSync(outside)).toEqual([]);
	});

	test("in the place of /dev puts the devices inside the root", ({
		runtime,
		newId,
		makeHostileBundle,
		folder,
		skip,
	}) => {
		// CVE-2026-41579: older releases of runc make links on the host
		needs(skip, "tsrun");
		const outside = join(folder, "outside");
		mkdirSync(outside);
		const script = `ls ${outside}; stat -c %t:%T /dev/null`;
		const bundle = makeHostileBundle({ dev: outside }, shell(script), () => {});
		const run = runtime("run", "--bundle", bundle, newId());
		expect(run).toMatchObject({ status: 0, stdout: expect.stringContaining("urandom") });
		expect(run.stdout).toMatch(/\n1:3\n$/);
		expect(readdirSync(outside)).toEqual([]);
	});

	test("in the place of the working directory makes it inside the root", ({
		runtime,
		newId,
		makeHostileBundle,
		folder,
		skip,
	}) => {
		// runc makes no directory where a link leads
		needs(skip, "tsrun");
		const outside = join(folder, "outside");
		const patch = (config: BaseConfig) => {
			config.process.cwd = "/link/made";
			config.root.readonly = false;
		};
		const bundle = makeHostileBundle({ link: outside }, ["/bin/pwd", "-P"], patch);
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: `${outside}/made\n` });
		expect(existsSync(outside)).toBe(false);
	});

	test("of a masked or read-only path is followed inside the root", ({ runtime, newId, makeHostileBundle, folder }) => {
		const outside = join(folder, "outside");
		writeFileSync(outside, "of the host\n");
		const patch = (config: BaseConfig) => {
			config.root.readonly = false;
			config.linux.maskedPaths = ["/masked"];
			config.linux.readonlyPaths = ["/protected"];
		};
		const links = { masked: outside, protected: "../../../etc" };
		const script = `cat ${outside}; touch /etc/new 2>/dev/null || echo refused`;
		const bundle = makeHostileBundle(links, shell(script), patch);
		mkdirSync(join(bundle, "rootfs", folder), { recursive: true });
		writeFileSync(join(bundle, "rootfs", outside), "secret of the container\n");
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "refused\n" });
	});
});

describe("/proc and /sys", () => {
	test.for([
		["proc", "/proc"],
		["sysfs", "/sys"],
	] as const)("%s is not mounted through a link", ([type, path], { runtime, newId, makeHostileBundle, folder }) => {
		const outside = join(folder, "outside");
		mkdirSync(outside);
		const bundle = makeHostileBundle({ [path.slice(1)]: outside }, ["/bin/true"], () => {});
		mkdirSync(join(bundle, "rootfs", outside), { recursive: true });
		const { status, message } = failureOf(runtime("run", "--bundle", bundle, newId()));
		expect(status).toBe(1);
		expect(message).toContain(`error mounting "${type}" to rootfs at "${path}": `);
		expect(message).toContain(`filesystem "${type}" must be mounted on ordinary directory`);
	});

	test("are not mounted on a file either", ({ runtime, newId, makeBundle }) => {
		const bundle = makeBundle({
			files: { "elsewhere/file": "" },
			patch: withMounts({ destination: "/elsewhere/file", type: "proc", source: "proc" }),
		});
		const { message } = failureOf(runtime("run", "--bundle", bundle, newId()));
		expect(message).toContain('filesystem "proc" must be mounted on ordinary directory');
	});

	test.for(["/proc/self", "/proc/sys/kernel", "/proc/1", "/proc/net/tcp", "/proc/sys/kernel/hostname"])(
		"nothing is bound at %s",
		(destination, { container, folder }) => {
			const file = join(folder, "file");
			writeFileSync(file, "");
			const patch = withMounts({ destination, source: file, options: ["bind"] });
			expect(container.refusal({ patch })).toMatch(/error mounting .*cannot be mounted because it is inside \/proc/);
		},
	);

	test("nothing is bound below /proc by way of a link", ({ runtime, newId, makeHostileBundle, folder }) => {
		const patch = withMounts({ destination: "/link/kernel", source: folder, options: ["bind"] });
		const bundle = makeHostileBundle({ link: "/proc/sys" }, ["/bin/true"], patch);
		const { message } = failureOf(runtime("run", "--bundle", bundle, newId()));
		expect(message).toContain("cannot be mounted because it is inside /proc");
	});

	test("no other file system is mounted below /proc", ({ container, folder }) => {
		const options = [`lowerdir=${folder}:${folder}`];
		const patch = withMounts({ destination: "/proc/sys/fs", type: "overlay", source: "overlay", options });
		expect(container.refusal({ patch })).toContain("cannot be mounted because it is inside /proc");
	});

	test("only a procfs is bound at /proc", ({ container, folder, skip }) => {
		const at = (source: string) => withMounts({ destination: "/proc", source, options: ["rbind"] });
		expect(container.refusal({ patch: at(folder) })).toContain("cannot be mounted because it is not of type proc");
		needs(skip, "tsrun");
		expect(container.output({ args: shell("test -e /proc/1/comm; echo yes"), patch: at("/proc") })).toBe("yes\n");
	});

	test("single files that describe the machine may be replaced, as lxcfs does", ({ container, folder }) => {
		const file = join(folder, "file");
		writeFileSync(file, "replaced\n");
		const paths = ["cpuinfo", "meminfo", "stat", "uptime", "loadavg", "swaps", "diskstats"].map(
			(name) => `/proc/${name}`,
		);
		const patch = withMounts(...paths.map((destination) => ({ destination, source: file, options: ["bind"] })));
		expect(container.output({ args: ["/bin/cat", ...paths], patch })).toBe("replaced\n".repeat(paths.length));
	});
});
