/**
 * tsrun beside crun, runc and the bare system calls: `npm run bench [-- --quick | --rounds N]`, as root. With `--engines`
 * under Docker, containerd and Podman instead (engines.ts).
 *
 * Every round takes a few samples of each runtime in turn, so that a busy moment of the machine hits all alike. All of
 * them see the same cgroups: where versions 1 and 2 are mixed, which crun refuses, version 2 is hidden, and for that
 * the program runs itself again in a mount namespace of its own. Prints Markdown; docs/performance.md explains it.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { buildSync } from "esbuild";
import { buildMeter, buildTools } from "./build.mjs";
import { makeBundles } from "./bundles.mjs";
import { findRuntimes, listCases } from "./cases.mjs";
import { machine, report, table, versionOf } from "./report.mjs";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
const unified = "/sys/fs/cgroup/unified";

/** In a mount namespace of our own, so that nothing we mount is seen or left by anybody. */
function runPrivately() {
	if (process.getuid?.() !== 0) throw new Error("bench: must be run by root");
	const again = ["--mount", "--propagation", "private", process.execPath, ...process.argv.slice(1)];
	const env = { ...process.env, BENCH_IS_PRIVATE: "1" };
	process.exitCode = spawnSync("unshare", again, { env, stdio: "inherit" }).status ?? 1;
}

/**
 * One visit to a runtime: the case's commands, `count` times.
 *
 * @returns {{nanoseconds: number, kilobytes: number}[]}
 */
function sample(timer, commands, count) {
	const args = commands.flatMap((command) => ["--", ...command]);
	const lines = execFileSync(timer, [String(count), ...args], { encoding: "utf8" })
		.trim()
		.split("\n");
	return lines.map((line) => {
		const [nanoseconds, kilobytes] = line.split(" ").map(Number);
		return { nanoseconds, kilobytes };
	});
}

/** All samples of one case, by runtime. The first visit fills caches, those of compiled filters among them, and is dropped. */
async function measure(timer, benchCase, rounds) {
	const samples = new Map(benchCase.contestants.map(({ name }) => [name, []]));
	for (const { commands } of benchCase.contestants) sample(timer, commands, 1);
	for (let round = 0; round < rounds; round++) {
		for (const { name, commands } of benchCase.contestants) {
			if (benchCase.pause) await delay(benchCase.pause);
			samples.get(name).push(...sample(timer, commands, benchCase.pause ? 1 : 5));
		}
	}
	return samples;
}

/** The engines' part is TypeScript, because the boxes of the tests are. */
async function measureEngines(rounds) {
	const out = join(repository, "build/bench");
	const bundle = join(out, "engines.mjs");
	const { timer } = buildTools(out);
	buildSync({
		entryPoints: [join(repository, "bench/engines.ts")],
		outfile: bundle,
		bundle: true,
		platform: "node",
		format: "esm",
		logLevel: "warning",
	});
	const { benchEngines } = await import(pathToFileURL(bundle).href);
	const folder = mkdtempSync(join(tmpdir(), "tsrun-bench-"));
	const runtimes = findRuntimes(repository);
	const rows = await benchEngines(folder, runtimes, { timer, meter: buildMeter }, rounds, table);
	const versions = runtimes.map(versionOf).join(", ");
	console.log(`${machine()}; ${versions};\n${rounds} samples of run, taken in turn; milliseconds.\n\n${rows}`);
}

async function main() {
	const tools = buildTools(join(repository, "build/bench"));
	const folder = mkdtempSync(join(tmpdir(), "tsrun-bench-"));
	if (existsSync(join(unified, "cgroup.procs"))) execFileSync("mount", ["-t", "tmpfs", "none", unified]);
	execFileSync("mount", ["-t", "tmpfs", "none", folder]);
	const runtimes = findRuntimes(repository);
	try {
		mkdirSync(join(folder, "state"));
		const cases = listCases({ runtimes, tools, folder, bundles: makeBundles(folder, tools) });
		const results = [];
		for (const one of cases) {
			one.prepare();
			try {
				results.push({ ...one, samples: await measure(tools.timer, one, rounds) });
			} finally {
				one.clean();
			}
			process.stderr.write(`${one.name}, ${one.config}\n`);
		}
		console.log(report(results, runtimes));
	} finally {
		execFileSync("umount", ["--lazy", folder]);
		rmSync(folder, { recursive: true });
	}
}

const { values } = parseArgs({
	options: { rounds: { type: "string" }, quick: { type: "boolean" }, engines: { type: "boolean" } },
});
const rounds = Number(values.rounds ?? (values.quick ? 3 : 20));
if (values.engines) await measureEngines(rounds);
else if (process.env.BENCH_IS_PRIVATE) await main();
else runPrivately();
