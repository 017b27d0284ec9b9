/**
 * Unpacks programs of Debian 13 below build/, with all that they need and without installing anything: what Debian 12 has
 * is too old for. `build/NAME/bin` then holds the programs by name, for a PATH; each runs with the C library it came with. What
 * is there already is kept.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { debianApt } from "./debian-apt.mjs";

/** @typedef {ReturnType<typeof debianApt>} Apt */

/**
 * By folder of build/: what it is for, the packages of it, and the programs to call, with the arguments that come first;
 * in these `$root` is the folder.
 *
 * @type {Record<string, {
 *   readonly why: string,
 *   readonly fetch: (apt: Apt) => void,
 *   readonly programs: Record<string, string>,
 * }>}
 */
export const debianPackages = {
	criu: {
		why: "checkpoints containers; Debian 12's cannot on kernels of today",
		fetch: (apt) => withAllItNeeds(apt, "criu"),
		programs: { criu: "usr/sbin/criu" },
	},
	qemu: {
		why: "boots machines for tests",
		fetch: (apt) => withAllItNeeds(apt, "qemu-system-x86"),
		programs: {
			"qemu-system-x86_64": 'usr/bin/qemu-system-x86_64 -L "$root/usr/share/qemu" -L "$root/usr/share/seabios"',
		},
	},
	linux: { why: "the kernel of these machines", fetch: kernelAlone, programs: {} },
};

/**
 * The folder `build/NAME`, filled.
 *
 * @param {string} build
 * @param {string} name of `debianPackages`
 */
export function unpackDebianPackages(build, name) {
	const target = join(build, name);
	if (existsSync(target)) return target;
	const { fetch, programs } = debianPackages[name];
	const work = `${target}.download`;
	rmSync(work, { recursive: true, force: true });
	const unpacked = join(work, "unpacked");
	mkdirSync(join(unpacked, "bin"), { recursive: true });
	fetch(debianApt(work, "deb"));
	const fetched = [work, join(work, "cache/archives")].flatMap((folder) =>
		readdirSync(folder).map((file) => join(folder, file)),
	);
	for (const file of fetched.filter((file) => file.endsWith(".deb")))
		execFileSync("dpkg-deb", ["--extract", file, unpacked], { stdio: ["ignore", "ignore", "inherit"] });
	for (const [program, command] of Object.entries(programs))
		writeFileSync(join(unpacked, "bin", program), wrapper(command), { mode: 0o755 });
	renameSync(unpacked, target);
	rmSync(work, { recursive: true, force: true });
	return target;
}

/**
 * @param {Apt} apt
 * @param {string} name
 */
function withAllItNeeds(apt, name) {
	apt("apt-get", "install", "--yes", "--download-only", "--no-install-recommends", name);
}

/**
 * The kernel's package and none of what installs it, makes its initial root filesystem, boots it.
 *
 * @param {Apt} apt
 */
function kernelAlone(apt) {
	const depends = apt("apt-cache", "depends", "linux-image-amd64");
	const kernel = /Depends: (linux-image-\S+)/.exec(depends)?.[1];
	if (!kernel) throw new Error(`linux-image-amd64 names no kernel: it depends on ${depends}`);
	apt("apt-get", "download", kernel);
}

/**
 * The program's own loader starts it, so that nothing of the machine's C library is mixed in.
 *
 * @param {string} command
 */
function wrapper(command) {
	return `#!/bin/sh
root=$(dirname "$(dirname "$(readlink -f "$0")")")
lib="$root/usr/lib/x86_64-linux-gnu"
exec "$lib/ld-linux-x86-64.so.2" --library-path "$lib" "$root/"${command} "$@"
`;
}
