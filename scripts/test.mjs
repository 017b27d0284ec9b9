/**
 * Everything that has to pass: `npm test`, after setup. Builds, checks, runs the stages, and ends with one line,
 * `N passed, N failed, N skipped`. `--all` adds the stages that need other programs and minutes, as the gate does;
 * `--only STAGE` builds and runs one. A step that fails without naming a test counts as one failure, so that the line
 * and the exit status always say the same.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { machines } from "../test/vm/machines.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const reports = join(root, "build/test-reports");

/** @typedef {{ readonly passed: number, readonly failed: number, readonly skipped: number }} Count */

/** A step that has no tests to count. */
const broken = { passed: 0, failed: 1, skipped: 0 };
const fine = { passed: 0, failed: 0, skipped: 0 };

/**
 * What there is to pass, in this order: each is a vitest project, or a function that counts its own tests.
 *
 * @type {Record<string, { readonly all?: true, readonly words?: readonly string[], readonly run?: () => Count }>}
 */
const stages = {
	check: { run: () => (node("scripts/check.mjs") ? fine : broken) },
	unit: {},
	fuzz: {},
	e2e: {},
	security: {},
	// each file has a box of its own, and most of it is waiting
	engines: { all: true, words: ["--maxWorkers=2"] },
	vm: { all: true, run: otherMachines },
	conformance: {},
	// the reports of the stages before
	proofs: { run: () => (node("scripts/conformance.mjs", "--passed") ? fine : broken) },
	// how other runtimes do in the tests of conformance is printed, and counts for nothing
	peers: { all: true, run: showPeers },
};

const counts = build() ? chosen().map((name) => count(name)) : [broken];
const total = counts.reduce((sum, count) => ({
	passed: sum.passed + count.passed,
	failed: sum.failed + count.failed,
	skipped: sum.skipped + count.skipped,
}));
if (total.failed > 0) process.exitCode = 1;
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);

/** The constants and shapes are made by the build, before it compiles. */
function build() {
	return node("scripts/build.mjs");
}

/** The names of the stages that the command line asks for. */
function chosen() {
	const { all, only } = parseArgs({ options: { all: { type: "boolean" }, only: { type: "string" } } }).values;
	const names = Object.keys(stages);
	if (only === undefined) return names.filter((name) => all || !stages[name].all);
	if (names.includes(only)) return [only];
	throw new Error(`--only ${only}: the stages are ${names.join(", ")}`);
}

/**
 * @param {string} name
 * @returns {Count}
 */
function count(name) {
	const { run, words = [] } = stages[name];
	if (run) return run();
	if (name === "unit" || name === "fuzz" || process.getuid?.() === 0) return project(name, words);
	console.error(`The tests of "${name}" make containers, which only root can do here: run "sudo npm test".`);
	return broken;
}

/** @returns {Count} */
function showPeers() {
	node("scripts/conformance.mjs", "--show");
	return fine;
}

/**
 * Runs a vitest project and counts its tests.
 *
 * @param {string} name
 * @param {readonly string[]} words for vitest
 * @returns {Count}
 */
function project(name, words) {
	const report = join(reports, `${name}.json`);
	mkdirSync(reports, { recursive: true });
	rmSync(report, { force: true });
	const reporters = ["default", "json", "./scripts/second-tries.mjs"].map((each) => `--reporter=${each}`);
	const options = ["--project", name, ...words, ...reporters, `--outputFile.json=${report}`];
	const succeeded = node("node_modules/vitest/vitest.mjs", "run", ...options);
	const { passed, failed, skipped } = readReport(report);
	// a file that cannot be loaded, or an error outside every test, fails the run without a failed test
	return { passed, failed: succeeded ? failed : Math.max(failed, 1), skipped };
}

/**
 * End-to-end tests on machines of other kinds. What they skip belongs to this one, which has run it; what they are there
 * for they do not skip.
 *
 * @returns {Count}
 */
function otherMachines() {
	const succeeded = node("test/vm/test.mjs");
	const names = Object.keys(machines).filter((name) => machines[name]?.always);
	const counts = names.map((name) => readReport(join(reports, `vm-${name}.json`)));
	const passed = counts.reduce((sum, count) => sum + count.passed, 0);
	const failed = counts.reduce((sum, count) => sum + count.failed, 0);
	return { passed, failed: succeeded ? failed : Math.max(failed, 1), skipped: 0 };
}

/**
 * @param {string} report
 * @returns {Count}
 */
function readReport(report) {
	try {
		const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(report, "utf8"));
		return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests };
	} catch (error) {
		console.error(`${report}: ${error.message}`);
		return broken;
	}
}

/**
 * True when it succeeded.
 *
 * @param {string[]} args
 */
function node(...args) {
	return spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" }).status === 0;
}
