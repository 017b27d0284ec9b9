/**
 * docs/runc-compat.md from both command lines: `npm run runc-compat`. What runc has is read from its help pages, so it must
 * be installed; what tsrun has, from the source. A verb or flag of runc that is missing here is an error.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { commandLine } from "./package/command-line.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const compatFile = join(root, "docs/runc-compat.md");

/** What a flag does here that is not what its name says, by "verb flag" or "flag". */
const notes = {
	criu: "a path; without it CRIU is found in PATH",
	"kernel-memory": "accepted and ignored, as by runc: the kernel has no such limit any more",
	"kernel-memory-tcp": "accepted; on cgroup v2 an error, as the kernel has no such limit there",
	"restore no-pivot": "accepted; CRIU enters the root filesystem in its own way",
	"kill all": "also without a pid namespace of the container's own",
	"delete force": "also finishes what a killed create or delete has left",
	"ps format": "runc's table and json, from ps(1)",
	"spec rootless": "with the caller's ids",
	root: "/run/tsrun unless told",
};

/**
 * The flags of a page of runc's help.
 *
 * @param {string} page
 * @returns {string[]} long names where there are, as they are written
 */
function flagsOf(page) {
	const options = page.slice(page.search(/^(?:GLOBAL )?OPTIONS:$/m));
	const lines = [...options.matchAll(/^ {3}(-[^\n]*?)(?: {2,}|$)/gm)].map(([, forms = ""]) => forms);
	return lines
		.map((forms) => /--([\w-]+)/.exec(forms)?.[1] ?? forms.replace(/^-/, ""))
		.filter((name) => name !== "help");
}

function runc(/** @type {string[]} */ ...words) {
	return execFileSync("runc", words, { encoding: "utf8" });
}

/** The first line of `runc --version`: the page is made for one release. */
export function runcVersion() {
	return runc("--version").split("\n")[0] ?? "";
}

export async function compatPage() {
	const ours = await commandLine({ hidden: true });
	const help = runc("--help");
	const names = [...help.matchAll(/^ {3}([a-z]+) {2,}\S/gm)].map(([, name = ""]) => name);
	const verbs = names.filter((name) => help.indexOf(`   ${name} `) < help.indexOf("GLOBAL OPTIONS"));
	const row = (
		/** @type {string} */ verb,
		/** @type {string} */ flag,
		/** @type {readonly { name: string }[]} */ flags,
	) => {
		const key = verb ? `${verb} ${flag}` : flag;
		if (flags.some(({ name }) => name === flag)) return `| \`--${flag}\` | yes | ${notes[key] ?? notes[flag] ?? ""} |`;
		throw new Error(`runc has ${key}, tsrun has not`);
	};
	const table = (/** @type {string[]} */ rows) => ["| flag | tsrun |  |", "| --- | --- | --- |", ...rows, ""];
	const sections = verbs.flatMap((verb) => {
		const mine = ours.verbs.find(({ name }) => name === verb);
		if (!mine) throw new Error(`runc has ${verb}, tsrun has not`);
		const theirs = flagsOf(runc(verb, "--help"));
		const more = mine.flags
			.filter(({ name, hidden }) => !hidden && !theirs.includes(name))
			.map(({ name }) => `\`--${name}\``);
		return [
			`## ${verb}`,
			"",
			...(theirs.length > 0 ? table(theirs.map((flag) => row(verb, flag, mine.flags))) : ["runc's has no flags.", ""]),
			...(more.length > 0 ? [`tsrun's own, or of a later runc: ${more.join(", ")}.`, ""] : []),
		];
	});
	const own = ours.verbs
		.filter(({ name }) => !verbs.includes(name))
		.map(({ name, summary }) => `- \`${name}\`: ${summary}`);
	const globals = flagsOf(help).filter((flag) => flag !== "version");
	return [
		"# runc's command line, and tsrun's",
		"",
		`Made from the help pages of both, \`${runcVersion()}\` and the tsrun of this tree, by \`npm run runc-compat\`. "yes" is:`,
		"the same spelling, the same meaning, and the tests of `test/e2e` that runc can pass pass with both.",
		"",
		"## Global flags",
		"",
		...table(globals.map((flag) => row("", flag, ours.globalFlags))),
		...sections,
		"## Verbs of tsrun alone",
		"",
		...own,
		"",
	].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const page = await compatPage();
	if (readFileSync(compatFile, { encoding: "utf8", flag: "a+" }) !== page) writeFileSync(compatFile, page);
}
