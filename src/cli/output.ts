/** What goes to stdout and stderr: every byte of it, or nothing more once the reader has gone. */
import { POLLOUT } from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { attempt, hasCode } from "../sys/errors.js";
import { sys } from "../sys/index.js";
import { utf8Bytes } from "../sys/utf8.js";

/** Writes the whole text through short writes and full pipes; a reader that has gone (EPIPE) is no error. */
export function writeText(fd: Fd, text: string): void {
	let data: string | ArrayBuffer = text;
	let left = utf8Length(text);
	while (left > 0) {
		const written = writeSome(fd, data);
		if (written === "nobody reads") return;
		left -= written;
		if (left > 0 && written > 0) data = (typeof data === "string" ? utf8Bytes(data) : data).slice(written);
	}
}

/** What a command was asked for. */
export function printText(text: string): void {
	attempt("file-failed", "write /dev/stdout", () => writeText(1, text), { object: "/dev/stdout" });
}

function writeSome(fd: Fd, data: string | ArrayBuffer): number | "nobody reads" {
	try {
		return sys.write(fd, data);
	} catch (error) {
		if (hasCode(error, "EPIPE")) return "nobody reads";
		if (!hasCode(error, "EAGAIN")) throw error;
		// the caller's pipe is non-blocking and full
		sys.poll([{ fd, events: POLLOUT }], -1);
		return 0;
	}
}

function utf8Length(text: string): number {
	if (/^[\t-~]*$/.test(text)) return text.length;
	let length = 0;
	for (const character of text) {
		const code = character.codePointAt(0) as number;
		length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	}
	return length;
}

/**
 * Columns as wide as their widest cell and three spaces, at least 12; the last one is left as it is. The
 * table that scripts cut from `runc list` (Go's text/tabwriter with minwidth 12, padding 3).
 */
export function formatTable(rows: readonly (readonly string[])[]): string {
	const widths: number[] = [];
	for (const row of rows) {
		for (const [column, cell] of row.entries()) {
			widths[column] = Math.max(widths[column] ?? 12, characters(cell) + 3);
		}
	}
	return rows.map((row) => `${row.map((cell, column) => pad(cell, column, row, widths)).join("")}\n`).join("");
}

function pad(cell: string, column: number, row: readonly string[], widths: readonly number[]): string {
	if (column === row.length - 1) return cell;
	return cell + " ".repeat((widths[column] ?? 0) - characters(cell));
}

function characters(text: string): number {
	return [...text].length;
}

const unsafeInHtml: Readonly<Record<string, string>> = {
	"<": "\\u003c",
	">": "\\u003e",
	"&": "\\u0026",
	"\u2028": "\\u2028",
	"\u2029": "\\u2029",
};

/** JSON as Go's encoding/json writes it, ended by a newline; `indent` is one level of it, "" puts all on one line. */
export function formatJson(value: unknown, indent: string): string {
	const text = JSON.stringify(value, undefined, indent);
	return `${text.replace(/[<>&\u2028\u2029]/g, (character) => unsafeInHtml[character] ?? character)}\n`;
}
