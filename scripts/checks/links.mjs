/**
 * Links of the documents to files of the repository lead somewhere. Pure: documents and a test for existence in,
 * findings out; `npm run check` reads the files.
 */
import { posix } from "node:path";

/**
 * @param {readonly { readonly file: string, readonly text: string }[]} documents Markdown, paths from the repository's root
 * @param {(file: string) => boolean} exists
 * @returns {import("./layers.mjs").Finding[]}
 */
export function linkFindings(documents, exists) {
	return documents.flatMap(({ file, text }) =>
		text.split("\n").flatMap((content, index) =>
			[...content.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)]
				.map((match) => match[1] ?? "")
				.filter((target) => !/^[a-z]+:/.test(target) && !exists(posix.join(posix.dirname(file), target)))
				.map((target) => ({ file, line: index + 1, rule: `links to ${target}, which is not there` })),
		),
	);
}
