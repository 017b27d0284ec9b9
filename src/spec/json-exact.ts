/** A JSON parser (RFC 8259) that loses nothing and explains itself: big integers, duplicate members, line and column. */
import { TsrunError } from "../sys/errors.js";

const deepest = 256;

/** As `parseJson`, for any text; slower than the engine's parser. */
export function parseExactly(text: string, source: string): unknown {
	let at = 0;

	function fail(what: string, hint?: string): never {
		throw syntaxError(text, at, source, what, hint);
	}

	function failExpecting(expected: string): never {
		if (at >= text.length) fail(`unexpected EOF: expected ${expected}`);
		const found = String.fromCodePoint(text.codePointAt(at) ?? 0);
		fail(`expected ${expected}; found ${JSON.stringify(found)}`, mistake(text, at));
	}

	function skipBlanks(): void {
		while (" \t\n\r".includes(text.charAt(at)) && at < text.length) at++;
	}

	function accept(character: string): boolean {
		skipBlanks();
		if (text.charAt(at) !== character) return false;
		at++;
		return true;
	}

	function value(depth: number): unknown {
		skipBlanks();
		if (depth > deepest) fail(`nested deeper than ${deepest} levels`);
		switch (text.charAt(at)) {
			case "{":
				return object(depth);
			case "[":
				return array(depth);
			case '"':
				return string();
			default:
				return word();
		}
	}

	function object(depth: number): Record<string, unknown> {
		const members: Record<string, unknown> = {};
		at++;
		if (accept("}")) return members;
		do {
			skipBlanks();
			const start = at;
			if (text.charAt(at) !== '"') failExpecting("a member name in double quotes");
			const name = string();
			if (Object.hasOwn(members, name)) {
				at = start;
				fail(`member ${JSON.stringify(name)} stands twice in one object`);
			}
			if (!accept(":")) failExpecting('":"');
			setMember(members, name, value(depth + 1));
		} while (accept(","));
		if (!accept("}")) failExpecting('"," or "}"');
		return members;
	}

	function array(depth: number): unknown[] {
		const items: unknown[] = [];
		at++;
		if (accept("]")) return items;
		do items.push(value(depth + 1));
		while (accept(","));
		if (!accept("]")) failExpecting('"," or "]"');
		return items;
	}

	function string(): string {
		const start = at++;
		for (; text.charAt(at) !== '"'; at++) {
			if (at >= text.length) failExpecting("the end of a string");
			if (text.charAt(at) < " ")
				fail("a string goes over the end of the line, or has a control character", "write \\n or \\u00XX");
			if (text.charAt(at) === "\\") stepOverEscape();
		}
		at++;
		return JSON.parse(text.slice(start, at)) as string;
	}

	/** Steps onto the last character of an escape sequence; decoding is JSON.parse's. */
	function stepOverEscape(): void {
		const sequence = /^\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})/.exec(text.slice(at, at + 6));
		if (sequence === null) fail("no escape sequence of JSON", 'a backslash itself is written as "\\\\"');
		at += sequence[0].length - 1;
	}

	/** true, false, null or a number. */
	function word(): unknown {
		const token = /^[-+.\w]*/.exec(text.slice(at, at + 4096))?.[0] ?? "";
		if (token === "null") return skip(token, null);
		if (token === "true" || token === "false") return skip(token, token === "true");
		if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(token)) failExpecting("a value");
		const number = exactNumber(token);
		// written out again it would be null
		if (typeof number === "number" && !Number.isFinite(number)) fail(`number ${token} is too large`);
		return skip(token, number);
	}

	function skip<T>(token: string, result: T): T {
		at += token.length;
		return result;
	}

	if (text.startsWith("\uFEFF")) fail("begins with a UTF-8 byte order mark", "save the file as UTF-8 without BOM");
	const result = value(0);
	skipBlanks();
	if (at < text.length) failExpecting("the end of the text");
	return result;
}

/** A double where it is exact, a bigint for an integer where it is not. */
function exactNumber(token: string): number | bigint {
	const number = Number(token);
	return Math.abs(number) > Number.MAX_SAFE_INTEGER && /^-?\d+$/.test(token) ? BigInt(token) : number;
}

/** An assignment to __proto__ would change the object's prototype instead. */
function setMember(members: Record<string, unknown>, name: string, value: unknown): void {
	if (name === "__proto__")
		Object.defineProperty(members, name, { value, enumerable: true, configurable: true, writable: true });
	else members[name] = value;
}

/** Line and column count from 1; a column is a UTF-16 unit. */
function syntaxError(text: string, at: number, source: string, what: string, hint: string | undefined): TsrunError {
	const before = text.slice(0, at).split("\n");
	const column = (before.at(-1)?.length ?? 0) + 1;
	const message = `${source}: line ${before.length}, column ${column}: ${what}`;
	return new TsrunError("config-syntax", message, { object: source, ...(hint === undefined ? {} : { hint }) });
}

/** What was probably meant, for what people and their editors leave in JSON files. */
function mistake(text: string, at: number): string | undefined {
	const found = text.charAt(at);
	if ("}]".includes(found) && text.slice(0, at).trimEnd().endsWith(",")) return "remove the comma before it";
	if (found === "/" || found === "#") return "JSON has no comments";
	if (found === "'") return "JSON has double quotes only";
	return undefined;
}
