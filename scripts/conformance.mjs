/**
 * Makes docs/conformance.md: `npm run conformance`. Which tests there are, vitest tells; nothing is run for it.
 *
 *   node scripts/conformance.mjs            writes the document
 *   node scripts/conformance.mjs --peers    runs the conformance tests against runc and crun first, as root
 *   node scripts/conformance.mjs --show     the same, but writes nothing: prints what differs from the document
 *   node scripts/conformance.mjs --passed   fails when a test that the document names did not pass in the last `npm test`
 */
import { execFileSync, spawnSync } from "node:child_process";
import { chownSync, existsSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
	conformanceDocument,
	conformanceFile,
	conformanceFindings,
	judge,
	notesFile,
	notRun,
	parseRemarks,
	parseSections,
	reasonsFile,
	requirementsFile,
	splitTitle,
} from "./checks/conformance.mjs";

/** @typedef {import("./checks/conformance.mjs").Peer} Peer */
/** @typedef {import("./checks/conformance.mjs").Outcome} Outcome */

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const vitest = join(root, "node_modules/vitest/vitest.mjs");
const reports = join(root, "build/test-reports");
const peersFile = join(root, "test/conformance/peers.json");
const read = (/** @type {string} */ file) => readFileSync(join(root, file), "utf8");

/** What is wrong with the tests' titles, the reasons and the document; for `npm run check`. */
export function checkConformance() {
	const requirements = readRequirements();
	const proofs = listProofs();
	const findings = conformanceFindings(requirements, proofs);
	const document = conformanceDocument(requirements, proofs, readPeers());
	const stale = existsSync(join(root, conformanceFile)) && read(conformanceFile) === document;
	return stale
		? findings
		: [...findings, { file: conformanceFile, line: 1, rule: "is not what the tests say: npm run conformance" }];
}

function readRequirements() {
	return {
		sections: parseSections(read(requirementsFile)),
		reasons: parseRemarks(read(reasonsFile)),
		notes: parseRemarks(read(notesFile)),
	};
}

