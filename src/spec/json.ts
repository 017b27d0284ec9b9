/**
 * JSON as a configuration needs it: 64-bit integers survive, a member that stands twice is an error, and errors tell the line.
 * The engine's own parser does the work; where its result is not proven to be the whole truth, json-exact.ts does it again.
 */
import { parseExactly } from "./json-exact.js";

/**
 * The value of a JSON text. Integers beyond ±(2^53 - 1) are bigints.
 *
 * @param source what the text is, for messages: "config.json"
 * @throws TsrunError config-syntax with line and column (glossary.md#json, RFC 8259)
 */
export function parseJson(text: string, source: string): unknown {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return parseExactly(text, source);
	}
	return countMembers(value, 0) === countColonsAfterQuotes(text) ? value : parseExactly(text, source);
}

/**
 * A name that stands twice leaves one member in the value but two `":` in the text. What else makes the numbers
 * differ (such a sequence inside a string, a blank before a colon) only costs the second look.
 */
function countColonsAfterQuotes(text: string): number {
	let count = 0;
	for (let at = text.indexOf(":"); at !== -1; at = text.indexOf(":", at + 1)) {
		const before = text.charCodeAt(at - 1);
		if (before === quote) count++;
		else if (before <= space) return Number.NaN;
	}
	return count;
}

const quote = 0x22;
const space = 0x20;
const deepest = 64;
const largest = 2 ** 53 - 1;

/** NaN where an integer may have been rounded, and below the depth that a configuration has. */
function countMembers(value: unknown, depth: number): number {
	if (typeof value === "number") return value > largest || value < -largest ? Number.NaN : 0;
	if (typeof value !== "object" || value === null) return 0;
	if (depth > deepest) return Number.NaN;
	return Array.isArray(value) ? countInList(value, depth) : countInObject(value as Record<string, unknown>, depth);
}

function countInObject(value: Record<string, unknown>, depth: number): number {
	let count = 0;
	for (const key in value) {
		const member = value[key];
		count++;
		if (typeof member !== "string") count += countMembers(member, depth + 1);
	}
	return count;
}

/** Lists of names are most of a seccomp profile; the specification has no list of mixed kinds, so they need no look inside. */
function countInList(list: readonly unknown[], depth: number): number {
	if (typeof list[0] === "string") return 0;
	let count = 0;
	for (let index = 0; index < list.length; index++) count += countMembers(list[index], depth + 1);
	return count;
}

/** JSON text with 64-bit integers written out in full: what {@link parseJson} reads back. */
export function exactJson(value: unknown): string {
	// NUL cannot be in a string that parseJson's callers accept, so the mark cannot be in one either
	const mark = "\0bigint:";
	const text = JSON.stringify(value, (_name, each) => (typeof each === "bigint" ? `${mark}${each}` : each));
	return text.replace(/"\\u0000bigint:(-?\d+)"/g, "$1");
}
