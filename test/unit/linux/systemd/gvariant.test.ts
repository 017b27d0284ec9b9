import { describe, expect, it } from "vitest";
import { parseVariant } from "../../../../src/linux/systemd/gvariant.js";

describe("parseVariant", () => {
	for (const [text, signature, value] of [
		["true", "b", true],
		["boolean false", "b", false],
		["5", "i", 5n],
		["-0x10", "i", -16n],
		["uint64 123456789", "t", 123456789n],
		["@t 5", "t", 5n],
		["byte 255", "y", 255n],
		["double 2", "d", 2],
		["1.5e3", "d", 1500],
		["'inactive-or-failed'", "s", "inactive-or-failed"],
		[`"it's\\n\\u00e4"`, "s", "it's\nä"],
		["objectpath '/a/b'", "o", "/a/b"],
		["['a', 'b',]", "as", ["a", "b"]],
		["@as []", "as", []],
		["[uint32 1, 2]", "au", [1n, 2n]],
		["@a(st) [('/dev/sda', 5)]", "a(st)", [["/dev/sda", 5n]]],
		[" ( 'x' , true ) ", "(sb)", ["x", true]],
	] as const) {
		it(`reads ${text}`, () => {
			expect(parseVariant(text)).toEqual({ signature, value });
		});
	}

	for (const [text, why] of [
		["", "a value is expected at character 1"],
		["maybe", "a value is expected"],
		["5 6", "the end is expected at character 3"],
		["'open", "the text has no end"],
		["[]", "an empty array needs a type before it"],
		["[1, 'a']", 'an element of type "i" is expected'],
		["[1 2]", '"," or "]" is expected'],
		["uint32 1.5", 'a value of type "u" is expected'],
		["(1", '"," or ")" is expected'],
	] as const) {
		it(`refuses ${JSON.stringify(text)}`, () => {
			expect(() => parseVariant(text)).toThrow(why);
		});
	}
});
