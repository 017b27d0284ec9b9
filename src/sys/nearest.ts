/** "Did you mean …?": the name that somebody who wrote another one may have had in mind. */

/** The name that takes the fewest edits to reach, if they are few for the word's length. */
export function nearest(word: string, names: readonly string[]): string | undefined {
	const most = Math.floor(word.length / 3) + 1;
	const near = names.map((name) => ({ name, edits: editDistance(word, name) })).filter(({ edits }) => edits <= most);
	return near.sort((a, b) => a.edits - b.edits)[0]?.name;
}

/** Insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment). */
function editDistance(from: string, to: string): number {
	let beforeLast: number[] = [];
	let last = Array.from({ length: to.length + 1 }, (_, column) => column);
	for (let row = 1; row <= from.length; row++) {
		const current = [row];
		for (let column = 1; column <= to.length; column++) {
			const differs = from[row - 1] === to[column - 1] ? 0 : 1;
			let edits = Math.min(at(current, column - 1) + 1, at(last, column) + 1, at(last, column - 1) + differs);
			if (from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
				edits = Math.min(edits, at(beforeLast, column - 2) + 1);
			}
			current.push(edits);
		}
		beforeLast = last;
		last = current;
	}
	return at(last, to.length);
}

function at(row: readonly number[], column: number): number {
	return row[column] ?? Number.POSITIVE_INFINITY;
}
