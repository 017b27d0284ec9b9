/** MT and DF: mounts, the default file systems (config.md#mounts, config-linux.md#default-filesystems). */
import { chownSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { setting, test } from "../support/conformance.js";
import { shell, withMounts } from "../support/container.js";
import { mountAt } from "../support/mounts.js";

const look = ["/probe", "mounts"];

function makeSource(folder: string): string {
	const source = join(folder, "source");
	mkdirSync(join(source, "sub"), { recursive: true });
	writeFileSync(join(source, "file"), "text\n");
	return source;
}

test("MT-01 mounts are made in the listed order: the later lies in or on the earlier", ({ output, folder }) => {
	const patch = withMounts(
		{ destination: "/m", type: "tmpfs", source: "covered" },
		{ destination: "/m", type: "tmpfs", source: "upper" },
		{ destination: "/m/in", source: makeSource(folder), options: ["bind"] },
	);
	expect(mountAt(output(look, patch), "/m").source).toBe("upper");
	expect(output(["/bin/cat", "/m/in/file"], patch)).toBe("text\n");
});

test("MT-02 a mount without destination is an error", ({ refuse }) => {
	refuse((config) => setting(({ mounts }) => mounts[0] ?? {}, { destination: undefined })(config));
});

test("MT-04 a relative destination is taken from /", ({ output, folder }) => {
	const patch = withMounts({ destination: "opt/here", source: makeSource(folder), options: ["bind"] });
	expect(output(["/bin/cat", "/opt/here/file"], patch)).toBe("text\n");
});

test("MT-05 a destination is found inside the root whatever its links say, and made when it is missing", ({
	runtime,
	makeBundle,
	newId,
	folder,
}) => {
	const source = makeSource(folder);
	const outside = join(folder, "outside");
	mkdirSync(outside);
	const bundle = makeBundle({
		args: shell(`cat /link/dir/file /new/file; ls ${outside}/dir`),
		patch: withMounts(
			{ destination: "/link/dir", source, options: ["bind"] },
			{ destination: "/new/file", source: join(source, "file"), options: ["bind"] },
		),
	});
	symlinkSync(outside, join(bundle, "rootfs/link"));
	expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "text\ntext\nfile\nsub\n" });
	expect(existsSync(join(outside, "dir"))).toBe(false);
});

test("MT-06 a source is a name for a file system, and a file or a directory for a bind mount", ({ output, folder }) => {
	const source = makeSource(folder);
	const patch = withMounts(
		{ destination: "/t", type: "tmpfs", source: "any-name" },
		{ destination: "/d", source, options: ["bind"] },
		{ destination: "/f", source: join(source, "file"), options: ["bind"] },
	);
	expect(mountAt(output(look, patch), "/t").source).toBe("any-name");
	expect(output(["/bin/cat", "/d/file", "/f"], patch)).toBe("text\ntext\n");
});

test("MT-07 the source of a bind mount is absolute, or relative to the bundle", ({
	runtime,
	makeBundle,
	newId,
	folder,
}) => {
	const bundle = makeBundle({
		args: ["/bin/cat", "/a/file", "/r/file"],
		patch: withMounts(
			{ destination: "/a", source: makeSource(folder), options: ["bind"] },
			{ destination: "/r", source: "data", options: ["bind"] },
		),
	});
	mkdirSync(join(bundle, "data"));
	writeFileSync(join(bundle, "data/file"), "of the bundle\n");
	expect(runtime("run", "--bundle", bundle, newId()).stdout).toBe("text\nof the bundle\n");
});

test("MT-08 a mount with bind or rbind is a bind mount, whatever its type", ({ output, folder }) => {
	const source = makeSource(folder);
	const patch = withMounts(
		{ destination: "/a", type: "tmpfs", source, options: ["bind"] },
		{ destination: "/b", type: "none", source, options: ["rbind"] },
		{ destination: "/c", source, options: ["bind"] },
	);
	expect(output(["/bin/cat", "/a/file", "/b/file", "/c/file"], patch)).toBe("text\ntext\ntext\n");
});

test("MT-09 a type is one of the kernel's file systems, and an error when the kernel has none of the name", ({
	output,
	refuse,
}) => {
	const patch = (type: string) => withMounts({ destination: "/m", type, source: "none" });
	for (const type of ["tmpfs", "ramfs", "proc"]) expect(mountAt(output(look, patch(type)), "/m").type).toBe(type);
	refuse(patch("nosuchfs"));
});

test("MT-10 options that the runtime does not know go to the file system", ({ output, refuse }) => {
	const patch = (...options: string[]) => withMounts({ destination: "/m", type: "tmpfs", source: "tmpfs", options });
	const { superOptions } = mountAt(output(look, patch("size=64k", "nr_inodes=7", "mode=750")), "/m");
	expect(superOptions).toEqual(expect.arrayContaining(["size=64k", "nr_inodes=7", "mode=750"]));
	refuse(patch("bogus=1"));
});

const mapping = (hostID: number) => [{ containerID: 0, hostID, size: 65_536 }];

test("MT-13 MT-15 MT-17 uidMappings and gidMappings of a mount map its ids, also without the option idmap", ({
	output,
	folder,
}) => {
	const source = makeSource(folder);
	chownSync(join(source, "file"), 1000, 1000);
	const patch = withMounts({
		destination: "/m",
		source,
		options: ["bind"],
		uidMappings: mapping(5000),
		gidMappings: mapping(6000),
	});
	expect(output(shell("stat -c %u:%g /m /m/file"), patch)).toBe("5000:6000\n6000:7000\n");
	expect(mountAt(output(look, patch), "/m").options).toContain("idmapped");
});

test("MT-14 uidMappings of a mount without gidMappings are an error", ({ refuse, folder }) => {
	refuse(withMounts({ destination: "/m", source: folder, options: ["bind"], uidMappings: mapping(5000) }));
});

test("MT-16 gidMappings of a mount without uidMappings are an error", ({ refuse, folder }) => {
	refuse(withMounts({ destination: "/m", source: folder, options: ["bind"], gidMappings: mapping(5000) }));
});

test.for([
	["DF-01", "/proc", "proc"],
	["DF-02", "/sys", "sysfs"],
	["DF-03", "/dev/pts", "devpts"],
	["DF-04", "/dev/shm", "tmpfs"],
] as const)("%s %s is a %s", ([, point, type], { output }) => {
	expect(mountAt(output(look), point).type).toBe(type);
});
