/**
 * The grammar of the command line, which is that of Go's flag package: one dash or two, `--flag value` or
 * `--flag=value`, `--switch=false`; flags before or after operands; `--` ends them.
 */
import { invalidValue, unknownFlag, usageError } from "./usage-error.js";
import type { Flag } from "./verb.js";

/** A flag with its value's text; a switch is on or off, and so is a flag whose value may be left out. */
export interface GivenFlag {
	readonly flag: Flag;
	readonly value: string | boolean;
}

/** Tells every flag to `give`, in order, and returns the operands. Where flags share a name, the first one counts. */
export function scanArguments(
	words: readonly string[],
	flags: readonly Flag[],
	flagsEndAtOperand: boolean,
	give: (given: GivenFlag) => void,
): string[] {
	const operands: string[] = [];
	for (let index = 0; index < words.length; index++) {
		const word = words[index] as string;
		if (word === "--") return [...operands, ...words.slice(index + 1)];
		if (!word.startsWith("-") || word === "-") {
			if (flagsEndAtOperand) return words.slice(index);
			operands.push(word);
			continue;
		}
		const { name, text } = splitFlag(word);
		const flag = flags.find((each) => each.name === name || each.short === name);
		if (flag === undefined) throw unknownFlag(name, visibleNames(flags));
		if (text === undefined && takesNextWord(flag)) {
			const next = words[++index];
			if (next === undefined) throw usageError(`flag needs an argument: -${name}`, `-${name}`);
			give({ flag, value: next });
		} else {
			give({ flag, value: flag.value === undefined ? switchValue(text, name) : (text ?? true) });
		}
	}
	return operands;
}

function splitFlag(word: string): { name: string; text: string | undefined } {
	const dashes = word.startsWith("--") ? 2 : 1;
	const equals = word.indexOf("=", dashes);
	const name = word.slice(dashes, equals < 0 ? undefined : equals);
	if (name === "" || name.startsWith("-")) throw usageError(`bad flag syntax: ${word}`, word);
	return { name, text: equals < 0 ? undefined : word.slice(equals + 1) };
}

function takesNextWord(flag: Flag): boolean {
	return flag.value !== undefined && flag.valueOptional !== true;
}

function switchValue(text: string | undefined, name: string): boolean {
	const value = parseBoolean(text ?? "true");
	if (value === undefined) {
		throw usageError(`invalid boolean value ${JSON.stringify(text)} for -${name}: parse error`, `-${name}`);
	}
	return value;
}

/** The spellings of Go's strconv.ParseBool. */
export function parseBoolean(text: string): boolean | undefined {
	if (/^(?:1|t|T|true|TRUE|True)$/.test(text)) return true;
	return /^(?:0|f|F|false|FALSE|False)$/.test(text) ? false : undefined;
}

/** A {@link Flag.parse} for numbers of descriptors and ids: a whole number from 0 to 2^32-1. */
export function parseWholeNumber(value: string, flag: string): number {
	const number = /^[0-9]+$/.test(value) ? Number(value) : Number.NaN;
	if (!(number < 2 ** 32)) throw invalidValue(value, flag, "parse error");
	return number;
}

function visibleNames(flags: readonly Flag[]): string[] {
	return flags.filter((flag) => flag.hidden !== true).map((flag) => flag.name);
}
