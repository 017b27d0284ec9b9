/**
 * Obtains the QuickJS source as Debian's source package, verified twice: by apt with the Debian archive keyring and by
 * the checksum below. The system's own apt configuration is read for its mirror and otherwise left alone.
 *
 * `fetchQuickJs(dir)` returns the source folder; `QUICKJS_DIR` names a source tree to be used instead.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Debian's version of the source, and the checksum of its tarball. */
export const quickJs = {
	version: "2025.04.26-1",
	sha256: "ec81da5b3249ed648dbc7df4a1654988910e66a118d9b71cb63534216efcfbbe",
};
const suite = "trixie";
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** @param {string} buildDirectory where the tarball and the unpacked tree are kept */
export function fetchQuickJs(buildDirectory) {
	if (process.env.QUICKJS_DIR) {
		if (!existsSync(join(process.env.QUICKJS_DIR, "quickjs.h"))) {
			throw new Error(`QUICKJS_DIR="${process.env.QUICKJS_DIR}" holds no quickjs.h: name a QuickJS source tree`);
		}
		return process.env.QUICKJS_DIR;
	}
	const source = join(buildDirectory, "quickjs");
	if (existsSync(join(source, "quickjs.h"))) return source;

	const work = join(buildDirectory, "quickjs.download");
	rmSync(work, { recursive: true, force: true });
	for (const folder of ["lists/partial", "cache/archives/partial"]) mkdirSync(join(work, folder), { recursive: true });
	const tarball = download(work);
	const digest = createHash("sha256").update(readFileSync(tarball)).digest("hex");
	if (digest !== quickJs.sha256)
		throw new Error(`${tarball}: SHA-256 is ${digest}, expected ${quickJs.sha256}: not the source we build`);

	execFileSync("tar", ["-xf", tarball, "-C", work], { stdio: "inherit" });
	const unpacked = readdirSync(work).find((name) => existsSync(join(work, name, "quickjs.h")));
	if (!unpacked) throw new Error(`${tarball}: no quickjs.h in it`);
	renameSync(join(work, unpacked), source);
	rmSync(work, { recursive: true, force: true });
	return source;
}

/** @param {string} work */
function download(work) {
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
	apt("source", "--download-only", "--tar-only", `quickjs=${quickJs.version}`);
	const tarball = readdirSync(work).find((name) => name.startsWith("quickjs_") && name.includes(".orig.tar"));
	if (!tarball) throw new Error("apt-get source brought no quickjs tarball");
	return join(work, tarball);
}

/** The mirror that this machine's apt uses for Debian itself (not for security updates or third parties). */
function debianMirror() {
	const sites = execFileSync("apt-get", ["indextargets", "--format", "$(SITE)"], { encoding: "utf8" });
	const mirror = sites.split("\n").find((site) => /\/debian\/?$/.test(site));
	if (!mirror) throw new Error("apt knows no Debian mirror: check the system's sources.list, then run apt-get update");
	return mirror;
}
