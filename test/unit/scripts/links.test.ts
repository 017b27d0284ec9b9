import { expect, it } from "vitest";
import { linkFindings } from "../../../scripts/checks/links.mjs";

const exists = (file: string) => ["docs/errors.md", "src/cli/main.ts"].includes(file);
const check = (text: string) => linkFindings([{ file: "docs/guide.md", text }], exists);

it("a link to a file that is not there is told with its line", () => {
	expect(check("# Guide\n\nSee [this](errors.md) and [that](gone.md).")).toEqual([
		{ file: "docs/guide.md", line: 3, rule: "links to gone.md, which is not there" },
	]);
});

it("links start at their document, may name a section, and may lead out of the repository", () => {
	expect(
		check("[main](../src/cli/main.ts) [usage](errors.md#usage) [here](#here) [spec](https://example.org/x)"),
	).toEqual([]);
});
