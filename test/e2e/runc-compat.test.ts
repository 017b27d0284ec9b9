/** docs/runc-compat.md says what both command lines are. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compatFile, compatPage, runcVersion } from "../../scripts/runc-compat.mjs";
import { needs } from "../support/skip.js";

test("every verb and flag of runc is here, or its reason; and the page tells so", async ({ skip }) => {
	needs(skip, "runc");
	const page = await compatPage();
	const written = readFileSync(compatFile, "utf8");
	// of another release of runc the page is made, which throws where a flag is missing, but not compared
	expect(written.includes(runcVersion()) ? page : written).toBe(written);
});
