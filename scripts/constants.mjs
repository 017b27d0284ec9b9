// Writes the kernel's constants as a TypeScript module: `node scripts/constants.mjs OUT`.
//
// The names stand in native/constants.def under the headers that define them. A C program made from that list
// prints their values, so that every number comes from the headers of the build and none is typed by hand.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const definitions = new URL("../native/constants.def", import.meta.url);
const [output] = process.argv.slice(2);

/** The `#include` lines and the `NAME` or `NAME = expression` lines; `//` starts a comment. */
function parse(text) {
	const lines = text.split("\n").map((line) => line.replace(/\/\/.*/, "").trim());
	const constants = new Map();
	for (const line of lines) {
		const match = /^([A-Z]\w*)(?:\s*=\s*(.+))?$/.exec(line);
		if (match) {
			const [, name, expression = name] = match;
			if (constants.has(name)) fail(`native/constants.def: ${name} is listed twice`);
			constants.set(name, expression);
		} else if (line !== "" && !line.startsWith("#")) {
			fail(`native/constants.def: not a name: ${line}`);
		}
	}
	return { includes: lines.filter((line) => line.startsWith("#include")), constants };
}

/** Values a double cannot hold are printed as BigInt; the sign is that of the constant's own C type. */
function program({ includes, constants }) {
	const prints = [...constants].map(
		([name, expression]) => `	print("${name}", (${expression}) < 0, (unsigned long long)(${expression}));`,
	);
	return `${includes.join("\n")}
#include <stdio.h>

static void print(const char *name, int negative, unsigned long long value)
{
	unsigned long long magnitude = negative ? -value : value;
	const char *suffix = magnitude > (1ULL << 53) - 1 ? "n" : "";
	printf("export const %s = %s%llu%s;\\n", name, negative ? "-" : "", magnitude, suffix);
}

int main(void)
{
${prints.join("\n")}
	return 0;
}
`;
}

function run(command, args, input) {
	const result = spawnSync(command, args, { input, encoding: "utf8", env: { ...process.env, LC_ALL: "C" } });
	if (result.error) fail(`constants: ${command}: ${result.error.message}`);
	return result;
}

function values(source) {
	const directory = mkdtempSync(join(tmpdir(), "tsrun-constants-"));
	try {
		const binary = join(directory, "constants");
		const compiled = run(process.env.CC ?? "gcc", ["-D_GNU_SOURCE", "-x", "c", "-o", binary, "-"], source);
		if (compiled.status !== 0) {
			const missing = [...compiled.stderr.matchAll(/'(\w+)' undeclared/g)].map((match) => match[1]);
			fail(missing.length > 0 ? `constants: no header defines ${missing.join(", ")}` : compiled.stderr);
		}
		return run(binary, [], "").stdout;
	} finally {
		rmSync(directory, { recursive: true });
	}
}

function fail(message) {
	console.error(message);
	process.exit(1);
}

if (!output) fail("usage: node scripts/constants.mjs OUT");
const header = "// The kernel's constants. Made by scripts/constants.mjs from native/constants.def; do not edit.\n";
const text = header + values(program(parse(readFileSync(definitions, "utf8"))));
mkdirSync(dirname(output), { recursive: true });
writeFileSync(output, text);
