/**
 * Makes the machine ready: `npm run setup`, or `node scripts/setup.mjs [--peers]`. Installs the Debian packages that the
 * build, the tests and the examples need, then the npm packages of package-lock.json; with `--peers` also unpacks below
 * build/ what tests need of a later Debian. What is there is left alone, and nothing is said about it. It runs before
 * anything is installed, so it imports nothing but Node.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { debianPackages, unpackDebianPackages } from "./debian-packages.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Debian packages, and what each is for. */
const packages = {
	gcc: "compiles the binary",
	make: "compiles the binary",
	"libc6-dev": "the kernel's headers, and the C library of what the build runs",
	"musl-dev": "the C library to link in",
	"libseccomp-dev": "compiles system call filters, linked in",
	"debian-archive-keyring": "verifies the source of QuickJS",
	"xz-utils": "unpacks it",
	"busybox-static": "what the example containers run",
	iproute2: "ip(8), for network devices to give to containers",
	procps: "ps(1), for the verb ps",
	uidmap: "newuidmap(1), for containers of users without privileges",
};

/** What the specification's validation suite is built with (test/conformance/runtime-tools). */
const suite = [
	"golang-go",
	"golang-github-blang-semver-dev",
	"golang-github-google-uuid-dev",
	"golang-github-hashicorp-go-multierror-dev",
	"golang-github-mrunalp-fileutils-dev",
	"golang-github-opencontainers-specs-dev",
	"golang-github-opencontainers-selinux-dev",
	"golang-github-sirupsen-logrus-dev",
	"golang-github-urfave-cli-dev",
	"golang-github-xeipuuv-gojsonschema-dev",
	"golang-gocapability-dev",
	"golang-golang-x-sys-dev",
];

/** What tests and benchmarks set beside this one or run it under: runtimes, inits, engines, and machines that tests boot. */
const peers = {
	runc: "the runtime to be compatible with",
	crun: "the runtime to be faster than",
	clang: "compiles the C code for libFuzzer",
	"libclang-rt-dev": "libFuzzer and the sanitizers",
	valgrind: "watches the memory of the binary",
	"man-db": "shows the manual pages",
	zsh: "reads its completion",
	fish: "the same",
	"docker.io": "an engine that this is tested with",
	containerd: "another engine",
	"containernetworking-plugins": "the networks of its CRI",
	podman: "another engine",
	buildah: "another engine",
	conmon: "what Podman leaves with a container",
	tini: "the first process of the engines' boxes, and Docker's --init",
	"dumb-init": "an init, as tini, to set beside the built-in one",
	catatonit: "the same",
	"python3-minimal": "a program that the tests run as process 1",
	"user-mode-linux": "the kernel of npm run test:vm",
	kmod: "modules of the other kernel that it boots",
	zstd: "unpacks that",
	apparmor: "loads profiles in it",
	systemd: "its PID 1",
	dbus: "how systemd is talked to",
	"dbus-daemon": "the same",
	"dbus-user-session": "the same, of a user",
	"libpam-systemd": "sessions of users",
	...Object.fromEntries(suite.map((name) => [name, "builds the specification's validation suite"])),
};

class SetupError extends Error {}

try {
	checkNode();
	const withPeers = process.argv.includes("--peers");
	installPackages(withPeers ? { ...packages, ...peers } : packages);
	installModules();
	if (withPeers) unpackPackages();
} catch (error) {
	if (!(error instanceof SetupError)) throw error;
	console.error(`setup: ${error.message}`);
	process.exitCode = 1;
}

function checkNode() {
	const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
	const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
	const [leastMajor = 0, leastMinor = 0] = engines.node.replace(">=", "").split(".").map(Number);
	if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
	throw new SetupError(`Node ${process.versions.node} is too old: ${engines.node} is needed`);
}

/** @param {Record<string, string>} wanted */
function installPackages(wanted) {
	const there = installedPackages(Object.keys(wanted));
	if (there === null) {
		console.warn(`setup: this is not Debian; see to it that there is what its packages ${list(wanted)} hold`);
		return;
	}
	const missing = Object.keys(wanted).filter((name) => !there.has(name));
	if (missing.length === 0) return;
	if (process.getuid?.() !== 0) {
		const reasons = missing.map((name) => `  ${name}: ${wanted[name]}`).join("\n");
		throw new SetupError(`not installed, and only root can do it:\n${reasons}\nrun "sudo npm run setup"`);
	}
	console.log(`setup: apt-get install ${missing.join(" ")}`);
	// package lists may be missing (a fresh image) or outdated: they are fetched when it does not work without
	const failed = install(missing) && (aptGet("update") || install(missing));
	if (failed) throw new SetupError(`apt-get failed:\n${failed}`);
}

/** @param {Record<string, string>} wanted */
function list(wanted) {
	return Object.keys(wanted).join(", ");
}

/**
 * Those of the packages that are installed; null where there is no dpkg.
 *
 * @param {string[]} names
 */
function installedPackages(names) {
	const format = `$\{Package} $\{db:Status-Status}\n`;
	const { error, stdout } = spawnSync("dpkg-query", ["--show", "--showformat", format, ...names], { encoding: "utf8" });
	if (error) return null;
	const lines = stdout.split("\n").map((line) => line.split(" "));
	return new Set(lines.filter(([, status]) => status === "installed").map(([name]) => name));
}

/** @param {string[]} names */
function install(names) {
	return aptGet("install", "--yes", "--no-install-recommends", ...names);
}

/**
 * What apt-get said when it failed, else "".
 *
 * @param {string[]} args
 */
function aptGet(...args) {
	const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
	const { error, status, stderr } = spawnSync("apt-get", ["-qq", ...args], {
		env,
		encoding: "utf8",
		stdio: ["ignore", "ignore", "pipe"],
	});
	if (error) return error.message;
	return status === 0 ? "" : stderr.trim() || `exit status ${status}`;
}

/**
 * npm writes the marker last, so an installation that was cut short counts as none. Install scripts are not run: what
 * esbuild's would fetch has come as a package.
 */
function installModules() {
	const marker = statSync(join(root, "node_modules/.package-lock.json"), { throwIfNoEntry: false });
	if (marker && marker.mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs) return;
	console.log("setup: npm ci --ignore-scripts");
	try {
		execFileSync("npm", ["ci", "--ignore-scripts"], { cwd: root, stdio: "inherit" });
	} catch (error) {
		throw new SetupError(`npm ci failed: ${error.message}`);
	}
}

/** Apt has printed the cause when one of its commands failed. */
function unpackPackages() {
	for (const [name, { why }] of Object.entries(debianPackages)) {
		if (existsSync(join(root, "build", name))) continue;
		console.log(`setup: unpacking build/${name}: ${why}`);
		try {
			unpackDebianPackages(join(root, "build"), name);
		} catch (error) {
			throw new SetupError(`build/${name} (${why}): ${error.message}`);
		}
	}
}
