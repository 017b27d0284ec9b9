import { describe, expect, test } from "vitest";
import { describe as describeValue, memberPath, sectionOf } from "../../../src/spec/issue.js";

test.each([
	["type", ".type"],
	[3, "[3]"],
	["org.example", '["org.example"]'],
	["", '[""]'],
	["0", '["0"]'],
])("the step %j of a path is written %s", (step, written) => {
	expect(memberPath(step)).toBe(written);
});

describe("a value in a message", () => {
	test.each([
		["x", '"x"'],
		["a\nb", '"a\\nb"'],
		[1.5, "1.5"],
		[18446744073709551615n, "18446744073709551615"],
		[null, "null"],
		[[1], "an array"],
		[{ a: 1 }, "an object"],
	])("%o is %s", (value, words) => {
		expect(describeValue(value)).toBe(words);
	});

	test("a long string is cut", () => {
		expect(describeValue("x".repeat(1000))).toBe(`"${"x".repeat(64)}…"`);
	});
});

test.each([
	["$.ociVersion", "config.md#specification-version"],
	["$.process.cwd", "config.md#process"],
	["$.process.user.uid", "config.md#user"],
	["$.linux.resources.memory.limit", "config-linux.md#memory"],
	["$.linux.resources.x", "config-linux.md#control-groups"],
	["$.linux.personality", "config-linux.md#personality"],
	["$", "config.md"],
])("%s is described in %s", (path, section) => {
	expect(sectionOf(path)).toBe(section);
});
