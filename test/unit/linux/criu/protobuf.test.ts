import { describe, expect, it } from "vitest";
import { readFields, writeFields } from "../../../../src/linux/criu/protobuf.js";

const hex = (bytes: ArrayBuffer) => Buffer.from(bytes).toString("hex");
const bytes = (text: string) => Uint8Array.from(Buffer.from(text, "hex")).buffer;

describe("fields are written as the format says", () => {
	// the examples of the format's own documentation
	it("a number as a varint", () => {
		expect(hex(writeFields([[1, 150]]))).toBe("089601");
	});

	it("text as its length and its bytes", () => {
		expect(hex(writeFields([[2, "testing"]]))).toBe("120774657374696e67");
	});

	it("a message in a message likewise", () => {
		expect(hex(writeFields([[3, writeFields([[1, 150]])]]))).toBe("1a03089601");
	});

	it("a negative number in ten bytes", () => {
		expect(hex(writeFields([[1, -1]]))).toBe("08ffffffffffffffffff01");
	});

	it("text beyond ASCII in UTF-8", () => {
		expect(hex(writeFields([[1, "é"]]))).toBe("0a02c3a9");
	});

	it("a list as the field again and again, and nothing for what is undefined", () => {
		expect(
			hex(
				writeFields([
					[37, ["a", "b"]],
					[4, undefined],
					[5, []],
				]),
			),
		).toBe("aa020161aa020162");
	});

	it("a switch as 0 or 1", () => {
		expect(
			hex(
				writeFields([
					[1, true],
					[2, false],
				]),
			),
		).toBe("08011000");
	});
});

describe("fields are read", () => {
	it("whatever their types, in any order, and the last one counts", () => {
		const fields = readFields(bytes("12016108960108012d00000000310000000000000000"));
		expect([...fields.keys()].sort()).toEqual([1, 2]);
		expect(fields.get(1)).toBe(1);
		expect(hex(fields.get(2) as ArrayBuffer)).toBe("61");
	});

	it("as they were written", () => {
		for (const value of [0, 1, 127, 128, 300, 2 ** 31, 2 ** 40, -1, -95]) {
			expect(readFields(writeFields([[7, value]])).get(7)).toBe(value);
		}
	});

	it.each([
		["a text that is cut off", "120561"],
		["a number that never ends", `08${"ff".repeat(11)}`],
		["a type that there is not", "0b"],
		["a message that ends after a key", "08"],
	])("not out of %s", (_what, text) => {
		expect(() => readFields(bytes(text))).toThrow(RangeError);
	});
});
