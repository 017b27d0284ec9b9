/**
 * The rules of the house that no compiler knows (docs/architecture.md): which layer may import which, who prints, who
 * ends the process. Pure: sources in, findings out; `npm run check` reads the files.
 */
import { posix } from "node:path";
import { lineOf, withoutComments } from "./code.mjs";

/** Top to bottom: a layer may import itself and what stands after it. */
const layers = ["cli", "runtime", "linux", "spec", "sys"];

/** The contract makes no system calls: of the door it may know what an error is and the kernel's numbers. */
const pureImports = ["src/sys/errors.ts", "src/sys/constants.ts"];

/** Where `sys.exit` ends a child of clone, which must never return into the runtime's own work. */
const childrensSides = [
	"src/cli/main.ts",
	"src/runtime/init/",
	"src/runtime/lifecycle/spawn-exec.ts",
	"src/runtime/lifecycle/spawn-init.ts",
	"src/runtime/process/child.ts",
	"src/runtime/process/seccomp-agent.ts",
	"src/linux/mapped-mounts.ts",
];

/** Passes on what a container prints, and prints nothing itself. */
const relays = ["src/runtime/process/foreground.ts"];

/**
 * @typedef {{ readonly file: string, readonly line: number, readonly rule: string }} Finding
 */

/**
 * What breaks the rules, in the order of the sources.
 *
 * @param {readonly { readonly file: string, readonly text: string }[]} sources paths from the repository's root, "src/cli/main.ts"
 * @returns {Finding[]}
 */
export function layerFindings(sources) {
	return sources.flatMap(({ file, text }) => {
		const code = withoutComments(text);
		const found = [...importFindings(file, code), ...useFindings(file, code)];
		return found.map(({ index, rule }) => ({ file, line: lineOf(text, index), rule }));
	});
}

/**
 * @param {string} file
 * @param {string} code
 */
function importFindings(file, code) {
	return imports(code).flatMap(({ target, index }) => {
		const rule = importRule(file, target);
		return rule === null ? [] : [{ index, rule: `${rule}: ${target}` }];
	});
}

/**
 * @param {string} file
 * @param {string} target
 */
function importRule(file, target) {
	if (!target.startsWith(".")) return target.startsWith("node:") ? "there is no Node in the binary" : null;
	const imported = posix.join(posix.dirname(file), target).replace(/\.js$/, ".ts");
	const [from, to] = [layerOf(file), layerOf(imported)];
	if (to === null) return "src imports nothing of this repository but src";
	if (layers.indexOf(to) < layers.indexOf(from ?? "")) return `imports point down (${layers.join(" > ")}), not up`;
	if (from === "spec" && to === "sys" && !pureImports.includes(imported)) return "src/spec makes no system calls";
	const verbs = "src/cli/commands/";
	if (file.startsWith(verbs) && imported.startsWith(verbs)) return "a verb does not import another verb";
	return null;
}

/** @param {string} path */
function layerOf(path) {
	const name = /^src\/(\w+)\//.exec(path)?.[1];
	return name !== undefined && layers.includes(name) ? name : null;
}

/**
 * Static and dynamic imports, types and re-exports.
 *
 * @param {string} code
 */
function imports(code) {
	const found = code.matchAll(/\b(?:from|import)\s*\(?\s*["`]([^"`]+)["`]/g);
	return [...found].map((match) => ({ target: match[1] ?? "", index: match.index }));
}

/**
 * @param {string} file
 * @param {string} code
 */
function useFindings(file, code) {
	const isCli = file.startsWith("src/cli/");
	const isWithin = (/** @type {string[]} */ places) => places.some((place) => file.startsWith(place));
	const rules = [
		{
			applies: !isWithin(childrensSides),
			uses: /\bsys\.exit\(/g,
			rule: "only src/cli/main.ts ends the runtime, and only the child's side of a clone ends a child",
		},
		{
			applies: !isCli && !isWithin(relays),
			uses: /\b(?:write|print)\w*\((?:1|2|STDOUT|STDERR)\b|\bconsole\.(?!js\b)/g,
			rule: "only src/cli prints",
		},
		{ applies: !isCli, uses: /\bsys\.argv\(/g, rule: "only src/cli reads the command line" },
	];
	return rules
		.filter(({ applies }) => applies)
		.flatMap(({ uses, rule }) => [...code.matchAll(uses)].map(({ index }) => ({ index, rule })));
}