/** The tests whose titles begin with ids: only the files in which there is one are loaded. */
function listProofs() {
	const files = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
		.filter((file) => file.endsWith(".test.ts"))
		.map((file) => join("test", file))
		.filter((file) => /["`][A-Z]{2}-\d\d/.test(read(file)));
	// any program will do where nothing is run: the tests need not be built for
	const env = { ...process.env, RUNTIME: "none" };
	const list = execFileSync(process.execPath, [vitest, "list", ...files, "--json"], {
		cwd: root,
		env,
		encoding: "utf8",
		maxBuffer: 1 << 26,
		stdio: ["ignore", "pipe", "inherit"],
	});
	/** @type {{ name: string, file: string }[]} */
	const tests = JSON.parse(list.slice(list.indexOf("[")));
	return tests
		.map(({ name, file }) => ({ file: relative(root, file), title: name, ids: splitTitle(name).ids }))
		.filter(({ ids }) => ids.length > 0);
}

/** @returns {Peer[]} */
function readPeers() {
	return JSON.parse(readFileSync(peersFile, "utf8"));
}

/** @param {string} report a file that vitest's JSON reporter wrote */
function outcomesOf(report) {
	/** @type {{ testResults: { name: string, assertionResults: { ancestorTitles: string[], title: string, status: string }[] }[] }} */
	const { testResults } = JSON.parse(readFileSync(report, "utf8"));
	return testResults.flatMap(({ name, assertionResults }) =>
		assertionResults.map(({ ancestorTitles, title, status }) => ({
			file: relative(root, name),
			title: [...ancestorTitles, title].join(" > "),
			status,
		})),
	);
}

/**
 * Runs the conformance tests against another runtime; null when it is not there.
 *
 * @param {string} name
 * @returns {Peer | null}
 */
function runPeer(name) {
	const told = spawnSync(name, ["--version"], { encoding: "utf8" });
	const version = /version (\S+)/.exec(told.stdout ?? "")?.[1];
	if (version === undefined) {
		console.warn(`${name} is not installed: its column stays as it is (npm run setup -- --peers)`);
		return null;
	}
	const report = join(reports, `conformance-${name}.json`);
	const words = [vitest, "run", "--project", "conformance", "--reporter=json", `--outputFile=${report}`];
	// what a peer leaves behind fails the tests that ask for it, not all others
	const env = { ...process.env, RUNTIME: name, LEAKS: "removed", CI: "" };
	// crun 1.8 refuses a machine that has both versions of cgroups
	const hidden = 'mount -t tmpfs none /sys/fs/cgroup/unified; exec "$@"';
	const alone = ["--mount", "--propagation", "private", "sh", "-ec", hidden, "-"];
	const hides = name === "crun" && existsSync("/sys/fs/cgroup/unified/cgroup.procs");
	const [command, args] = hides ? ["unshare", [...alone, process.execPath, ...words]] : [process.execPath, words];
	const mend = rememberHost();
	spawnSync(command, args, { cwd: root, env, stdio: ["ignore", "ignore", "inherit"] });
	mend();
	return { name, version, ...judge(outcomesOf(report)) };
}

/**
 * What old runtimes do to the host in these tests, to be undone: crun 1.8 gives /dev/null to the root of a user namespace,
 * runc 1.1 makes files in the tmpfs that the hierarchies are mounted in, and both leave processes, cgroups and folders of
 * tests that they do not pass.
 */
function rememberHost() {
	const { uid, gid } = statSync("/dev/null");
	const top = "/sys/fs/cgroup";
	const isTmpfs = !existsSync(join(top, "cgroup.controllers"));
	const files = () => (isTmpfs ? readdirSync(top, { withFileTypes: true }).filter((entry) => entry.isFile()) : []);
	const before = new Set(files().map(({ name }) => name));
	const leftBefore = new Set([...cgroupsOfTests(), ...foldersOfTests()]);
	const isNew = (/** @type {string} */ path) => !leftBefore.has(path);
	return () => {
		chownSync("/dev/null", uid, gid);
		for (const { name } of files()) if (!before.has(name)) rmSync(join(top, name));
		removeCgroups(cgroupsOfTests().filter(isNew));
		for (const path of foldersOfTests().filter(isNew)) execFileSync("rm", ["-rf", "--one-file-system", path]);
	};
}

/** Those of tests, which all have this in their paths; what is below comes first. */
function cgroupsOfTests() {
	const found = execFileSync("find", ["/sys/fs/cgroup", "-depth", "-type", "d", "-path", "*tsrun-e2e-*"]);
	return found.toString().split("\n").filter(Boolean);
}

function foldersOfTests() {
	const names = readdirSync(tmpdir()).filter((name) => name.startsWith("tsrun-e2e-"));
	return names.map((name) => join(tmpdir(), name));
}

/**
 * With the processes in them, which may be frozen.
 *
 * @param {readonly string[]} paths
 */
function removeCgroups(paths) {
	const writeIfThere = (/** @type {string} */ file, /** @type {string} */ value) =>
		existsSync(file) && writeFileSync(file, value);
	const membersOf = (/** @type {string} */ path) =>
		readFileSync(join(path, "cgroup.procs"), "utf8").match(/\d+/g) ?? [];
	const members = () => new Set(paths.flatMap(membersOf));
	for (const path of paths) {
		writeIfThere(join(path, "freezer.state"), "THAWED");
		writeIfThere(join(path, "cgroup.freeze"), "0");
	}
	// killed ones end a moment later
	for (let tries = 0; members().size > 0 && tries < 100; tries++) {
		for (const pid of members()) spawnSync("kill", ["-KILL", pid]);
		spawnSync("sleep", ["0.05"]);
	}
	for (const path of paths) rmdirSync(path);
}

/** @param {readonly Peer[]} known */
function runPeers(known) {
	const seen = known.map((peer) => runPeer(peer.name) ?? peer);
	for (const peer of seen) {
		console.log(`${peer.name} ${peer.version}: ${peer.passed.length} requirements met, ${peer.failed.length} not`);
		const before = known.find(({ name }) => name === peer.name);
		for (const which of /** @type {const} */ (["passed", "failed"])) {
			const more = peer[which].filter((id) => !before?.[which].includes(id));
			if (more.length > 0) console.log(`  ${which}, unlike in ${conformanceFile}: ${more.join(" ")}`);
		}
	}
	return seen;
}

function checkPassed() {
	const files = readdirSync(reports).filter((file) => !file.startsWith("conformance-"));
	const missing = notRun(
		listProofs(),
		files.flatMap((file) => outcomesOf(join(reports, file))),
	);
	for (const each of missing) console.error(each);
	if (missing.length > 0) process.exitCode = 1;
}

function write() {
	writeFileSync(join(root, conformanceFile), conformanceDocument(readRequirements(), listProofs(), readPeers()));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
	const how = process.argv[2];
	if (how === "--passed") checkPassed();
	else if (how === "--show") runPeers(readPeers());
	else {
		if (how === "--peers") writeFileSync(peersFile, `${JSON.stringify(runPeers(readPeers()), null, "\t")}\n`);
		write();
	}
}
