import { describe, expect, it } from "vitest";
import { parseDuration } from "../../../src/cli/duration.js";

describe("parseDuration", () => {
	it.each([
		["5s", 5000],
		["1m30s", 90_000],
		["250ms", 250],
		["1.5h", 5_400_000],
		[".5s", 500],
		["2000us", 2],
		["3000000ns", 3],
		["-2s", -2000],
		["0", 0],
	])("of %s is %d milliseconds", (text, expected) => {
		expect(parseDuration(text, "interval")).toBeCloseTo(expected);
	});

	it.each(["", "5", "s", "5 s", "5x", "1s5", "--1s"])("refuses %o", (text) => {
		expect(() => parseDuration(text, "interval")).toThrow(`invalid value "${text}" for flag -interval: parse error`);
	});
});
