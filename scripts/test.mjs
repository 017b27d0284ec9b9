/**
 * Everything that has to pass: `npm test`, after setup. Builds, checks, runs every vitest project, and ends with one line,
 * `N passed, N failed, N skipped`. A step that fails without naming a test counts as one failure, so that the line and
 * the exit status always say the same.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const reports = join(root, "build/test-reports");

/** @typedef {{ readonly passed: number, readonly failed: number, readonly skipped: number }} Count */

/** A step that has no tests to count. */
const broken = { passed: 0, failed: 1, skipped: 0 };
const fine = { passed: 0, failed: 0, skipped: 0 };

const counts = build() ? [check(), project("unit"), endToEnd()] : [broken];
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

/** @returns {Count} */
function check() {
	return node("scripts/check.mjs") ? fine : broken;
}

/** @returns {Count} */
function endToEnd() {
	if (process.getuid?.() === 0) return project("e2e");
	console.error('The end-to-end tests make containers, which only root can do here: run "sudo npm test".');
	return broken;
}

/**
 * Runs a vitest project and counts its tests.
 *
 * @param {string} name
 * @returns {Count}
 */
function project(name) {
	const report = join(reports, `${name}.json`);
	mkdirSync(reports, { recursive: true });
	rmSync(report, { force: true });
	const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
	const succeeded = node("node_modules/vitest/vitest.mjs", "run", "--project", name, ...reporters);
	const { passed, failed, skipped } = readReport(report);
	// a file that cannot be loaded, or an error outside every test, fails the run without a failed test
	return { passed, failed: succeeded ? failed : Math.max(failed, 1), skipped };
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
