/**
 * From TypeScript to one static binary: `npm run build` makes dist/tsrun, `npm run build -- --debug` makes
 * dist/tsrun-debug with ASan, UBSan and unoptimised bundles. Steps that have nothing new to do cost little, so it is safe to repeat.
 */
import { execFileSync } from "node:child_process";
import {
	copyFileSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { fetchQuickJs } from "../native/engine/fetch.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const debug = process.argv.includes("--debug");
const out = join(root, "build", debug ? "debug" : "release");
const modules = join(out, "js");
const binary = join(root, "dist", debug ? "tsrun-debug" : "tsrun");
const largestBinary = 3 * 1024 * 1024;

const run = (/** @type {string} */ command, /** @type {string[]} */ ...args) =>
	execFileSync(command, args, { cwd: root, stdio: "inherit" });
const node = (/** @type {string[]} */ ...args) => run(process.execPath, ...args);

const quickjs = fetchQuickJs(join(root, "build"));
node("scripts/constants.mjs", "src/sys/constants.ts");
node("scripts/validators.mjs");
node("node_modules/typescript/bin/tsc");
await bundle();
link();

/** esbuild: one module for what every verb needs, one per verb, shared parts in chunks; source maps beside them. */
async function bundle() {
	const staging = join(out, "bundle");
	rmSync(staging, { recursive: true, force: true });
	await build({
		entryPoints: [join(root, "src/cli/main.ts")],
		outdir: staging,
		bundle: true,
		splitting: true,
		format: "esm",
		platform: "neutral",
		mainFields: ["module", "main"],
		target: "es2022",
		charset: "utf8",
		minifySyntax: !debug,
		sourcemap: "external",
		sourcesContent: false,
		chunkNames: "[name]-[hash]",
		define: {
			TSRUN_VERSION: JSON.stringify(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version),
			TSRUN_COMMIT: JSON.stringify(commit()),
		},
		logLevel: "warning",
	});
	updateIfChanged(staging, modules);
}

/** Copies what differs, so that make sees the old time stamps on what does not. */
function updateIfChanged(/** @type {string} */ from, /** @type {string} */ to) {
	mkdirSync(to, { recursive: true });
	const wanted = new Set(readdirSync(from));
	for (const name of readdirSync(to)) if (!wanted.has(name)) rmSync(join(to, name));
	for (const name of wanted) {
		const target = join(to, name);
		if (existsSync(target) && readFileSync(target).equals(readFileSync(join(from, name)))) continue;
		copyFileSync(join(from, name), target);
	}
}

function link() {
	const names = readdirSync(modules).sort();
	const list = join(out, "modules.txt");
	const text = names.join(" ");
	// a module that has gone must be dropped from the binary too
	if (!existsSync(list) || readFileSync(list, "utf8") !== text) {
		rmSync(join(out, "embedded.c"), { force: true });
		writeFileSync(list, text);
	}
	const settings = [`OUT=${out}`, `QUICKJS=${quickjs}`, `JS=${modules}`, `MODULES=${text}`];
	if (debug) settings.push("DEBUG=1");
	run("make", "-s", "-C", "native", "-j", String(availableParallelism()), ...settings);
	mkdirSync(dirname(binary), { recursive: true });
	rmSync(binary, { force: true });
	copyFileSync(join(out, "tsrun"), binary);
	const size = statSync(binary).size;
	if (!debug && size > largestBinary) throw new Error(`${binary} has ${size} bytes, more than ${largestBinary}`);
	console.log(`${basename(dirname(binary))}/${basename(binary)}: ${(size / 1024 / 1024).toFixed(2)} MiB`);
}

function commit() {
	try {
		return execFileSync("git", ["rev-parse", "--short=12", "HEAD"], {
			cwd: root,
			encoding: "utf8",
			stdio: ["ignore", "pipe", "ignore"],
		}).trim();
	} catch {
		return "unknown";
	}
}
