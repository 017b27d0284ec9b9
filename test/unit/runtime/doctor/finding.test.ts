import { expect, it } from "vitest";
import { examine, limited, missing, needed, works } from "../../../../src/runtime/doctor/finding.js";

it("examine collects what the checks find, and a check that fails does not hide the others", () => {
	const broken = () => {
		throw new Error("no such luck");
	};
	expect(
		examine([{ title: "a", checks: [() => works("x"), broken, () => [missing("y", "gone", "find it")]] }]),
	).toEqual([
		{
			title: "a",
			findings: [
				{ name: "x", verdict: "works", detail: "" },
				{ name: "look", verdict: "limited", detail: "something could not be looked at: no such luck" },
				{ name: "y", verdict: "missing", detail: "gone", cure: "find it" },
			],
		},
	]);
});

it("a cure is left out where there is none", () => {
	expect(limited("x", "half")).toEqual({ name: "x", verdict: "limited", detail: "half" });
	expect(needed(missing("x", "gone")).needed).toBe(true);
});
