import { describe, expect, it } from "vitest";
import { securityPageFindings } from "../../../scripts/checks/security-page.mjs";

const files: Readonly<Record<string, string>> = {
	"src/a.ts": "",
	"test/a.test.ts":
		'test("stays inside", () => {});\ntest.for([1])(\n\t"is %s", () => {});\ndescribe.each(x)(`a kind`, f);',
};

const rules = "1. First.\n2. Second.\n";
const heads = "\n| rule | where | test |\n| --- | --- | --- |\n";
const good = (number: number) => `| ${number} | [a](../src/a.ts) | [a](../test/a.test.ts): "stays inside", "is %s" |\n`;

const check = (page: string) =>
	securityPageFindings(page, (file) => files[file]).map(({ line, rule }) => `${line}: ${rule}`);

it("rules that have rows with code and tests that are there are all right", () => {
	expect(check(`${rules}${heads}${good(1)}${good(2)}`)).toEqual([]);
});

it("tables without a column of tests are no claims", () => {
	expect(check(`${rules}${heads}${good(1)}${good(2)}\n| a | b |\n| --- | --- |\n| c | d |\n`)).toEqual([]);
});

describe("is told with its line:", () => {
	const row = (where: string, test: string) => check(`${rules}${heads}${good(1)}${good(2)}| 1 | ${where} | ${test} |`);

	it("a page without rules", () => {
		expect(check("# Security\n")).toEqual(["1: it has no rules, or no table of them"]);
	});

	it("a rule without a row, and a row without a rule", () => {
		expect(check(`${rules}${heads}${good(1)}${good(3)}`)).toEqual(["2: rule 2 has no row", "7: there is no rule 3"]);
	});

	it("a row without code, without a test, without a title", () => {
		expect(row("", "")).toEqual(["8: no code is named", "8: no test is named"]);
		expect(row("[a](../src/a.ts)", "[a](../test/a.test.ts)")).toEqual([
			"8: no title of a test of test/a.test.ts is named",
		]);
	});

	it("a file that has gone", () => {
		expect(row("[b](../src/b.ts)", '[a](../test/a.test.ts): "a "')).toEqual(["8: src/b.ts is not there"]);
	});

	it("a title that has changed", () => {
		expect(row("[a](../src/a.ts)", '[a](../test/a.test.ts): "stays outside"')).toEqual([
			'8: test/a.test.ts has no test "stays outside"',
		]);
	});
});
