import { describe, expect, it } from "vitest";
import { layerFindings } from "../../../scripts/checks/layers.mjs";

/** The findings about one file, as `npm run check` prints them. */
function check(file: string, ...lines: string[]): string[] {
	const findings = layerFindings([{ file, text: lines.join("\n") }]);
	return findings.map(({ file: place, line, rule }) => `${place}:${line}: ${rule}`);
}

const upward = "imports point down (cli > runtime > linux > spec > sys), not up";

describe("imports", () => {
	it("may point to the same layer and to lower ones", () => {
		expect(
			check(
				"src/runtime/lifecycle/start.ts",
				'import { findContainer } from "../status.js";',
				'import { openProc } from "../../linux/proc.js";',
				'import type { Config } from "../../spec/types.js";',
				'import { sys } from "../../sys/index.js";',
			),
		).toEqual([]);
	});

	it("must not point up, with file, line and rule", () => {
		expect(check("src/linux/proc.ts", "", 'import { findContainer } from "../runtime/status.js";')).toEqual([
			`src/linux/proc.ts:2: ${upward}: ../runtime/status.js`,
		]);
	});

	it.each([
		["of types", 'import type { Verb } from "../cli/verb.js";'],
		["of side effects", 'import "../cli/verb.js";'],
		["that are dynamic", 'const verb = await import("../cli/verb.js");'],
		["that are re-exports", 'export { verb } from "../cli/verb.js";'],
		["over several lines", 'import {\n\tverb,\n} from "../cli/verb.js";'],
		["that are types in place", 'type Verb = import("../cli/verb.js").Verb;'],
	])("must not point up %s", (_name, code) => {
		expect(check("src/runtime/status.ts", code).join()).toContain(upward);
	});

	it("in comments and texts do not count", () => {
		expect(
			check(
				"src/sys/door.ts",
				'// import { verb } from "../cli/verb.js";',
				'/* import { verb } from "../cli/verb.js"; */',
				"const text = \"// import { verb } from '../cli/verb.js'\";",
			),
		).toEqual([]);
	});

	it("after a text that looks like a comment do count", () => {
		expect(check("src/sys/door.ts", 'const text = "/* no comment";', 'import "../cli/verb.js";', "/* */")).toHaveLength(
			1,
		);
	});

	it("of a verb must not be another verb", () => {
		expect(check("src/cli/commands/run.ts", 'import { verb } from "./create.js";')).toEqual([
			"src/cli/commands/run.ts:1: a verb does not import another verb: ./create.js",
		]);
		expect(check("src/cli/commands/run.ts", 'import { createFlags } from "../process-flags.js";')).toEqual([]);
	});

	it("of the specification are errors and constants, but never the door", () => {
		expect(check("src/spec/load.ts", 'import { TsrunError } from "../sys/errors.js";')).toEqual([]);
		expect(check("src/spec/rules/linux.ts", 'import { CAP_KILL } from "../../sys/constants.js";')).toEqual([]);
		expect(check("src/spec/load.ts", 'import { sys } from "../sys/index.js";')).toEqual([
			"src/spec/load.ts:1: src/spec makes no system calls: ../sys/index.js",
		]);
	});

	it("must not leave src, nor ask for Node", () => {
		expect(check("src/cli/main.ts", 'import { build } from "../../scripts/build.mjs";')).toHaveLength(1);
		expect(check("src/cli/main.ts", 'import { readFileSync } from "node:fs";')).toHaveLength(1);
	});
});

describe("the process is ended", () => {
	const code = "export function stop(): never {\n\tsys.exit(1);\n}";

	it("by main and by a child of clone", () => {
		expect(check("src/cli/main.ts", code)).toEqual([]);
		expect(check("src/runtime/init/create-init.ts", code)).toEqual([]);
	});

	it("by nobody else", () => {
		expect(check("src/runtime/lifecycle/delete.ts", code)).toEqual([
			"src/runtime/lifecycle/delete.ts:2: only src/cli/main.ts ends the runtime, and only the child's side of a clone ends a child",
		]);
		expect(check("src/cli/dispatch.ts", code)).toHaveLength(1);
	});
});

describe("output", () => {
	it("is printed by src/cli", () => {
		expect(check("src/cli/output.ts", "writeText(1, text);")).toEqual([]);
	});

	it.each(["sys.write(1, text);", "sys.write(2, text);", "writeAll(STDERR, bytes);", 'console.log("here");'])(
		"is not printed elsewhere: %s",
		(code) => {
			expect(check("src/linux/mounts.ts", code)).toEqual(["src/linux/mounts.ts:1: only src/cli prints"]);
		},
	);

	it("is not meant by a descriptor that only begins with 1, nor by a module named console", () => {
		expect(check("src/linux/mounts.ts", "sys.write(12, text);")).toEqual([]);
		expect(check("src/linux/mounts.ts", 'import { openTerminal } from "./console.js";')).toEqual([]);
	});
});

it("the command line is read by src/cli alone", () => {
	expect(check("src/cli/main.ts", "dispatch(sys.argv());")).toEqual([]);
	expect(check("src/runtime/options.ts", "const words = sys.argv();")).toHaveLength(1);
});
