import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { rootPathFindings, staleRows } from "../../../scripts/checks/root-paths.mjs";

const source = (file: string) => ({ file, text: readFileSync(file, "utf8") });
const door = ["src/sys/door.ts", "src/sys/files.ts"].map(source);

/** The lines of one file that break the rule. */
function findings(file: string, ...lines: string[]): (number | string)[] {
	const found = rootPathFindings([...door, { file, text: lines.join("\n") }]);
	return found.filter((finding) => finding.file === file).map(({ line }) => line);
}

const anywhere = "src/linux/mounts.ts";

describe("a path that is a variable", () => {
	it.each([
		"sys.openat(AT_FDCWD, path, O_PATH, 0);",
		"sys.openat(AT_FDCWD, `$" + "{rootfs}/etc`, O_PATH, 0);",
		"sys.mount(source, target, null, MS_BIND, null);",
		'sys.mount("tmpfs", `$' + '{root}/run`, "tmpfs", 0, null);',
		"sys.move_mount(tree, '', AT_FDCWD, place, 0);",
		"sys.chdir(cwd);",
		"sys.umount2(point, 0);",
		"sys.mkdirat(\n\tAT_FDCWD,\n\tpath, 0);",
		"readFile(path);",
		"writeFileAt(AT_FDCWD, path, text);",
	])("is not for everybody: %s", (line) => {
		expect(findings(anywhere, "", line)[0]).toBe(2);
	});

	it("is for files of which the table says what it leads to", () => {
		expect(findings("src/runtime/state/store.ts", "sys.openat(AT_FDCWD, path, O_PATH, 0);")).toEqual([]);
		expect(findings("src/linux/cgroups/v2/memory.ts", "sys.openat(AT_FDCWD, path, O_PATH, 0);")).toEqual([]);
	});
});

describe("a path that is written down", () => {
	it.each([
		'sys.openat(AT_FDCWD, "/dev/null", O_RDWR, 0);',
		'sys.mount(null, "/", null, MS_REC, null);',
		"sys.openat(AT_FDCWD, `/proc/$" + "{pid}/ns/user`, O_RDONLY, 0);",
		"sys.openat(AT_FDCWD, `/proc/self/fd/$" + "{fd}`, O_RDONLY, 0);",
		'sys.mount_setattr(mount, "", AT_EMPTY_PATH, 0, 0, 0, 0);',
		"sys.symlinkat(target, AT_FDCWD, '/dev/fd');",
		"// sys.openat(AT_FDCWD, path, O_RDONLY, 0);",
	])("may be: %s", (line) => {
		expect(findings(anywhere, line.replaceAll("'", '"'))).toEqual([]);
	});

	it.each(["fd/$" + "{root}/etc/passwd", "$" + "{pid}/root/etc/passwd", "self/cwd/etc"])(
		"must not go on below somebody's root, directory or descriptor: %s",
		(path) => {
			expect(findings(anywhere, `sys.openat(AT_FDCWD, \`/proc/self/${path}\`, O_RDONLY, 0);`)).toEqual([1]);
		},
	);
});

describe("a name relative to a descriptor", () => {
	it("is for the files that work in the root filesystem", () => {
		const line = "sys.openat(directory, name, O_PATH | O_NOFOLLOW, 0);";
		expect(findings("src/linux/devices.ts", line)).toEqual([]);
		expect(findings(anywhere, line)).toEqual([1]);
	});

	it.each([
		["sys.openat(directory, name, O_PATH, 0);", [1]],
		['sys.openat(root, "etc/passwd", O_RDONLY, 0);', [1]],
		["sys.openat(directory, name, O_CREAT | O_EXCL, 0);", []],
		["sys.fstatat(directory, name, 0);", [1]],
		["sys.fstatat(directory, name, AT_SYMLINK_NOFOLLOW);", []],
		["sys.fchownat(directory, name, uid, gid, 0);", [1]],
		["sys.open_tree(root, path, 0);", [1]],
		["sys.openat2(root, path, O_PATH, 0, 0);", [1]],
		["sys.mknodat(directory, name, mode, 1, 3);", []],
	])("is given so that no link is followed: %s", (line, lines) => {
		expect(findings("src/linux/devices.ts", line)).toEqual(lines);
	});
});

it("no path is made of the root filesystem's own", () => {
	expect(findings("src/runtime/bundle.ts", "const etc = `$" + "{bundle.rootfs}/etc`;")).toEqual([1]);
	expect(findings("src/runtime/bundle.ts", 'const etc = rootfs + "/etc";')).toEqual([1]);
	expect(findings("src/runtime/bundle.ts", "log(`the root filesystem is $" + "{rootfs}`);")).toEqual([]);
});

it("a row that nothing needs is told", () => {
	expect(staleRows(door).map(({ rule }) => rule)).toContain("nothing in src/runtime/state/ needs its row");
	expect(staleRows([...door, source("src/runtime/state/store.ts")]).map(({ rule }) => rule)).not.toContain(
		"nothing in src/runtime/state/ needs its row",
	);
});
