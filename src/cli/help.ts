/** The help pages, laid out as runc's are because scripts read them: NAME, USAGE, DESCRIPTION, OPTIONS. */
import { globalFlags, versionFlag } from "./global-flags.js";
import { programSummary, verbs } from "./program.js";
import type { Flag, Verb } from "./verb.js";
import { versionLines } from "./version.js";

const helpCommand = ["help, h", "show this page, or the page of one command"] as const;

/** The page of `<program> --help`. */
export function programHelp(program: string): string {
	const commands = summaries();
	return page([
		["NAME", `${program} - ${programSummary}`],
		["USAGE", `${program} [global options] command [command options] [arguments...]`],
		["VERSION", versionLines()],
		["COMMANDS", columns([...commands, helpCommand])],
		["GLOBAL OPTIONS", flagColumns([...globalFlags, versionFlag])],
	]);
}

/** The page of `<program> <group>`. */
export function groupHelp(program: string, group: string): string {
	return page([
		["NAME", `${program} ${group} - commands for a ${group}`],
		["USAGE", `${program} ${group} command [command options] [arguments...]`],
		["COMMANDS", columns(summaries().filter(([name]) => name.startsWith(`${group} `)))],
	]);
}

function summaries(): (readonly [name: string, summary: string])[] {
	return Object.entries(verbs).map(([name, { summary }]) => [name, summary]);
}

/** The page of `<program> <verb> --help`. */
export function verbHelp(program: string, name: string, verb: Verb): string {
	const sections: [string, string][] = [
		["NAME", `${program} ${name} - ${verbs[name]?.summary ?? ""}`],
		["USAGE", `${program} ${name} ${verb.usage}`.trimEnd()],
		["DESCRIPTION", verb.description],
	];
	if (verb.flags.length > 0) sections.push(["OPTIONS", flagColumns(verb.flags)]);
	return page(sections);
}

function page(sections: readonly (readonly [title: string, text: string])[]): string {
	return sections.map(([title, text]) => `${title}:\n${indent(text)}\n`).join("\n");
}

function indent(text: string): string {
	return text.replace(/^(?=.)/gm, "   ");
}

function flagColumns(flags: readonly Flag[]): string {
	return columns(flags.filter((flag) => !flag.hidden).map((flag) => [flagForms(flag), flag.help]));
}

/** `--bundle dir, -b dir`, the way runc shows both forms. */
function flagForms({ name, short, value, valueOptional }: Flag): string {
	if (valueOptional) return `--${name}[=${value}]`;
	const forms = [`--${name}`, ...(short === undefined ? [] : [`-${short}`])];
	return forms.map((form) => (value === undefined ? form : `${form} ${value}`)).join(", ");
}

function columns(rows: readonly (readonly [left: string, right: string])[]): string {
	const width = Math.max(...rows.map(([left]) => left.length));
	return rows.map(([left, right]) => `${left.padEnd(width)}  ${right}`).join("\n");
}
