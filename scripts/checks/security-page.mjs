/**
 * docs/security.md claims nothing that is not there: each of its rules has a row, and each row of rules and advisories
 * names code and tests, by file and title. Pure: texts in, findings out; `npm run check` reads the files.
 */
import { posix } from "node:path";

/** @typedef {import("./layers.mjs").Finding} Finding */

export const securityPage = "docs/security.md";

/** The column that a table of claims must have beside its tests; the others on the page are no claims. */
const proofs = "test";

/**
 * @param {string} markdown the page
 * @param {(file: string) => string | undefined} textOf of a file of the repository, by its path; "" of a folder
 * @returns {Finding[]}
 */
export function securityPageFindings(markdown, textOf) {
	const lines = markdown.split("\n");
	const at = (/** @type {number} */ index, /** @type {string} */ rule) => ({
		file: securityPage,
		line: index + 1,
		rule,
	});
	const rules = lines.flatMap((content, index) => {
		const number = /^(\d+)\. /.exec(content)?.[1];
		return number === undefined ? [] : [{ number, index }];
	});
	const rows = claims(lines);
	const unproved = rules.filter(({ number }) => !rows.some(({ cells }) => cells.rule === number));
	return [
		...(rules.length === 0 || rows.length === 0 ? [at(0, "it has no rules, or no table of them")] : []),
		...unproved.map(({ number, index }) => at(index, `rule ${number} has no row`)),
		...rows.flatMap(({ cells, index }) => rowFindings(cells, rules, textOf).map((rule) => at(index, rule))),
	];
}

/**
 * The rows of those tables that have tests, by the heads of their columns.
 *
 * @param {readonly string[]} lines
 */
function claims(lines) {
	/** @type {{ readonly cells: Readonly<Record<string, string>>, readonly index: number }[]} */
	const rows = [];
	/** @type {readonly string[]} */
	let heads = [];
	for (const [index, content] of lines.entries()) {
		const cells = content.startsWith("|")
			? content
					.slice(1, -1)
					.split("|")
					.map((cell) => cell.trim())
			: [];
		if (cells.length === 0) heads = [];
		else if (heads.length === 0) heads = cells;
		else if (heads.includes(proofs) && !/^-+$/.test(cells[0] ?? ""))
			rows.push({ index, cells: Object.fromEntries(heads.map((head, column) => [head, cells[column] ?? ""])) });
	}
	return rows;
}

/**
 * @param {Readonly<Record<string, string>>} cells
 * @param {readonly { readonly number: string }[]} rules
 * @param {(file: string) => string | undefined} textOf
 */
function rowFindings(cells, rules, textOf) {
	const found = [];
	if (cells.rule !== undefined && !rules.some(({ number }) => number === cells.rule))
		found.push(`there is no rule ${cells.rule}`);
	if (cells.where !== undefined && linksOf(cells.where).length === 0) found.push("no code is named");
	const tests = linksOf(cells[proofs] ?? "");
	if (tests.length === 0) found.push("no test is named");
	for (const { file } of [...linksOf(cells.where ?? ""), ...tests])
		if (textOf(file) === undefined) found.push(`${file} is not there`);
	for (const { file, titles } of tests) {
		if (titles.length === 0) found.push(`no title of a test of ${file} is named`);
		const there = titlesIn(textOf(file) ?? "");
		for (const title of titles)
			if (!there.some((one) => one.includes(title))) found.push(`${file} has no test "${title}"`);
	}
	return found;
}

/**
 * Links with the words in quotation marks that follow each.
 *
 * @param {string} cell
 */
function linksOf(cell) {
	return [...cell.matchAll(/\[[^\]]+\]\(([^)#\s]+)\)([^[]*)/g)].map(([, target = "", rest = ""]) => ({
		file: posix.normalize(posix.join(posix.dirname(securityPage), target)),
		titles: [...rest.matchAll(/"([^"]+)"/g)].map(([, title = ""]) => title),
	}));
}

/**
 * The strings that a call of test, it or describe begins with, also one of `test.for(…)` and the like.
 *
 * @param {string} source
 */
function titlesIn(source) {
	return [...source.matchAll(/(?:\b(?:test|it|describe)|\))\(\s*(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`)/g)].map(
		([, plain, template]) => plain ?? template ?? "",
	);
}
