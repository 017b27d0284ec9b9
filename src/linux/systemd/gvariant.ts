/** Values in GVariant's text format, as `org.systemd.property.*` annotations have them: "uint64 5", "'text'", "[1, 2]". Pure. */
import { completeTypes, type Value, type Variant } from "./wire.js";

/** The words before a value that give its type. */
const typeWords: Readonly<Record<string, string>> = {
	boolean: "b",
	byte: "y",
	int16: "n",
	uint16: "q",
	int32: "i",
	uint32: "u",
	int64: "x",
	uint64: "t",
	double: "d",
	string: "s",
	objectpath: "o",
	signature: "g",
};

interface Scanner {
	readonly text: string;
	at: number;
}

/** @throws SyntaxError that says where */
export function parseVariant(text: string): Variant {
	const scanner = { text, at: 0 };
	const parsed = parseValue(scanner, "");
	skipSpace(scanner);
	if (scanner.at < text.length) throw wrong(scanner, "the end is expected");
	return parsed;
}

/** @param wanted its type, when that is known already, else "" */
function parseValue(scanner: Scanner, wanted: string): Variant {
	skipSpace(scanner);
	const first = scanner.text[scanner.at] ?? "";
	if (first === "@") return parseValue(scanner, match(scanner, /@(\S+)/y)?.[1] ?? "");
	if (first === "'" || first === '"')
		return { signature: "sog".includes(wanted) && wanted ? wanted : "s", value: parseText(scanner) };
	if (first === "[") return parseArray(scanner, wanted);
	if (first === "(") return parseStruct(scanner, wanted);
	const number = match(scanner, /[-+]?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)/y)?.[0];
	if (number !== undefined) return numberOf(scanner, number, wanted);
	const [word = ""] = match(scanner, /[a-z]\w*/y) ?? [];
	if (word === "true" || word === "false") return { signature: "b", value: word === "true" };
	const type = typeWords[word];
	if (type === undefined) throw wrong(scanner, "a value is expected");
	return parseValue(scanner, type);
}

function numberOf(scanner: Scanner, text: string, wanted: string): Variant {
	const isWhole = /^[-+]?(0[xX]|\d+$)/.test(text);
	const signature = wanted || (isWhole ? "i" : "d");
	if (signature === "d") return { signature, value: Number(text) };
	if (!isWhole || !"ynqiuxt".includes(signature)) throw wrong(scanner, `a value of type "${signature}" is expected`);
	const amount = BigInt(text.replace(/^[-+]/, ""));
	return { signature, value: text.startsWith("-") ? -amount : amount };
}

function parseText(scanner: Scanner): string {
	const [, single, double] = match(scanner, /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/y) ?? [];
	const text = single ?? double;
	if (text === undefined) throw wrong(scanner, "the text has no end");
	const escapes: Readonly<Record<string, string>> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };
	return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, code: string | undefined, letter: string) =>
		code === undefined ? (escapes[letter] ?? letter) : String.fromCharCode(Number.parseInt(code, 16)),
	);
}

/** The first element gives the type; an empty array needs it before: "@as []". */
function parseArray(scanner: Scanner, wanted: string): Variant {
	let element = wanted.startsWith("a") ? wanted.slice(1) : "";
	const value: Value[] = [];
	forEach(scanner, "]", () => {
		const parsed = parseValue(scanner, element);
		element ||= parsed.signature;
		if (parsed.signature !== element) throw wrong(scanner, `an element of type "${element}" is expected`);
		value.push(parsed.value);
	});
	if (element === "") throw wrong(scanner, "an empty array needs a type before it, such as @as");
	return { signature: `a${element}`, value };
}

function parseStruct(scanner: Scanner, wanted: string): Variant {
	const types = wanted.startsWith("(") ? completeTypes(wanted.slice(1, -1)) : [];
	const parts: Variant[] = [];
	forEach(scanner, ")", () => parts.push(parseValue(scanner, types[parts.length] ?? "")));
	return { signature: `(${parts.map(({ signature }) => signature).join("")})`, value: parts.map(({ value }) => value) };
}

/** What stands between brackets, with commas between; one before the end is fine. */
function forEach(scanner: Scanner, end: string, take: () => void): void {
	scanner.at++;
	for (;;) {
		skipSpace(scanner);
		if (scanner.text[scanner.at] === end) break;
		take();
		skipSpace(scanner);
		if (scanner.text[scanner.at] === end) break;
		if (scanner.text[scanner.at] !== ",") throw wrong(scanner, `"," or "${end}" is expected`);
		scanner.at++;
	}
	scanner.at++;
}

function skipSpace(scanner: Scanner): void {
	match(scanner, /\s+/y);
}

function match(scanner: Scanner, pattern: RegExp): RegExpExecArray | null {
	pattern.lastIndex = scanner.at;
	const found = pattern.exec(scanner.text);
	if (found) scanner.at = pattern.lastIndex;
	return found;
}

function wrong({ at }: Scanner, what: string): SyntaxError {
	return new SyntaxError(`${what} at character ${at + 1}`);
}
