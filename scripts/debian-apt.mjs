/**
 * An apt of our own: it knows one suite of Debian's main archive and keeps everything in a folder that its user throws away. The
 * system's apt configuration is read for its mirror and otherwise left alone. What it brings is verified with the Debian
 * archive keyring.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const suite = "trixie";
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/**
 * Runs apt's commands in the folder `work`, with no package installed: `apt("apt-get", "source", …)`. They return what
 * was printed. The package lists are fetched first.
 *
 * @param {string} work
 * @param {"deb" | "deb-src"} kind of the packages
 */
export function debianApt(work, kind) {
	if (!existsSync(keyring)) throw new Error(`${keyring} is missing: apt-get install debian-archive-keyring`);
	for (const folder of ["lists/partial", "cache/archives/partial"]) mkdirSync(join(work, folder), { recursive: true });
	writeFileSync(join(work, "sources.list"), `${kind} [signed-by=${keyring}] ${debianMirror()} ${suite} main\n`);
	writeFileSync(join(work, "status"), "");
	const options = {
		"Dir::Etc::SourceList": join(work, "sources.list"),
		"Dir::Etc::SourceParts": "/dev/null",
		"Dir::State::Lists": join(work, "lists"),
		"Dir::State::Status": join(work, "status"),
		"Dir::Cache": join(work, "cache"),
		"APT::Sandbox::User": "root",
	};
	const flags = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
	const apt = (/** @type {"apt-get" | "apt-cache"} */ command, /** @type {string[]} */ ...args) =>
		execFileSync(command, [...flags, "-qq", ...args], {
			cwd: work,
			encoding: "utf8",
			stdio: ["ignore", "pipe", "inherit"],
		});
	apt("apt-get", "update");
	return apt;
}

/** The mirror that this machine's apt uses for Debian itself (not for security updates or third parties). */
function debianMirror() {
	const sites = execFileSync("apt-get", ["indextargets", "--format", "$(SITE)"], { encoding: "utf8" });
	const mirror = sites.split("\n").find((site) => /\/debian\/?$/.test(site));
	if (!mirror) throw new Error("apt knows no Debian mirror: check the system's sources.list, then run apt-get update");
	return mirror;
}
