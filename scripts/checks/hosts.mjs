/**
 * No file names the host of a package registry: which one serves is the affair of whoever installs, told to npm and apt
 * by their own configuration. Pure: sources in, findings out.
 */

const host = /\b(?:[\w-]+\.)*(?:registry|npm|yarnpkg|pypi)[\w-]*\.(?:[\w-]+\.)*(?:com|dev|io|net|org)\b/gi;

/**
 * @param {readonly { readonly file: string, readonly text: string }[]} sources
 * @returns {import("./layers.mjs").Finding[]}
 */
export function hostFindings(sources) {
	return sources.flatMap(({ file, text }) =>
		text.split("\n").flatMap((content, index) =>
			[...content.matchAll(host)].map(([name]) => ({
				file,
				line: index + 1,
				rule: `names the package registry ${name}`,
			})),
		),
	);
}
