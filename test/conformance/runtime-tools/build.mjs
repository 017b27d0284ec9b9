/**
 * Builds the validation suite of runtime-tools from Debian's source package with Debian's Go and Go packages:
 * `buildSuite(dir)` returns the folder to run its tests in. Half a minute the first time.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { debianSource } from "../../../scripts/debian-source.mjs";

const here = dirname(fileURLToPath(import.meta.url));

const runtimeTools = {
	name: "golang-github-opencontainers-runtime-tools",
	version: "0.9.0.109.ge931285-1",
	sha256: "203989a1ea98cf2aaced79155bbda09270b20db19b03376dde91ab12e5e6a0fe",
};

/** Where Debian's -dev packages put the sources of Go packages. */
const debianGo = "/usr/share/gocode";

/**
 * @param {string} folder
 * @returns {string} the suite's folder, to run the programs of its `tests` in
 */
export function buildSuite(folder) {
	const packages = join(folder, "go/src/github.com");
	const suite = debianSource(runtimeTools, join(packages, "opencontainers/runtime-tools"));
	const finished = join(folder, "built");
	if (existsSync(finished)) return suite;
	const tap = join(packages, "mndrix/tap-go");
	mkdirSync(tap, { recursive: true });
	copyFileSync(join(here, "tap.go"), join(tap, "tap.go"));
	const env = {
		...process.env,
		GO111MODULE: "off",
		GOPATH: `${join(folder, "go")}:${debianGo}`,
		GOCACHE: join(folder, "cache"),
		GOFLAGS: "",
		CGO_ENABLED: "0",
	};
	const go = (/** @type {string[]} */ ...args) =>
		execFileSync("go", args, { cwd: suite, env, stdio: ["ignore", "ignore", "pipe"] });
	go("build", "-tags", "netgo osusergo", "-o", "runtimetest", "./cmd/runtimetest");
	mkdirSync(join(suite, "tests"), { recursive: true });
	go("build", "-o", "tests/", "./validation/...");
	writeFileSync(finished, "");
	return suite;
}
