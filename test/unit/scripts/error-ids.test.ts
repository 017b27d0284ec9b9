import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { errorIdFindings } from "../../../scripts/checks/error-ids.mjs";
import { errorIds } from "../../../src/sys/errors.js";

const source = [
	"export const errorIds = {",
	'\tusage: "the words are wrong",',
	'\t"id-taken": "it exists",',
	"};",
].join("\n");
const list = { usage: "the words are wrong", "id-taken": "it exists" };
const users = [{ file: "src/user.ts", text: 'new TsrunError("usage"); new TsrunError("id-taken");' }];
const document = "# Errors\n\n### `usage`\n\nThe words\nare wrong.\n\nMore.\n\n### `id-taken`\n\nIt exists.\n";

function check(given: { ids?: Record<string, string>; markdown?: string; sources?: typeof users }): string[] {
	const { ids = list, markdown = document, sources = users } = given;
	return errorIdFindings(ids, source, markdown, sources).map(({ file, line, rule }) => `${file}:${line}: ${rule}`);
}

describe("the check of error ids", () => {
	it("is content when every id is documented in its own words and used", () => {
		expect(check({})).toEqual([]);
	});

	it("names an id without a section", () => {
		expect(check({ markdown: document.replace("### `id-taken`", "### id-taken") })).toEqual([
			'src/sys/errors.ts:3: error id "id-taken" has no section in docs/errors.md',
		]);
	});

	it("names a section without an id", () => {
		expect(check({ markdown: `${document}\n### \`gone\`\n\nIt was.\n` })).toEqual([
			'docs/errors.md:14: error id "gone" does not exist',
		]);
	});

	it("names a section that says something else", () => {
		expect(check({ markdown: document.replace("It exists.", "It is taken.") })).toEqual([
			'docs/errors.md:10: "id-taken" must begin: It exists.',
		]);
	});

	it("names a section that is there twice", () => {
		expect(check({ markdown: `${document}\n### \`usage\`\n\nThe words are wrong.\n` })).toEqual([
			'docs/errors.md:14: "usage" is here twice',
		]);
	});

	it("names an id that nothing throws", () => {
		expect(check({ sources: [{ file: "src/user.ts", text: 'new TsrunError("usage");' }] })).toEqual([
			'src/sys/errors.ts:3: error id "id-taken" is used nowhere',
		]);
	});
});

it("docs/errors.md has the ids of src/sys/errors.ts, each with its one line", () => {
	const markdown = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");
	const everywhere = [
		{
			file: "",
			text: Object.keys(errorIds)
				.map((id) => `"${id}"`)
				.join(),
		},
	];
	expect(errorIdFindings(errorIds, "", markdown, everywhere)).toEqual([]);
});
