/** Reading TypeScript as text: what the checks of this folder have in common. */

/**
 * The code with comments blanked out, every position kept. Quotes, template literals and regular expressions are
 * stepped over, so that `"//"` begins no comment.
 *
 * @param {string} text
 */
export function withoutComments(text) {
	const parts =
		/\/\*[\s\S]*?\*\/|\/\/.*|(["'`])(?:\\.|(?!\1)[\s\S])*\1|\/(?![*/])(?:\\.|\[(?:\\.|[^\]\n])*\]|[^/\\\n[])+\/(?=[dgimsuvy]*\s*[.,;)\]])/g;
	return text.replace(parts, (part) => (/^\/[*/]/.test(part) ? part.replace(/[^\n]/g, " ") : part));
}

/**
 * @param {string} text
 * @param {number} index
 */
export function lineOf(text, index) {
	return text.slice(0, index).split("\n").length;
}

/**
 * The arguments of a call, as text; `index` is right behind its opening parenthesis.
 *
 * @param {string} code without comments
 * @param {number} index
 */
export function argumentsAt(code, index) {
	const found = [""];
	const add = (/** @type {string} */ text) => found.push(found.pop() + text);
	const pieces = /(["'`])(?:\\.|(?!\1)[\s\S])*\1|[\s\S]/gy;
	pieces.lastIndex = index;
	let depth = 0;
	for (let piece = pieces.exec(code)?.[0]; piece !== undefined; piece = pieces.exec(code)?.[0]) {
		if (/^[([{]$/.test(piece)) depth++;
		if (/^[)\]}]$/.test(piece) && depth-- === 0) break;
		if (piece === "," && depth === 0) found.push("");
		else add(piece);
	}
	return found.map((argument) => argument.trim());
}
