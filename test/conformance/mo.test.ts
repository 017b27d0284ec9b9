/** MO: each mount option by its effect, as mountinfo inside shows it (config.md#linux-mount-options). */
import { execFileSync } from "node:child_process";
import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { all, type Patch, test } from "../support/conformance.js";
import { type MountOnHost, shell, withMounts } from "../support/container.js";
import { mountAt } from "../support/mounts.js";

const look = ["/probe", "mounts"];

const tmpfs = (...options: string[]): Patch =>
	withMounts({ destination: "/m", type: "tmpfs", source: "tmpfs", options });

/** id, options, what mountinfo shows of the mount and must not show. The contrary comes first where an option clears. */
type Row = readonly [id: string, options: string, shown: readonly string[], hidden?: readonly string[]];

const ofTheMount: readonly Row[] = [
	["MO-02", "noatime,atime", ["relatime"], ["noatime"]],
	["MO-05", "nodev,dev", [], ["nodev"]],
	["MO-06", "nodiratime,diratime", [], ["nodiratime"]],
	["MO-08", "noexec,exec", [], ["noexec"]],
	["MO-12", "noatime", ["noatime"], ["relatime"]],
	["MO-13", "nodev", ["nodev"]],
	["MO-14", "nodiratime", ["nodiratime"]],
	["MO-15", "noexec", ["noexec"]],
	["MO-18", "norelatime", [], ["noatime"]],
	["MO-19", "strictatime,nostrictatime", ["relatime"]],
	["MO-20", "nosuid", ["nosuid"]],
	["MO-30", "ro,rw", ["rw"], ["ro"]],
	["MO-34", "strictatime", [], ["relatime", "noatime"]],
	["MO-35", "nosuid,suid", [], ["nosuid"]],
	["MO-38", "nosymfollow", ["nosymfollow"]],
	["MO-39", "nosymfollow,symfollow", [], ["nosymfollow"]],
];

const ofTheFileSystem: readonly Row[] = [
	["MO-01", "sync,async", [], ["sync"]],
	["MO-07", "dirsync", ["dirsync"]],
	["MO-10", "lazytime", ["lazytime"]],
	["MO-17", "lazytime,nolazytime", [], ["lazytime"]],
	["MO-36", "sync", ["sync"]],
];

