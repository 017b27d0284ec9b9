/** Where in the TypeScript a bug is: the positions in a stack of bytecode, looked up in the tables of scripts/line-table.mjs. */

interface LineTable {
	readonly sources: readonly string[];
	/** See scripts/line-table.mjs. */
	readonly lines: readonly (number | readonly [source: number, line: number] | null)[];
}

/**
 * Replaces each `(chunk.js:LINE:COLUMN)` of the engine's stack by the file and line of its source.
 * `readTable` gives the text of a chunk's table, null when there is none; such positions stay as they are.
 */
export function mapStack(stack: string, readTable: (name: string) => string | null): string {
	return stack.replace(/\(([^()\s]+\.js):(\d+)(?::\d+)?\)/g, (position, chunk: string, line: string) => {
		const text = readTable(`${chunk}.lines`);
		const found = text === null ? null : lookUp(JSON.parse(text) as LineTable, Number(line));
		return found === null ? position : `(${found})`;
	});
}

function lookUp({ sources, lines }: LineTable, wanted: number): string | null {
	let source = 0;
	let line = 0;
	for (const entry of lines.slice(0, wanted)) {
		if (typeof entry === "number") line += entry;
		else if (entry !== null) [source, line] = entry;
	}
	return (lines[wanted - 1] ?? null) === null ? null : `${sources[source]}:${line}`;
}
