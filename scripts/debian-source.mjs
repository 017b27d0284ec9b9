/**
 * Obtains an upstream source from Debian's source packages, verified twice: by apt with the Debian archive keyring and by
 * a checksum.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { debianApt } from "./debian-apt.mjs";

/**
 * The folder `target` with the unpacked source; what is there already is kept.
 *
 * @param {{ readonly name: string, readonly version: string, readonly sha256: string }} wanted Debian's source package,
 *   its version, and the checksum of its upstream tarball
 * @param {string} target
 */
export function debianSource({ name, version, sha256 }, target) {
	if (existsSync(target)) return target;
	const work = `${target}.download`;
	rmSync(work, { recursive: true, force: true });
	mkdirSync(join(work, "unpacked"), { recursive: true });
	const tarball = download(work, name, version);
	const digest = createHash("sha256").update(readFileSync(tarball)).digest("hex");
	if (digest !== sha256)
		throw new Error(`${tarball}: SHA-256 is ${digest}, expected ${sha256}: not the source we build`);

	execFileSync("tar", ["-xf", tarball, "-C", join(work, "unpacked"), "--strip-components=1"], { stdio: "inherit" });
	mkdirSync(dirname(target), { recursive: true });
	renameSync(join(work, "unpacked"), target);
	rmSync(work, { recursive: true, force: true });
	return target;
}

/**
 * @param {string} work
 * @param {string} name
 * @param {string} version
 */
function download(work, name, version) {
	debianApt(work, "deb-src")("apt-get", "source", "--download-only", "--tar-only", `${name}=${version}`);
	const tarball = readdirSync(work).find((file) => file.startsWith(`${name}_`) && file.includes(".orig.tar"));
	if (!tarball) throw new Error(`apt-get source brought no tarball of ${name} ${version}`);
	return join(work, tarball);
}
