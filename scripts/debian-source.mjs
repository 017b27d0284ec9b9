/**
 * Obtains an upstream source from Debian's source packages, verified twice: by apt with the Debian archive keyring and by
 * a checksum. The system's own apt configuration is read for its mirror and otherwise left alone.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const suite = "trixie";
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

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
	for (const folder of ["lists/partial", "cache/archives/partial", "unpacked"])
		mkdirSync(join(work, folder), { recursive: true });
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
	if (!existsSync(keyring)) throw new Error(`${keyring} is missing: apt-get install debian-archive-keyring`);
	const site = debianMirror();
	writeFileSync(join(work, "sources.list"), `deb-src [signed-by=${keyring}] ${site} ${suite} main\n`);
	const apt = (/** @type {string[]} */ ...args) => {
		const options = {
			"Dir::Etc::SourceList": join(work, "sources.list"),
			"Dir::Etc::SourceParts": "/dev/null",
			"Dir::State::Lists": join(work, "lists"),
			"Dir::Cache": join(work, "cache"),
			"APT::Sandbox::User": "root",
		};
		const flags = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
		execFileSync("apt-get", [...flags, "-qq", ...args], { cwd: work, stdio: ["ignore", "ignore", "inherit"] });
	};
	apt("update");
	apt("source", "--download-only", "--tar-only", `${name}=${version}`);
	const tarball = readdirSync(work).find((file) => file.startsWith(`${name}_`) && file.includes(".orig.tar"));
	if (!tarball) throw new Error(`apt-get source brought no tarball of ${name} ${version}`);
	return join(work, tarball);
}

/** The mirror that this machine's apt uses for Debian itself (not for security updates or third parties). */
function debianMirror() {
	const sites = execFileSync("apt-get", ["indextargets", "--format", "$(SITE)"], { encoding: "utf8" });
	const mirror = sites.split("\n").find((site) => /\/debian\/?$/.test(site));
	if (!mirror) throw new Error("apt knows no Debian mirror: check the system's sources.list, then run apt-get update");
	return mirror;
}
