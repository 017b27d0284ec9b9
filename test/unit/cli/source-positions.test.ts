import { transformSync } from "esbuild";
import { describe, expect, it } from "vitest";
import { mapStack } from "../../../src/cli/source-positions.js";

const source = [
	"type Long = { readonly a: string };",
	"",
	"export function outer(x: Long) {",
	"	return x.a.b.c;",
	"}",
].join("\n");
const { code, map } = transformSync(source, { loader: "ts", sourcemap: true, sourcefile: "../../../src/x.ts" });
const readMap = (name: string) => (name === "chunk-A1.js.map" ? map : null);

/** Line and column, from 1, of a text in the generated code. */
function generated(text: string): string {
	const before = code.slice(0, code.indexOf(text)).split("\n");
	return `${before.length}:${(before.at(-1) ?? "").length + 1}`;
}

describe("mapStack", () => {
	it("tells file and line of the TypeScript", () => {
		const stack = `    at outer (chunk-A1.js:${generated("return")})\n`;
		expect(mapStack(stack, readMap)).toBe("    at outer (src/x.ts:4)\n");
	});

	it("does with a line alone, as the engine gives for some frames", () => {
		const line = generated("return").split(":")[0];
		expect(mapStack(`    at outer (chunk-A1.js:${line})`, readMap)).toBe("    at outer (src/x.ts:4)");
	});

	it("leaves what it cannot look up", () => {
		const stack = "    at map (native)\n    at f (other.js:1:1)\n    at g (chunk-A1.js:9999:1)\n";
		expect(mapStack(stack, readMap)).toBe(stack);
	});

	it("reads each map once", () => {
		const read: string[] = [];
		mapStack("(chunk-A1.js:1:1) (chunk-A1.js:2:1)", (name) => {
			read.push(name);
			return map;
		});
		expect(read).toEqual(["chunk-A1.js.map"]);
	});
});
