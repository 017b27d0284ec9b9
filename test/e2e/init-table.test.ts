/**
 * docs/init.md tells how the built-in init, Debian's tini, dumb-init and catatonit, and no init at all behave. Each cell of
 * that table is a test. WRITE_TABLE=1 writes what is found into the document.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect } from "vitest";
import { test } from "../support/e2e.js";
import { inits, questions } from "../support/init-behaviours.js";
import { repository } from "../support/paths.js";
import { needs } from "../support/skip.js";

const document = join(repository, "docs/init.md");
const begin = "<!-- table: test/e2e/init-table.test.ts -->\n\n";
const writes = process.env.WRITE_TABLE === "1";
const found: Record<string, Record<string, string>> = {};

describe.each(Object.entries(questions))("%s", (question, ask) => {
	test.for(Object.entries(inits))(
		"%s",
		{ timeout: 120_000 },
		async ([name, init], { runtime, makeBundle, newId, skip }) => {
			needs(skip, "tsrun", ...init.needs);
			const answer = await ask({ runtime, makeBundle, newId }, init);
			if (writes) found[question] = { ...found[question], [name]: answer };
			else expect(answer).toBe(documented(question, name));
		},
	);
});

function documented(question: string, name: string): string | undefined {
	const [header = [], ...rows] = tableLines();
	return rows.find(([first]) => first === question)?.[header.indexOf(name)];
}

function tableLines(): string[][] {
	const table = readFileSync(document, "utf8").split(begin)[1]?.split("\n\n")[0] ?? "";
	const cells = (line: string) => line.split("|").slice(1, -1);
	return table.split("\n").map((line) => cells(line).map((cell) => cell.trim().replace(/^`(.*)`$/, "$1")));
}

afterAll(() => {
	if (!writes) return;
	const columns = Object.keys(inits);
	const rows = Object.keys(questions).map((question) => [
		question,
		...columns.map((name) => found[question]?.[name] ?? ""),
	]);
	const lines = [["", ...columns], ["", ...columns].map(() => "---"), ...rows].map(
		(cells) => `| ${cells.join(" | ")} |`,
	);
	const [before = "", after = ""] = readFileSync(document, "utf8").split(begin);
	writeFileSync(document, before + begin + lines.join("\n") + after.slice(after.indexOf("\n\n")));
});
