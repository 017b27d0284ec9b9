/**
 * Every check that runs no code of ours: `npm run check`. Types, format and lint, the layers, dead code, error ids and
 * their documentation, links, proofs of conformance, warnings of the C compiler. All of them run, also when one fails; what is wrong is told with
 * file, line and rule.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import { fetchQuickJs } from "../native/engine/fetch.mjs";
import { cgroupsPage } from "./cgroups-page.mjs";
import { documentFile, errorIdFindings, errorsFile } from "./checks/error-ids.mjs";
import { hostFindings } from "./checks/hosts.mjs";
import { layerFindings } from "./checks/layers.mjs";
import { linkFindings } from "./checks/links.mjs";
import { rootPathFindings, staleRows } from "./checks/root-paths.mjs";
import { securityPage, securityPageFindings } from "./checks/security-page.mjs";
import { checkConformance } from "./conformance.mjs";
import { dependenciesPage } from "./sbom.mjs";

/** @typedef {import("./checks/layers.mjs").Finding} Finding */

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What is not ours, or made from what is. */
const notChecked = /(?:^|\/)(?:\.git|node_modules|build|dist|rootfs|generated)(?:\/|$)/;

/** What documents are made from code or data, by what, and the command that makes them anew. */
const generatedDocuments = {
	"docs/dependencies.md": { text: dependenciesPage, command: "npm run sbom" },
	"docs/cgroups.md": { text: cgroupsPage, command: "npm run docs" },
};

const node = (/** @type {string[]} */ ...args) => run(process.execPath, args);

/** @type {Record<string, () => Promise<string>>} what is wrong; "" when nothing is */
const checks = {
	types: () => node("node_modules/typescript/bin/tsc"),
	"types of tests and scripts": () => node("node_modules/typescript/bin/tsc", "--project", "test"),
	"format and lint": async () => {
		const wrong = await node(
			"node_modules/@biomejs/biome/bin/biome",
			"check",
			"--error-on-warnings",
			"--max-diagnostics=100",
			".",
		);
		return wrong && `${wrong}\nmost of it is put right by: npx biome check --write`;
	},
	layers: async () => told(layerFindings(sources((file) => /^src\/.*\.ts$/.test(file)))),
	"paths in root filesystems": async () => {
		const code = sources((file) => /^src\/.*\.ts$/.test(file));
		return told([...rootPathFindings(code), ...staleRows(code)]);
	},
	"dead code": () => node("node_modules/knip/bin/knip.js"),
	"error ids": async () => told(await errorIds()),
	links: async () =>
		told(
			linkFindings(
				sources((file) => file.endsWith(".md")),
				(file) => existsSync(join(root, file)),
			),
		),
	"generated documents": documents,
	"security page": async () => told(securityPageFindings(readFileSync(join(root, securityPage), "utf8"), textOf)),
	"registry hosts": async () => told(hostFindings(sources(() => true))),
	conformance: async () => told(checkConformance()),
	"C warnings": compileC,
};

const generated =
	(await node("scripts/constants.mjs", "src/sys/constants.ts")) || (await node("scripts/validators.mjs"));
if (generated !== "") {
	console.error(generated);
	process.exit(1);
}
const running = Object.entries(checks).map(([name, check]) => ({ name, result: check().catch(String) }));
for (const { name, result } of running) {
	const wrong = await result;
	console.log(`${wrong === "" ? "ok    " : "FAILED"} ${name}`);
	if (wrong === "") continue;
	console.log(wrong.trimEnd());
	process.exitCode = 1;
}

/**
 * Everything that the command printed when it failed, else "".
 *
 * @param {string} command
 * @param {string[]} args
 * @returns {Promise<string>}
 */
function run(command, args) {
	return new Promise((resolve) => {
		const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
		let output = "";
		for (const stream of [child.stdout, child.stderr]) {
			stream.setEncoding("utf8").on("data", (text) => {
				output += text;
			});
		}
		child.on("error", (error) => resolve(`${command}: ${error.message}`));
		child.on("close", (status) => resolve(status === 0 ? "" : output || `${command}: exit status ${status}`));
	});
}

/** @param {Finding[]} findings */
function told(findings) {
	return findings.map(({ file, line, rule }) => `${file}:${line}: ${rule}`).join("\n");
}

/**
 * Our files, by path from the root.
 *
 * @param {(file: string) => boolean} wanted
 */
function sources(wanted) {
	const files = filesBelow("").filter((file) => wanted(file));
	return files.sort().map((file) => ({ file, text: readFileSync(join(root, file), "utf8") }));
}

/**
 * @param {string} folder
 * @returns {string[]}
 */
function filesBelow(folder) {
	return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
		const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
		if (notChecked.test(path)) return [];
		if (entry.isDirectory()) return filesBelow(path);
		return entry.isFile() ? [path] : [];
	});
}

/** Undefined where there is nothing. */
function textOf(/** @type {string} */ file) {
	const path = join(root, file);
	if (!existsSync(path)) return undefined;
	return statSync(path).isDirectory() ? "" : readFileSync(path, "utf8");
}

async function documents() {
	const stale = [];
	for (const [file, { text, command }] of Object.entries(generatedDocuments)) {
		if (readFileSync(join(root, file), "utf8") !== (await text())) stale.push(`${file} is not up to date: ${command}`);
	}
	return stale.join("\n");
}

async function errorIds() {
	const [errors, document] = [errorsFile, documentFile].map((file) => readFileSync(join(root, file), "utf8"));
	const { code } = transformSync(errors ?? "", { loader: "ts" });
	const module = await import(`data:text/javascript,${encodeURIComponent(code)}`);
	const others = sources((file) => /^src\/.*\.ts$/.test(file) && file !== errorsFile);
	return errorIdFindings(module.errorIds, errors ?? "", document ?? "", others);
}

/** The build compiles native/ with the same warnings as errors; this is for all C there is, and makes nothing. */
async function compileC() {
	const warnings = ["-Wall", "-Wextra", "-Wshadow", "-Wswitch-enum", "-Wformat=2", "-Werror"];
	const includes = ["-isystem", fetchQuickJs(join(root, "build")), "-Inative"];
	const files = filesBelow("").filter((file) => file.endsWith(".c"));
	return run("gcc", ["-fsyntax-only", "-std=gnu11", ...warnings, ...includes, ...files]);
}
