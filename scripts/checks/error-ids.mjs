/**
 * Holds the list of error ids (src/sys/errors.ts) against what docs/errors.md tells about them and against their use.
 * Pure: texts in, findings out; `npm run check` reads the files.
 */

export const errorsFile = "src/sys/errors.ts";
export const documentFile = "docs/errors.md";

/**
 * The ids that the document has a section for (`### id`), with the section's first paragraph on one line.
 *
 * @param {string} markdown
 */
function documentedIds(markdown) {
	const lines = markdown.split("\n");
	return lines.flatMap((line, index) => {
		const id = /^### `([a-z-]+)`$/.exec(line)?.[1];
		if (id === undefined) return [];
		const body = lines
			.slice(index + 1)
			.join("\n")
			.trimStart();
		const meaning = (body.split("\n\n")[0] ?? "").replaceAll("\n", " ").trim();
		return [{ id, line: index + 1, meaning }];
	});
}

/**
 * @param {Readonly<Record<string, string>>} errorIds as exported by src/sys/errors.ts
 * @param {string} errorsSource the text of that file, for line numbers
 * @param {string} markdown docs/errors.md
 * @param {readonly { readonly file: string, readonly text: string }[]} sources everything else under src
 * @returns {import("./layers.mjs").Finding[]}
 */
export function errorIdFindings(errorIds, errorsSource, markdown, sources) {
	const documented = documentedIds(markdown);
	const ids = Object.keys(errorIds);
	const lineOf = (/** @type {string} */ id) =>
		errorsSource.split("\n").findIndex((line) => new RegExp(`^\\t"?${id}"?:`).test(line)) + 1;
	const inCode = (/** @type {string} */ id, /** @type {string} */ rule) => ({
		file: errorsFile,
		line: lineOf(id),
		rule,
	});
	const inDocument = (/** @type {number} */ line, /** @type {string} */ rule) => ({ file: documentFile, line, rule });

	const undocumented = ids.filter((id) => !documented.some((entry) => entry.id === id));
	const unused = ids.filter((id) => !sources.some(({ text }) => text.includes(`"${id}"`)));
	return [
		...undocumented.map((id) => inCode(id, `error id "${id}" has no section in ${documentFile}`)),
		...unused.map((id) => inCode(id, `error id "${id}" is used nowhere`)),
		...documented.flatMap(({ id, line, meaning }, index) => {
			if (!ids.includes(id)) return [inDocument(line, `error id "${id}" does not exist`)];
			if (documented.findIndex((entry) => entry.id === id) < index) return [inDocument(line, `"${id}" is here twice`)];
			return meaning === sentence(errorIds[id] ?? "")
				? []
				: [inDocument(line, `"${id}" must begin: ${sentence(errorIds[id] ?? "")}`)];
		}),
	];
}

/**
 * The one line of the list as the document prints it.
 *
 * @param {string} meaning
 */
function sentence(meaning) {
	const text = `${meaning[0]?.toUpperCase() ?? ""}${meaning.slice(1)}`;
	return text.endsWith(".") ? text : `${text}.`;
}
