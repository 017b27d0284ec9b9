/** Where in the TypeScript a bug is: the positions in a stack of bytecode, looked up in the embedded source maps. */
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";

/**
 * Replaces each `(chunk.js:LINE:COLUMN)` of the engine's stack by the file and line of its source.
 * `readMap` gives the JSON text of a chunk's map, null when there is none; such positions stay as they are.
 */
export function mapStack(stack: string, readMap: (name: string) => string | null): string {
	const maps = new Map<string, TraceMap | null>();
	return stack.replace(
		/\(([^()\s]+\.js):(\d+)(?::(\d+))?\)/g,
		(position, chunk: string, line: string, column?: string) => {
			if (!maps.has(chunk)) maps.set(chunk, loadMap(`${chunk}.map`, readMap));
			const map = maps.get(chunk);
			// the engine counts columns from 1, source maps from 0
			const found =
				map && originalPositionFor(map, { line: Number(line), column: Math.max(Number(column ?? 1) - 1, 0) });
			return found?.source ? `(${sourcePath(found.source)}:${found.line})` : position;
		},
	);
}

function loadMap(name: string, readMap: (name: string) => string | null): TraceMap | null {
	const text = readMap(name);
	return text === null ? null : new TraceMap(text);
}

/** Maps name sources relative to the build folder; what matters is the path in the repository. */
function sourcePath(source: string): string {
	return source.replace(/^(?:\.\.\/)+/, "");
}
