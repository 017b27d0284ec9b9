import { expect, it } from "vitest";
import {
	conformanceDocument,
	conformanceFindings,
	judge,
	notRun,
	parseRemarks,
	parseSections,
	splitTitle,
} from "../../../scripts/checks/conformance.mjs";

const sections = parseSections(
	"# BN Bundle (bundle.md)\n\nBN-01 MUST Read it\nBN-02 MUST NOT Write it\nBN-03 field Be\n",
);
const requirements = (reasons: string, notes = "") => ({
	sections,
	reasons: parseRemarks(reasons),
	notes: parseRemarks(notes),
});
const proof = (title: string, file = "test/conformance/bn.test.ts") => ({ file, title, ids: splitTitle(title).ids });
const rules = (found: readonly { readonly file: string; readonly rule: string }[]) =>
	found.map(({ file, rule }) => `${file}: ${rule}`);

it("requirements are lines below the heading of their section", () => {
	expect(sections).toEqual([
		{
			id: "BN",
			title: "Bundle",
			source: "bundle.md",
			rows: [
				{ id: "BN-01", level: "MUST", text: "Read it" },
				{ id: "BN-02", level: "MUST NOT", text: "Write it" },
				{ id: "BN-03", level: "field", text: "Be" },
			],
		},
	]);
});

it("a remark may be that of several requirements", () => {
	expect([...parseRemarks("Words before.\n\nBN-01 BN-02 Because\nBN-03 For\n")]).toEqual([
		["BN-01", "Because"],
		["BN-02", "Because"],
		["BN-03", "For"],
	]);
});

it("the ids are those at the beginning of the test's own title", () => {
	expect(splitTitle("BN-01 BN-02 it reads")).toEqual({ ids: ["BN-01", "BN-02"], rest: "it reads" });
	expect(splitTitle("a group > BN-01 a > b")).toEqual({ ids: ["BN-01"], rest: "a > b" });
	expect(splitTitle("it reads BN-01").ids).toEqual([]);
});

it("a requirement has a test or a reason, and not both", () => {
	const proofs = [proof("BN-01 reads")];
	expect(conformanceFindings(requirements("BN-02 BN-03 Because"), proofs)).toEqual([]);
	expect(rules(conformanceFindings(requirements("BN-02 Because"), proofs))).toEqual([
		"test/conformance/requirements.txt: BN-03 has neither a test whose title begins with it nor a reason",
	]);
	expect(rules(conformanceFindings(requirements("BN-01 BN-02 BN-03 Because"), proofs))).toEqual([
		"test/conformance/reasons.txt: BN-01 is proved by now",
	]);
});

it("an id that is no requirement is told, and a note without a test", () => {
	const found = conformanceFindings(requirements("BN-02 BN-03 XX-01 Because", "BN-02 Note"), [
		proof("BN-01 BN-09 reads"),
	]);
	expect(rules(found)).toEqual([
		"test/conformance/notes.txt: BN-02 is not proved",
		"test/conformance/reasons.txt: XX-01 is no requirement of test/conformance/requirements.txt",
		"test/conformance/bn.test.ts: BN-09 is no requirement of test/conformance/requirements.txt",
	]);
});

it("a proof that was skipped, failed or not run is none", () => {
	const proofs = ["BN-01 a", "BN-02 b", "BN-03 c"].map((title) => proof(title));
	const file = "test/conformance/bn.test.ts";
	const outcomes = [
		{ file, title: "BN-01 a", status: "passed" },
		{ file, title: "BN-02 b", status: "skipped" },
	];
	expect(notRun(proofs, outcomes)).toEqual([
		'BN-02: "b" of test/conformance/bn.test.ts did not pass',
		'BN-03: "c" of test/conformance/bn.test.ts did not pass',
	]);
});

it("a peer meets a requirement when all of its tests pass; what is skipped says nothing", () => {
	const outcome = (title: string, status: string) => ({ file: "x", title, status });
	expect(
		judge([
			outcome("BN-01 a", "passed"),
			outcome("BN-01 BN-02 b", "failed"),
			outcome("BN-03 c", "passed"),
			outcome("BN-04 d", "skipped"),
		]),
	).toEqual({ passed: ["BN-03"], failed: ["BN-01", "BN-02"] });
});

it("the document has a line for each requirement, with its tests or why there is none", () => {
	const peers = [{ name: "other", version: "1.2", passed: ["BN-01"], failed: [] }];
	const text = conformanceDocument(
		requirements("BN-03 Because", "BN-02 Note"),
		[proof("BN-01 BN-02 reads | [x]")],
		peers,
	);
	const link = "[reads \\| \\[x\\]](../test/conformance/bn.test.ts)";
	expect(text.split("\n").filter((line) => line.startsWith("| BN-"))).toEqual([
		`| BN-01 | MUST | Read it | yes | yes | ${link} |`,
		`| BN-02 | MUST NOT | Write it | yes | – | ${link}<br>Note |`,
		"| BN-03 | field | Be | – | – | Because |",
	]);
	expect(text).toContain("| [BN Bundle](#bn-bundle) | 3 | 2 | 1 | 1 |");
});
