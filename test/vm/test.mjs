/**
 * The end-to-end tests on machines of other kinds: `npm run test:vm -- [MACHINE…] [--files WORD,…]`. Each machine runs
 * its list of files, or with `--files` those of the words, `--files all` every one. Machines run at the same time, as many
 * as there are CPUs. A report per machine goes to build/test-reports/vm-MACHINE.json.
 */
import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { missingPackages, runInMachine } from "./machine.mjs";
import { machines } from "./machines.mjs";

/** @typedef {import("./machines.mjs").TestMachine} TestMachine */

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const reports = join(root, "build/test-reports");

/** Seconds for every file on an emulated machine. */
const wholeTime = 5400;

/**
 * Runs the tests, and fails when a cgroup is there that was not there before, in any hierarchy; but those of systemd's own
 * units, which it starts when somebody asks for them.
 */
const testAndCompare = `
cgroups() { find /sys/fs/cgroup -mindepth 1 -type d ! -path '*.service' ! -path '*.service/*' ! -path '*/user-[0-9]*.slice*' | sort; }
before=$(cgroups)
"$@" --outputFile.json="$VM_JOB/report.json"
status=$?
left=$(cgroups | grep -vxF "$before")
[ -z "$left" ] || { echo "cgroups that are left:"; echo "$left"; exit 1; }
exit $status
`;

const { values, positionals } = parseArgs({ allowPositionals: true, options: { files: { type: "string" } } });
const unknown = positionals.filter((name) => !(name in machines));
if (unknown.length > 0) {
	console.error(`test:vm: no machine ${unknown.join(", ")}; there are: ${Object.keys(machines).join(", ")}`);
	process.exit(2);
}
const chosen = positionals.length > 0 ? positionals : Object.keys(machines).filter((name) => machines[name]?.always);
const packages = new Set(chosen.flatMap((name) => missingPackages(machineOf(name))));
if (packages.size > 0) {
	console.error(`test:vm: not installed: ${[...packages].join(" ")}; run "sudo npm run setup -- --peers"`);
	process.exit(2);
}
mkdirSync(reports, { recursive: true });
const waiting = [...chosen];
await Promise.all(Array.from({ length: availableParallelism() }, runWaiting));

async function runWaiting() {
	for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
		if (!(await runTests(name))) process.exitCode = 1;
	}
}

/** @returns {Promise<boolean>} whether all went well */
async function runTests(/** @type {string} */ name) {
	const machine = machineOf(name);
	const report = join(reports, `vm-${name}.json`);
	rmSync(report, { force: true });
	const files = values.files === "all" ? [] : (values.files?.split(",") ?? machine.files);
	const titles = values.files === undefined && machine.titles ? ["--testNamePattern", machine.titles] : [];
	const vitest = ["run", "--project", "e2e", "--no-file-parallelism", "--testTimeout=120000", "--hookTimeout=120000"];
	const reporters = ["default", "json", "./scripts/second-tries.mjs"].map((each) => `--reporter=${each}`);
	const start = performance.now();
	const print = printer(name);
	const { status, why } = await runInMachine(
		machine,
		{
			command: [
				"sh",
				"-c",
				testAndCompare,
				"sh",
				process.execPath,
				"node_modules/vitest/vitest.mjs",
				...vitest,
				...reporters,
				...files,
				...titles,
			],
			directory: root,
			environment: { ...passedOn(), TEST_MACHINE: machine.has.join(","), TMPDIR: "/mnt", NO_COLOR: "1" },
			timeout: values.files === "all" ? wholeTime : machine.timeout,
			onOutput: print,
		},
		(folder) => {
			if (existsSync(join(folder, "report.json"))) copyFileSync(join(folder, "report.json"), report);
		},
	);
	print(`${why || `exit status ${status}`} after ${((performance.now() - start) / 1000).toFixed(0)} s\n`);
	return status === 0;
}

function machineOf(/** @type {string} */ name) {
	const machine = machines[name];
	if (machine === undefined) throw new Error(`no machine ${name}`);
	return machine;
}

/** What the tests of the host look at, too. */
function passedOn() {
	const names = ["CI", "RUNTIME", "SWEEP"];
	return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** Whole lines, each after the machine's name. @returns {(text: string) => void} */
function printer(/** @type {string} */ name) {
	let rest = "";
	return (text) => {
		const lines = (rest + text).split("\n");
		rest = lines.pop() ?? "";
		for (const line of lines) console.log(`${name}: ${line}`);
	};
}
