/** Manual pages, tsrun(8) and one for each verb, from the same words as the help (man(7), man-pages(7)). */

/** @typedef {import("./command-line.mjs").CommandLine} CommandLine */

/** What every verb shares; the numbers are those of docs/errors.md. */
const exitStatus = `0 when it was done. \`run' and \`exec' in the foreground end as the program did: with its exit status, or 128 and the
number of the signal that ended it; \`exec' with 255 when there was no program to end. Everything else that fails: 1;
verbs that do not exist: 3.`;

const files = [
	["/run/tsrun", "the state of containers, or what --root names"],
	["config.json", "the configuration of a bundle, in the form of the OCI runtime specification"],
];

/**
 * @param {CommandLine} line
 * @param {{ version: string, date: string }} edition `date` as in 2026-11-22
 * @returns {Map<string, string>} the pages by the names of their files
 */
export function manualPages({ summary, verbs, globalFlags }, edition) {
	const pages = new Map();
	const page = (/** @type {string} */ name, /** @type {string[]} */ ...parts) =>
		pages.set(`${name}.8`, `${[title(name, edition), ...parts].join("\n")}\n`);
	const others = (/** @type {string} */ but) =>
		["tsrun", ...verbs.map(({ name }) => pageOf(name))]
			.filter((name) => name !== but)
			.map((name) => `.BR ${name} (8)`)
			.join(" ,\n");

	page(
		"tsrun",
		heading("NAME", `tsrun \\- ${plain(summary)}`),
		heading("SYNOPSIS", `.B tsrun\n[global options] command [command options] [arguments...]`),
		heading(
			"DESCRIPTION",
			plain(
				"Makes and runs containers as config.json of a bundle describes them, and takes the place of runc under containerd, Docker and Podman. Each command does one thing and ends.",
			),
		),
		heading("COMMANDS", ...verbs.map(({ name, summary }) => item(`.BR ${pageOf(name)} (8)`, summary))),
		heading("GLOBAL OPTIONS", ...globalFlags.map(option)),
		heading("EXIT STATUS", plain(exitStatus)),
		heading("FILES", ...files.map(([path, what]) => item(`.I ${plain(path ?? "")}`, what ?? ""))),
		heading("SEE ALSO", `${others("tsrun")} ,\n.BR runc (8)`),
	);
	for (const { name, summary, usage, description, flags } of verbs) {
		page(
			pageOf(name),
			heading("NAME", `${plain(pageOf(name))} \\- ${plain(summary)}`),
			heading("SYNOPSIS", `.B tsrun ${name}\n${plain(usage)}`),
			heading("DESCRIPTION", plain(description)),
			...(flags.length > 0 ? [heading("OPTIONS", ...flags.map(option))] : []),
			heading("SEE ALSO", others(pageOf(name))),
		);
	}
	return pages;
}

/** "pod add" → "tsrun-pod-add". */
const pageOf = (/** @type {string} */ verb) => `tsrun-${verb.replaceAll(" ", "-")}`;

/** @param {string} name @param {{ version: string, date: string }} edition */
function title(name, { version, date }) {
	return `.TH ${name.toUpperCase()} 8 "${date}" "tsrun ${version}" "System administration"\n.nh\n.ad l`;
}

/** @param {string} name @param {string[]} parts */
function heading(name, ...parts) {
	return `.SH ${name}\n${parts.join("\n")}`;
}

/** @param {string} tag a line of roff @param {string} text */
function item(tag, text) {
	return `.TP\n${tag}\n${plain(text)}`;
}

/** @param {import("./command-line.mjs").VerbPage["flags"][number]} flag */
function option({ name, short, value, valueOptional, help }) {
	const given = value === undefined ? "" : valueOptional ? `[=${value}]` : ` ${value}`;
	const forms = [`--${name}`, ...(short === undefined ? [] : [`-${short}`])];
	return item(`.B ${forms.map((form) => plain(`${form}${given}`)).join(", ")}`, help);
}

/** Text as roff prints it: no line is taken for a request, no character for another; empty lines part paragraphs. */
function plain(/** @type {string} */ text) {
	return text
		.replaceAll("\\", "\\e")
		.replaceAll("-", "\\-")
		.replace(/^(?=[.'])/gm, "\\&")
		.replace(/^ +(?=\S)/gm, (indent) => `.br\n${indent}`)
		.replace(/\n\n+/g, "\n.PP\n");
}
