/**
 * Makes the root filesystems of the example bundles: `node scripts/bundles.mjs [NAME…]`, all of them without a name.
 *
 * A `rootfs/` is not committed; it holds the one static program that a bundle brings as `NAME/NAME.c`, or this
 * machine's static busybox. Running it again repairs what is missing and changes nothing else.
 */
import { execFileSync } from "node:child_process";
import {
	accessSync,
	chmodSync,
	constants,
	copyFileSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const bundles = resolve(here, "../bundles");

/** Mount points and folders that programs expect; all others come with what is put in them. */
const folders = ["bin", "dev", "etc", "home", "mnt", "proc", "root", "run", "sys", "tmp", "usr", "var"];

/** Ids are numbers in a container; the names are for `id`, `ls -l` and `whoami` alone. */
const accounts = {
	"etc/passwd":
		"root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
	"etc/group": "root:x:0:\ntty:x:5:\nuser:x:1000:\nnogroup:x:65534:\n",
	"etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
};

/** The first of `names` on the PATH, or in the folders where root's programs are. */
function find(names) {
	const path = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin", "/usr/bin", "/bin"];
	return path.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable);
}

function isExecutable(file) {
	try {
		accessSync(file, constants.X_OK);
		return statSync(file).isFile();
	} catch {
		return false;
	}
}

function missing(what, packageName, why) {
	return new Error(`${what} was not found: ${why}; install it with "apt-get install ${packageName}"`);
}

/** Makes the parts of `rootfs` that are not there, and corrects the mode of /tmp, which any user may write to. */
function makeFolders(rootfs) {
	for (const folder of folders) mkdirSync(join(rootfs, folder), { recursive: true, mode: 0o755 });
	chmodSync(join(rootfs, "tmp"), 0o1777);
	for (const [file, text] of Object.entries(accounts)) writeFileSync(join(rootfs, file), text);
}

/** Whether `file` is an executable that asks for no interpreter (PT_INTERP), that is, needs no library. */
function isStatic(file) {
	const image = readFileSync(file);
	if (image.toString("latin1", 1, 4) !== "ELF" || image[4] !== 2) return false;
	const [offset, size, count] = [Number(image.readBigUInt64LE(32)), image.readUInt16LE(54), image.readUInt16LE(56)];
	return !Array.from({ length: count }, (_, index) => image.readUInt32LE(offset + index * size)).includes(3);
}

/**
 * A root filesystem of busybox and one link for each of its programs.
 *
 * @param {string} rootfs the folder to make or repair
 */
export function makeBusyboxRootfs(rootfs) {
	const busybox = find(["busybox", "busybox-static"]);
	if (!busybox || !isStatic(busybox)) {
		throw missing("a static busybox", "busybox-static", "it is all that the examples' root filesystems hold");
	}
	makeFolders(rootfs);
	const target = join(rootfs, "bin/busybox");
	if (!existsSync(target) || !readFileSync(target).equals(readFileSync(busybox))) copyFileSync(busybox, target);
	chmodSync(target, 0o755);
	const there = new Set(readdirSync(join(rootfs, "bin")));
	const programs = execFileSync(busybox, ["--list"], { encoding: "utf8" }).trim().split("\n");
	for (const program of programs.filter((name) => !there.has(name)))
		symlinkSync("busybox", join(rootfs, "bin", program));
}

/** A root filesystem of one static program, compiled from `source`. */
function makeProgramRootfs(rootfs, source, name) {
	const compiler = find(["gcc", "cc"]);
	if (!compiler) throw missing("a C compiler", "gcc libc6-dev", `${source} has to be compiled`);
	mkdirSync(rootfs, { recursive: true });
	const program = join(rootfs, name);
	if (existsSync(program) && statSync(program).mtimeMs >= statSync(source).mtimeMs) return;
	execFileSync(compiler, ["-static", "-O2", "-s", "-Wall", "-o", program, source], { stdio: "inherit" });
}

function makeBundle(name) {
	const folder = join(bundles, name);
	const source = join(folder, `${name}.c`);
	if (!existsSync(join(folder, "config.json"))) {
		throw new Error(`bundle "${name}" does not exist: there are ${listBundles().join(", ")}`);
	}
	const rootfs = join(folder, "rootfs");
	if (existsSync(source)) makeProgramRootfs(rootfs, source, name);
	else makeBusyboxRootfs(rootfs);
	console.log(`bundles/${name}/rootfs`);
}

function listBundles() {
	return readdirSync(bundles).filter((name) => existsSync(join(bundles, name, "config.json")));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const names = process.argv.slice(2);
	try {
		for (const name of names.length > 0 ? names : listBundles()) makeBundle(name);
	} catch (error) {
		console.error(`bundles: ${error.message}`);
		process.exitCode = 1;
	}
}
