/**
 * A whole machine by emulation, with Debian 13's QEMU and kernel, which setup unpacks (scripts/debian-packages.mjs): every
 * controller, two CPUs, pressure files, CRIU. Computing is 5 to 30 times slower than on the host.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const build = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "build");
const emulator = join(build, "qemu/bin/qemu-system-x86_64");

/** As modprobe(8) wants it: `lib/modules` is below. */
const modulesRoot = join(build, "linux/usr");

export const needed = {
	[emulator]: "QEMU of Debian 13, below build/",
	[modulesRoot]: "a kernel of Debian 13, below build/",
	"/bin/busybox": "busybox-static",
	"/sbin/depmod": "kmod",
	"/usr/bin/zstd": "zstd",
};

/** Where the machine finds the modules of its kernel. */
export const modules = join(modulesRoot, "lib/modules");

/** Emulation loses an interrupt at times, and then the machine does not come up. */
export const tries = 3;

/** What the first program of the machine takes from the kernel's modules: the host's files, and a layer over them. */
const firstModules = ["virtio_pci", "9pnet_virtio", "9p", "overlay"];

/** @returns {string[]} */
export function command(/** @type {string} */ folder, /** @type {string} */ kernel) {
	const release = onlyEntry(modules);
	if (!existsSync(join(modules, release, "modules.dep"))) execFileSync("depmod", ["--basedir", modulesRoot, release]);
	unpackKernel(join(build, "linux/boot", `vmlinuz-${release}`), join(folder, "vmlinux"));
	makeInitramfs(folder, release);
	const shared = (/** @type {string} */ id, /** @type {string} */ path, /** @type {string} */ options) => [
		...["-fsdev", `local,id=${id},path=${path},security_model=none${options}`],
		...["-device", `virtio-9p-pci,fsdev=${id},mount_tag=${id}`],
	];
	const words = [
		"console=ttyS0 quiet panic=-1 mitigations=off nokaslr nohz=off highres=off tsc=reliable",
		"cryptomgr.notests rcupdate.rcu_expedited=1 hugepages=8 psi=1",
		`VM_JOB=${folder}`,
		kernel,
	];
	return [
		emulator,
		...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio"],
		...["-machine", "pc", "-accel", "tcg,thread=multi", "-smp", "2", "-m", "2048"],
		...["-cpu", "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+rdrand"],
		...["-kernel", join(folder, "vmlinux"), "-initrd", join(folder, "initramfs"), "-append", words.join(" ")],
		...["-drive", `file=${join(folder, "disk")},format=raw,if=virtio`],
		...shared("host", "/", ",readonly=on,multidevs=remap"),
		...shared("job", folder, ""),
	];
}

/**
 * The ELF file in a bzImage, whose header tells where it is (the kernel's Documentation/arch/x86/boot.rst, payload_offset):
 * unpacking it would take the machine many seconds.
 */
function unpackKernel(/** @type {string} */ image, /** @type {string} */ target) {
	const bytes = readFileSync(image);
	const start = (bytes.readUInt8(0x1f1) + 1) * 512 + bytes.readUInt32LE(0x248);
	const packed = bytes.subarray(start, start + bytes.readUInt32LE(0x24c));
	const unpack = packed.readUInt32LE(0) === 0xfd2fb528 ? ["zstd"] : ["xz", "--single-stream"];
	const [program = "", ...options] = unpack;
	// its size follows the packed bytes, which zstd takes for a broken frame after it has written all
	const frame = packed.subarray(0, -4);
	writeFileSync(target, execFileSync(program, [...options, "-dcq"], { input: frame, maxBuffer: 1 << 28 }));
}

/** A first file system in memory, whose only work is to mount the host's files and to go on there. */
function makeInitramfs(/** @type {string} */ folder, /** @type {string} */ release) {
	const staging = join(folder, "initramfs.d");
	for (const name of ["bin", "modules", "host", "proc"]) mkdirSync(join(staging, name), { recursive: true });
	copyFileSync("/bin/busybox", join(staging, "bin/busybox"));
	const show = ["--dirname", modulesRoot, "--set-version", release, "--show-depends"];
	const files = new Set(
		firstModules.flatMap((name) =>
			execFileSync("modprobe", [...show, name], { encoding: "utf8" })
				.split("\n")
				.flatMap((line) => /^insmod (\S+)/.exec(line)?.[1] ?? []),
		),
	);
	const names = [...files].map((file) => {
		const packed = file.endsWith(".xz");
		const name = basename(file, packed ? ".xz" : "");
		const target = join(staging, "modules", name);
		if (packed) writeFileSync(target, execFileSync("xz", ["-dc", file], { maxBuffer: 1 << 26 }));
		else copyFileSync(file, target);
		return name;
	});
	writeFileSync(
		join(staging, "init"),
		`#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
for name in ${names.join(" ")}; do insmod /modules/$name; done
umount /proc # where busybox finds itself
/bin/busybox mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=500000,cache=loose host /host
exec /bin/busybox switch_root /host ${join(folder, "init.sh")}
`,
		{ mode: 0o755 },
	);
	const archive = "find . | /bin/busybox cpio -o -H newc >../initramfs";
	execFileSync("sh", ["-c", archive], { cwd: staging, stdio: ["ignore", "ignore", "pipe"] });
}

function onlyEntry(/** @type {string} */ folder) {
	const [name, ...others] = readdirSync(folder);
	if (name === undefined || others.length > 0) throw new Error(`${folder} holds not one kernel: ${[name, ...others]}`);
	return name;
}
