import { describe, expect, test } from "vitest";
import { parseJson } from "../../../src/spec/json.js";
import { parseExactly } from "../../../src/spec/json-exact.js";
import { thrownBy } from "./support.js";

const parse = (text: string) => parseJson(text, "config.json");
const messageOf = (text: string) => thrownBy(() => parse(text)).message;
const hintOf = (text: string) => thrownBy(() => parse(text)).details.hint;

describe("integers", () => {
	test("2^64 - 1, which stands for no limit, survives", () => {
		expect(parse('{"soft":18446744073709551615}')).toEqual({ soft: 18446744073709551615n });
	});

	test("the limits of int64 survive", () => {
		expect(parse("[9223372036854775807, -9223372036854775808]")).toEqual([9223372036854775807n, -9223372036854775808n]);
	});

	test("the greatest exact double is a number, the next integer a bigint", () => {
		expect(parse("[9007199254740991, 9007199254740992]")).toEqual([9007199254740991, 9007199254740992n]);
	});

	test("one big integer leaves the others numbers", () => {
		expect(parse('{"a":1,"b":[2,{"c":36028797018963969}]}')).toEqual({ a: 1, b: [2, { c: 36028797018963969n }] });
	});

	test("fractions and exponents are doubles", () => {
		expect(parse("[1.5, 1e3, -2E-2, 1e19]")).toEqual([1.5, 1000, -0.02, 1e19]);
	});
});

describe("duplicate members", () => {
	test("are refused where the second one stands", () => {
		expect(messageOf('{"args":["a"],\n "args":["b"]}')).toBe(
			'config.json: line 2, column 2: member "args" stands twice in one object',
		);
	});

	test.each([
		'{"a":{"b":1,"b":1}}',
		'[{"a":1},{"b":[{"c":1,"c":2}]}]',
		'{"a" :1,"a":2}',
		'{"x":"a\\":","a" :1,"a":2}',
		'{"\\u0061":1,"a":2}',
		'{"__proto__":1,"__proto__":2}',
	])("are seen in %s", (text) => {
		expect(messageOf(text)).toContain("stands twice in one object");
	});

	test.each(['{"a":{"x":1},"b":{"x":1}}', '{"a":"\\"a\\":1"}', '{"a" : "b :c"}', '{"a":["\\":", "x"]}'])(
		"are not seen in %s",
		(text) => {
			expect(parse(text)).toEqual(JSON.parse(text));
		},
	);
});

describe("errors of syntax", () => {
	test.each([
		['{"a":1,}', 'config.json: line 1, column 8: expected a member name in double quotes; found "}"'],
		['{\n\t"a": [1,\n\t\t2 3]\n}', 'config.json: line 3, column 5: expected "," or "]"; found "3"'],
		['{"a" 1}', 'config.json: line 1, column 6: expected ":"; found "1"'],
		['{"a":1 "b":2}', 'config.json: line 1, column 8: expected "," or "}"; found "\\""'],
		['{"a":-1e999}', "config.json: line 1, column 6: number -1e999 is too large"],
		["{} x", 'config.json: line 1, column 4: expected the end of the text; found "x"'],
		["", "config.json: line 1, column 1: unexpected EOF: expected a value"],
		['{"a":', "config.json: line 1, column 6: unexpected EOF: expected a value"],
		['{"a', "config.json: line 1, column 4: unexpected EOF: expected the end of a string"],
		['["a\nb"]', "config.json: line 1, column 4: a string goes over the end of the line, or has a control character"],
		['["\\x"]', "config.json: line 1, column 3: no escape sequence of JSON"],
		["[01]", 'config.json: line 1, column 2: expected a value; found "0"'],
		["[NaN]", 'config.json: line 1, column 2: expected a value; found "N"'],
		["[.5]", 'config.json: line 1, column 2: expected a value; found "."'],
		["\uFEFF{}", "config.json: line 1, column 1: begins with a UTF-8 byte order mark"],
	])("%j is told with line and column", (text, message) => {
		expect(messageOf(text)).toBe(message);
	});

	test("have their own error id", () => {
		expect(thrownBy(() => parse("{")).id).toBe("config-syntax");
	});

	test.each([
		["[1,]", "remove the comma before it"],
		["{} // no", "JSON has no comments"],
		["{'a':1}", "JSON has double quotes only"],
		["\uFEFF{}", "save the file as UTF-8 without BOM"],
	])("the likely mistake in %j is named", (text, hint) => {
		expect(hintOf(text)).toBe(hint);
	});
});

describe("depth", () => {
	const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

	test("hundreds of levels are legal", () => {
		expect(JSON.stringify(parse(nested(200)))).toBe(nested(200));
	});

	test("thousands are an error, not an overflow of the stack", () => {
		expect(messageOf(nested(5000))).toContain("nested deeper than 256 levels");
	});
});

test("__proto__ is a member like others", () => {
	const value = parseExactly('{"__proto__":{"polluted":1}}', "x") as object;
	expect(Object.keys(value)).toEqual(["__proto__"]);
	expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
});

test("the exact parser and the engine's agree on every text made by changing one character of another", () => {
	const text = '{"a":[1,-2.5e3,true,null,"\\u00e9\\n\\"x"],"b":{"c":"é"}}';
	const inserted = ["", '"', "{", "}", "[", "]", ",", ":", "\\", "0", "-", ".", "e", "t", " ", "\n", "\t", "\u0001"];
	for (let at = 0; at < text.length; at++)
		for (const character of inserted) {
			const changed = text.slice(0, at) + character + text.slice(at + 1);
			expect(
				outcome(() => parseExactly(changed, "x")),
				changed,
			).toEqual(outcome(() => JSON.parse(changed)));
		}
});

function outcome(parse: () => unknown): unknown {
	try {
		return parse();
	} catch {
		return "refused";
	}
}
