import { transformSync } from "esbuild";
import { describe, expect, it } from "vitest";
import { lineTable } from "../../../scripts/line-table.mjs";
import { mapStack } from "../../../src/cli/source-positions.js";

const source = [
	"type Long = { readonly a: string };",
	"",
	"export function outer(x: Long) {",
	"	return x.a.b.c;",
	"}",
].join("\n");
const { code, map } = transformSync(source, { loader: "ts", sourcemap: true, sourcefile: "../../../src/x.ts" });
const readTable = (name: string) => (name === "chunk-A1.js.lines" ? lineTable(map) : null);

/** The line, from 1, of a text in the generated code. */
function generated(text: string): number {
	return code.slice(0, code.indexOf(text)).split("\n").length;
}

describe("mapStack", () => {
	it("tells file and line of the TypeScript", () => {
		const stack = `    at outer (chunk-A1.js:${generated("return")}:9)\n`;
		expect(mapStack(stack, readTable)).toBe("    at outer (src/x.ts:4)\n");
	});

	it("does with a line alone, as the engine gives for some frames", () => {
		expect(mapStack(`    at outer (chunk-A1.js:${generated("return")})`, readTable)).toBe("    at outer (src/x.ts:4)");
	});

	it("leaves what it cannot look up", () => {
		const stack = "    at map (native)\n    at f (other.js:1:1)\n    at g (chunk-A1.js:9999:1)\n";
		expect(mapStack(stack, readTable)).toBe(stack);
	});
});