describe("on a tmpfs", () => {
	test.for(ofTheMount)("%s %s", ([, options, shown, hidden = []], { output }) => {
		const seen = mountAt(output(look, tmpfs(...options.split(","))), "/m").options;
		expect(seen).toEqual(expect.arrayContaining([...shown]));
		expect(seen.filter((option) => hidden.includes(option))).toEqual([]);
	});

	test.for(ofTheFileSystem)("%s %s", ([, options, shown, hidden = []], { output }) => {
		const seen = mountAt(output(look, tmpfs(...options.split(","))), "/m").superOptions;
		expect(seen).toEqual(expect.arrayContaining([...shown]));
		expect(seen.filter((option) => hidden.includes(option))).toEqual([]);
	});

	test("MO-04 defaults leaves reading, writing, set-user-id, devices, programs and delayed writing allowed", ({
		output,
	}) => {
		const { options, superOptions } = mountAt(output(look, tmpfs("defaults")), "/m");
		expect(options).toEqual(["rw", "relatime"]);
		expect(superOptions).not.toContain("sync");
	});

	// neither is an option of tmpfs, which refuses what it does not know
	test.for([
		["MO-09", "iversion"],
		["MO-11", "loud"],
		["MO-16", "noiversion"],
		["MO-32", "silent"],
	] as const)("%s %s is a flag, not an option of the file system", ([, option], { output }) => {
		expect(mountAt(output(look, tmpfs(option)), "/m").type).toBe("tmpfs");
	});

	test("MO-24 remount changes what is mounted", ({ output }) => {
		const patch = all(tmpfs("size=64k"), tmpfs("remount", "ro", "size=64k"));
		const mountinfo = output(look, patch);
		expect(mountAt(mountinfo, "/m")).toMatchObject({ options: expect.arrayContaining(["ro"]) });
		expect(mountinfo.split("\n").filter((line) => line.includes(" /m "))).toHaveLength(1);
	});

	test("MO-58 MT-11 mand and nomand are flags, as in mount(8), which the kernel has ignored since 5.15", ({
		output,
	}) => {
		for (const option of ["mand", "nomand"]) {
			expect(mountAt(output(look, tmpfs(option)), "/m").type).toBe("tmpfs");
		}
	});

	test("MO-59 MT-12 tmpcopyup begins with a copy of what it covers", ({ runtime, makeBundle, newId }) => {
		const patch = withMounts({ destination: "/data", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"] });
		const script = "cat /data/file; stat -c %a /data/sub/deep; stat -f -c %T /data";
		const bundle = makeBundle({
			args: shell(script),
			patch,
			files: { "data/file": "text\n", "data/sub/deep": "#!" },
		});
		expect(runtime("run", "--bundle", bundle, newId()).stdout).toBe("text\n755\ntmpfs\n");
	});
});

/** A tree of two mounts of the host, both with these options. */
function makeTree(folder: string, mountOnHost: MountOnHost, options: readonly string[], shared = false): string {
	const top = join(folder, "tree");
	const propagation = shared ? "shared" : "private";
	mountOnHost(top, [], propagation);
	mountOnHost(join(top, "sub"), options, propagation);
	// only now: it may be read-only
	if (options.length > 0) execFileSync("mount", ["-o", ["remount", ...options].join(), top]);
	return top;
}

const bound = (source: string, ...options: string[]): Patch => withMounts({ destination: "/mnt", source, options });

describe("on a bind mount", () => {
	test("MO-03 bind shows the source, without what is mounted below it", ({ output, folder, mountOnHost }) => {
		const top = makeTree(folder, mountOnHost, []);
		for (const at of [top, join(top, "sub")]) writeFileSync(join(at, "file"), "");
		expect(output(shell("ls /mnt; ls /mnt/sub"), bound(top, "bind"))).toBe("file\nsub\n");
	});

	test("MO-22 rbind shows the source, with what is mounted below it", ({ output, folder, mountOnHost }) => {
		const top = makeTree(folder, mountOnHost, []);
		for (const at of [top, join(top, "sub")]) writeFileSync(join(at, "file"), "");
		expect(output(shell("ls /mnt; ls /mnt/sub"), bound(top, "rbind"))).toBe("file\nsub\nfile\n");
	});

	test("MO-23 relatime takes the place of the source's noatime", ({ output, folder, mountOnHost }) => {
		const top = makeTree(folder, mountOnHost, ["noatime"]);
		const { options } = mountAt(output(look, bound(top, "bind", "relatime")), "/mnt");
		expect(options).toContain("relatime");
		expect(options).not.toContain("noatime");
	});

	test("MO-25 ro holds for the mount, not for its source", ({ output, folder }) => {
		const source = join(folder, "source");
		mkdirSync(source);
		const { options, superOptions } = mountAt(output(look, bound(source, "bind", "ro")), "/mnt");
		expect(options).toContain("ro");
		expect(superOptions).toContain("rw");
		writeFileSync(join(source, "file"), "");
	});
});

describe("the propagation", () => {
	const slaves: Patch = ({ linux }) => {
		linux.rootfsPropagation = "rslave";
	};

	// what the option does not change is a slave, of a shared mount of the host
	test.for<[id: string, option: string, shared: boolean, top: string, sub: string]>([
		["MO-21", "private", true, "", "master"],
		["MO-26", "rprivate", true, "", ""],
		["MO-27", "rshared", false, "shared", "shared"],
		["MO-28", "rslave", true, "master", "master"],
		["MO-29", "runbindable", true, "unbindable", "unbindable"],
		["MO-31", "shared", false, "shared", ""],
		["MO-33", "slave", true, "master", "master"],
		["MO-37", "unbindable", true, "unbindable", "master"],
	])("%s %s", ([, option, shared, top, sub], { output, folder, mountOnHost }) => {
		const source = makeTree(folder, mountOnHost, [], shared);
		const mountinfo = output(look, all(slaves, bound(source, "rbind", option)));
		expect([kinds(mountinfo, "/mnt"), kinds(mountinfo, "/mnt/sub")]).toEqual([top, sub]);
	});

	const kinds = (mountinfo: string, point: string) =>
		mountAt(mountinfo, point)
			.propagation.map((field) => field.replace(/:\d+$/, ""))
			.join();
});

describe("on a whole tree", () => {
	/** id, option, options of the source, what is shown of both mounts, what is not. */
	test.for<[id: string, option: string, before: string, shown: string, hidden: string]>([
		["MO-40", "ratime", "noatime", "relatime", "noatime"],
		["MO-41", "rdev", "nodev", "rw", "nodev"],
		["MO-42", "rdiratime", "nodiratime", "rw", "nodiratime"],
		["MO-43", "rexec", "noexec", "rw", "noexec"],
		["MO-44", "rnoatime", "relatime", "noatime", "relatime"],
		["MO-45", "rnodiratime", "diratime", "nodiratime", "-"],
		["MO-46", "rnoexec", "exec", "noexec", "-"],
		["MO-47", "rnorelatime", "relatime", "rw", "noatime"],
		["MO-48", "rnostrictatime", "strictatime", "relatime", "noatime"],
		["MO-49", "rnosuid", "suid", "nosuid", "-"],
		["MO-50", "rnosymfollow", "symfollow", "nosymfollow", "-"],
		["MO-51", "rrelatime", "noatime", "relatime", "noatime"],
		["MO-52", "rro", "rw", "ro", "rw"],
		["MO-53", "rrw", "ro", "rw", "ro"],
		["MO-54", "rstrictatime", "noatime", "rw", "noatime"],
		["MO-55", "rsuid", "nosuid", "rw", "nosuid"],
		["MO-56", "rsymfollow", "nosymfollow", "rw", "nosymfollow"],
		["MO-57", "rnodev", "dev", "nodev", "-"],
	])("%s %s", ([, option, before, shown, hidden], { output, folder, mountOnHost }) => {
		const source = makeTree(folder, mountOnHost, [before]);
		const mountinfo = output(look, bound(source, "rbind", option));
		for (const point of ["/mnt", "/mnt/sub"]) {
			expect(mountAt(mountinfo, point).options).toContain(shown);
			expect(mountAt(mountinfo, point).options).not.toContain(hidden);
		}
	});
});

const owners = shell("stat -c %u:%g /mnt /mnt/file /mnt/sub");
const mappings = {
	uidMappings: [{ containerID: 0, hostID: 5000, size: 65_536 }],
	gidMappings: [{ containerID: 0, hostID: 6000, size: 65_536 }],
};
const users: Patch = ({ linux }) => {
	linux.namespaces.push({ type: "user" });
	linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
	linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
};

/** A tree of two mounts; the file belongs to 1000. */
function makeOwned(folder: string, mountOnHost: MountOnHost): string {
	const top = makeTree(folder, mountOnHost, []);
	writeFileSync(join(top, "file"), "");
	chownSync(join(top, "file"), 1000, 1000);
	return top;
}

const mapped = (source: string, option: string): Patch =>
	withMounts({ destination: "/mnt", source, options: ["rbind", option], ...mappings });

test("MO-61 MO-62 MO-64 idmap maps the ids of a mount by the mount's own mappings, and of no mount below it", ({
	output,
	folder,
	mountOnHost,
}) => {
	const source = makeOwned(folder, mountOnHost);
	expect(output(owners, mapped(source, "idmap"))).toBe("5000:6000\n6000:7000\n0:0\n");
});

test("MO-68 MO-69 MO-71 ridmap maps the ids of the whole tree by the mount's own mappings", ({
	output,
	folder,
	mountOnHost,
}) => {
	const source = makeOwned(folder, mountOnHost);
	expect(output(owners, mapped(source, "ridmap"))).toBe("5000:6000\n6000:7000\n5000:6000\n");
});

test.for([
	["MO-63 MO-67", "idmap", ""],
	["MO-70 MO-73", "ridmap", "/sub"],
] as const)(
	"%s %s is an attribute of the mount, not an option of the file system",
	([, option, below], { output, folder, mountOnHost }) => {
		const seen = mountAt(output(look, mapped(makeOwned(folder, mountOnHost), option)), `/mnt${below}`);
		expect(seen.options).toContain("idmapped");
		expect(seen.superOptions).not.toContain(option);
	},
);

test("MO-65 idmap without mappings takes those of the container's user namespace", ({
	output,
	folder,
	mountOnHost,
}) => {
	const source = makeOwned(folder, mountOnHost);
	expect(output(owners, all(users, bound(source, "bind", "idmap")))).toMatch(/^0:0\n1000:1000\n/);
});

test("MO-66 idmap without mappings and without a user namespace is an error", ({ refuse, folder }) => {
	refuse(bound(folder, "bind", "idmap"));
});

test("MO-72 ridmap without mappings takes the container's, and is an error without a user namespace", ({
	output,
	refuse,
	folder,
	mountOnHost,
}) => {
	const source = makeOwned(folder, mountOnHost);
	expect(output(owners, all(users, bound(source, "rbind", "ridmap")))).toBe("0:0\n1000:1000\n0:0\n");
	refuse(bound(source, "rbind", "ridmap"));
});
