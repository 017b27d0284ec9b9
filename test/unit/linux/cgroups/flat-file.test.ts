import { describe, expect, it } from "vitest";
import { count, flatKeyed, NO_LIMIT, nestedKeyed } from "../../../../src/linux/cgroups/flat-file.js";

describe("count", () => {
	it.each([
		["12\n", 12],
		["max\n", NO_LIMIT],
		["9223372036854771712\n", 9223372036854771712n],
		["-1", -1],
		[null, 0],
		[undefined, 0],
		["nonsense", 0],
	])("of %o is %o", (text, expected) => {
		expect(count(text)).toBe(expected);
	});
});

it("flatKeyed reads lines of key and value, exactly", () => {
	expect(flatKeyed("cache 4096\nhierarchical_memory_limit 9223372036854771712\nalone\n")).toEqual({
		cache: 4096,
		hierarchical_memory_limit: 9223372036854771712n,
	});
	expect(flatKeyed(null)).toEqual({});
});

it("nestedKeyed reads lines of a name and pairs", () => {
	const [[device, values] = ["", new Map()], ...rest] = nestedKeyed("8:0 rbytes=1 wios=2\n");
	expect([device, [...values], rest]).toEqual([
		"8:0",
		[
			["rbytes", "1"],
			["wios", "2"],
		],
		[],
	]);
	expect(nestedKeyed("")).toEqual([]);
});

it("what is no number counts 0", () => {
	expect(["", "1.5", "12x", "44.51615"].map(count)).toEqual([0, 0, 0, 0]);
});
