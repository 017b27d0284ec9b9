/**
 * From TypeScript to one static binary: `npm run build` makes dist/tsrun, `npm run build -- --debug` makes
 * dist/tsrun-debug with ASan, UBSan and unoptimised bundles, `-- --valgrind` the same without them as dist/tsrun-valgrind. Steps that have nothing new to do cost little, so it is safe to repeat.
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
import { lineTable } from "./line-table.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const valgrind = process.argv.includes("--valgrind");
const debug = valgrind || process.argv.includes("--debug");
const kind = valgrind ? "valgrind" : debug ? "debug" : "release";
const out = join(root, "build", kind);
const modules = join(out, "js");
const binary = join(root, "dist", debug ? `tsrun-${kind}` : "tsrun");
const largestBinary = 3_000_000;
const largestInit = 100_000;

/**
 * What every container costs is started in the build: these verbs, and the report of their errors. The other modules are
 * in the binary as bytecode, a quarter of the size, and are read when they are called (1 ms).
 */
const startedInBuild = [
	...["create", "delete", "exec", "kill", "run", "start", "state"].map((verb) => `src/cli/commands/${verb}.ts`),
	"src/cli/main.ts",
	"src/cli/report-error.ts",
];

/** As in native/payload.c. */
const page = 4096;
const trailerSize = 32;
const payloadMagic = 0x31646170676e7572n;

const run = (/** @type {string} */ command, /** @type {string[]} */ ...args) =>
	execFileSync(command, args, { cwd: root, stdio: "inherit" });
const node = (/** @type {string[]} */ ...args) => run(process.execPath, ...args);

const quickjs = fetchQuickJs(join(root, "build"));
node("scripts/constants.mjs", "src/sys/constants.ts");
node("scripts/validators.mjs");
node("node_modules/typescript/bin/tsc");
link(await bundle());

/**
 * esbuild: one module for what every verb needs, one per verb, shared parts in chunks; source maps beside them.
 *
 * @returns {Promise<Set<string>>} the names of the modules that are started in the build
 */
async function bundle() {
	const staging = join(out, "bundle");
	rmSync(staging, { recursive: true, force: true });
	const { metafile } = await build({
		metafile: true,
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
		// the line tables lead back to the source; names of locals would only fill the image
		minifyIdentifiers: !debug,
		sourcemap: "external",
		sourcesContent: false,
		chunkNames: "[name]-[hash]",
		define: {
			TSRUN_VERSION: JSON.stringify(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version),
			TSRUN_COMMIT: JSON.stringify(commit()),
		},
		logLevel: "warning",
	});
	for (const name of readdirSync(staging).filter((each) => each.endsWith(".map"))) {
		const table = lineTable(readFileSync(join(staging, name), "utf8"));
		writeFileSync(join(staging, name.replace(/map$/, "lines")), table);
		rmSync(join(staging, name));
	}
	updateIfChanged(staging, modules);
	return withImports(metafile.outputs);
}

/**
 * The modules of `startedInBuild` with all that they import.
 *
 * @param {import("esbuild").Metafile["outputs"]} outputs
 */
function withImports(outputs) {
	const found = new Set();
	const add = (/** @type {string} */ path) => {
		const name = basename(path);
		if (found.has(name)) return;
		found.add(name);
		for (const each of outputs[path].imports) if (each.kind === "import-statement") add(each.path);
	};
	for (const source of startedInBuild) {
		const path = Object.keys(outputs).find((each) => outputs[each].entryPoint === source);
		if (path === undefined) throw new Error(`${source} is not a module of the bundle`);
		add(path);
	}
	return found;
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

/** make builds the engine and the bytecode; then they become one file (native/payload.c tells its form). */
function link(/** @type {Set<string>} */ started) {
	const names = readdirSync(modules).sort();
	const later = names.filter((name) => !started.has(name));
	const list = join(out, "modules.txt");
	const listed = [...names, "", ...later].join("\n");
	// a module that has gone, or is started now, must be dropped from the files too
	if (!existsSync(list) || readFileSync(list, "utf8") !== listed) {
		for (const stale of ["files", "later"]) rmSync(join(out, stale), { force: true });
		writeFileSync(list, listed);
	}
	const settings = [`OUT=${out}`, `QUICKJS=${quickjs}`, `JS=${modules}`];
	settings.push(`MODULES=${names.join(" ")}`, `LATER=${later.join(" ")}`);
	if (debug) settings.push("DEBUG=1");
	if (valgrind) settings.push("SANITIZERS=");
	run("make", "-s", "-C", "native", "-j", String(availableParallelism()), ...settings);

	const init = statSync(join(out, "init.elf")).size;
	if (init > largestInit) throw new Error(`the built-in init has ${init} bytes, more than ${largestInit}`);
	mkdirSync(dirname(binary), { recursive: true });
	const starting = join(out, "starting");
	writeBinary(starting, null);
	if (debug) copyFileSync(starting, binary);
	else writeBinary(binary, startedEngine(starting, [...started].sort()));
	const size = statSync(binary).size;
	if (!debug && size > largestBinary) throw new Error(`${binary} has ${size} bytes, more than ${largestBinary}`);
	console.log(`${basename(dirname(binary))}/${basename(binary)}: ${(size / 1e6).toFixed(2)} MB`);
}

/**
 * The image of the engine with the modules loaded, as payload_save_image writes it: the trailer is its end.
 *
 * @param {string} starting
 * @param {string[]} modules
 */
function startedEngine(starting, modules) {
	const save = () => execFileSync(starting, ["--save-image", ...modules], { maxBuffer: 64 * 1024 * 1024 });
	const image = save();
	// at another random address: what differs would be an address that was not found, or a fact about this machine
	if (!image.equals(save())) throw new Error("saving the started engine twice gave different images");
	return image;
}

/** The engine, padding to a page, the image with its relocations, the files, the trailer. */
function writeBinary(/** @type {string} */ path, /** @type {Buffer | null} */ image) {
	const engine = readFileSync(join(out, "engine-only"));
	// the image has the other modules already
	const files = readFileSync(join(out, image === null ? "files" : "later"));
	const padding = Buffer.alloc((page - (engine.length % page)) % page);
	const trailer = Buffer.alloc(trailerSize);
	if (image === null) trailer.writeBigUInt64LE(payloadMagic, 24);
	else image.copy(trailer, 0, image.length - trailerSize);
	trailer.writeBigUInt64LE(BigInt(engine.length + padding.length), 0);
	const started = image === null ? Buffer.alloc(0) : image.subarray(0, image.length - trailerSize);
	rmSync(path, { force: true });
	writeFileSync(path, Buffer.concat([engine, padding, started, files, trailer]), { mode: 0o755 });
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
