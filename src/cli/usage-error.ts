/** Mistakes on the command line, in the words of Go's flag package that callers of runc know. */
import { TsrunError } from "../sys/errors.js";

export function usageError(message: string, object: string, hint?: string): TsrunError {
	return new TsrunError("usage", message, hint === undefined ? { object } : { object, hint });
}

/** `flag` as it was written, without dashes. */
export function unknownFlag(flag: string, names: readonly string[]): TsrunError {
	const near = nearest(flag, names);
	const hint = near === undefined ? undefined : `did you mean "--${near}"?`;
	return usageError(`flag provided but not defined: -${flag}`, `-${flag}`, hint);
}

export function invalidValue(value: string, flag: string, reason: string): TsrunError {
	return usageError(`invalid value ${JSON.stringify(value)} for flag -${flag}: ${reason}`, `-${flag}`);
}

export function unknownVerb(verb: string, names: readonly string[]): TsrunError {
	const near = nearest(verb, names);
	const hint = near === undefined ? {} : { hint: `did you mean "${near}"?` };
	return new TsrunError("usage", `No help topic for '${verb}'`, { object: verb, exitCode: 3, ...hint });
}

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
