/**
 * From an esbuild source map to what an error's stack needs, at a twentieth of the size: for each line of a module the
 * source file and line it came from. src/cli/source-positions.ts reads it.
 */
import { decodedMappings, TraceMap } from "@jridgewell/trace-mapping";

/**
 * `{sources, lines}`: an entry of `lines` is null (no source), `[source, line]` where the source changes, or the
 * difference to the line of the entry before. Sources are paths in the repository, lines count from 1.
 * @param {string} text a source map in JSON
 */
export function lineTable(text) {
	const map = new TraceMap(text);
	let source = -1;
	let line = 0;
	const lines = decodedMappings(map).map((segments) => {
		const first = segments.find((segment) => segment.length > 1);
		if (!first) return null;
		const [, nextSource = 0, zeroBased = 0] = first;
		const nextLine = zeroBased + 1;
		const entry = nextSource === source ? nextLine - line : [nextSource, nextLine];
		source = nextSource;
		line = nextLine;
		return entry;
	});
	const sources = map.sources.map((path) => (path ?? "").replace(/^(?:\.\.\/)+/, ""));
	return JSON.stringify({ sources, lines });
}
