/** The fates of signals in the words of the tables, and what is shared by the pages that show them. */
import type { Fate } from "../linux/signal-fate.js";

export function fateWords(fate: Fate): string {
	switch (fate) {
		case "handler":
			return "its handler runs (likely)";
		case "ignored":
			return "ignored";
		case "dropped":
			return "dropped";
		case "awaited":
			return "it waits for it";
		case "held":
			return "held back";
		case "ends":
			return "ends it";
		case "stops":
			return "stops it";
		case "continues":
			return "continues it, if stopped";
		case "nothing":
			return "nothing, as is its default";
	}
}

/** Under the words that the tables use. */
export const explanations: readonly (readonly [Fate, string, string])[] = [
	[
		"dropped",
		"dropped",
		`an init gets no signal that it has no handler for, and from inside not
even KILL and STOP: the kernel throws it away (pid_namespaces(7)).`,
	],
	[
		"handler",
		"likely",
		`only the program knows what its handler does. That of node, for one, puts
the default back and sends the signal again, which then is dropped.`,
	],
	["awaited", "it waits for it", "in sigwait(3), as some inits do. Of those /proc shows nothing, not even a block."],
	[
		"held",
		"held back",
		`blocked. It has an effect when it is unblocked, or when the program waits
for it with sigwait(3) or signalfd(2), which is how inits take signals.`,
	],
];

/** Columns that are as wide as they must be, for pages that are read and not cut. */
export function columns(rows: readonly (readonly string[])[]): string {
	const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
	return rows
		.map((row) => `  ${row.map((cell, column) => cell.padEnd(width(column))).join("   ")}`.trimEnd())
		.join("\n");
}
