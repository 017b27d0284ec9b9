/** test/e2e/contract/README.md: each test that it names is where it says. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { repository } from "../support/paths.js";

const page = join(repository, "test/e2e/contract/README.md");

it("the contract's page names tests that are there", () => {
	const rows = readFileSync(page, "utf8")
		.split("\n")
		.filter((line) => line.startsWith("| "));
	const named = rows.flatMap((row) =>
		[...row.matchAll(/(?:\| |<br>)\[(.+?)\]\(([^)]+)\)/g)].map(([, title = "", file = ""]) => ({ title, file })),
	);
	expect(named.length).toBeGreaterThan(rows.length);
	const missing = named.filter(({ title, file }) => !readFileSync(join(dirname(page), file), "utf8").includes(title));
	expect(missing).toEqual([]);
});
