/** What a verb's file declares: its flags, its operands, its help, and the function that does it. */
import type { Host } from "../runtime/host.js";

/** A flag of the command line, global or a verb's. */
export interface Flag {
	/** Without dashes: "bundle". */
	readonly name: string;
	readonly short?: string;
	/** What its value is, for the help: "path". A flag without a value is a switch. */
	readonly value?: string;
	/** The value may be left out; it is then given only as `--flag=value`. */
	readonly valueOptional?: true;
	/** May be given several times; the values are collected. */
	readonly repeats?: true;
	/** Turns the value's text into what the verb wants, or throws through {@link invalidValue}. */
	readonly parse?: (value: string, flag: string) => unknown;
	/** Accepted for other runtimes' sake, absent from the help. */
	readonly hidden?: true;
	readonly help: string;
}

/** The flags that were given, by name in camelCase: `{bundle: "/b", pivot: false}` for `--bundle /b --no-pivot`. */
export type FlagValues = Readonly<Record<string, unknown>>;

export interface Verb<Values = FlagValues> {
	/** What follows the verb on the help's usage line. */
	readonly usage: string;
	/** The help's description: paragraphs, lines of at most 80 columns. */
	readonly description: string;
	readonly flags: readonly Flag[];
	/** How many operands it takes. */
	readonly operands: { readonly least: number; readonly most: number };
	/** Everything after the first operand belongs to the program that the verb starts. */
	readonly flagsEndAtOperand?: true;
	/**
	 * What it does to the cgroup that may be a unit of systemd: makes one when --systemd-cgroup says so; changes or ends
	 * that of its first operand, or those of containers that are yet to be found; joins it, for which a user needs systemd.
	 */
	readonly unit?: "makes" | "changes" | "changes several" | "joins";
	/** What a failure of the verb itself begins with: "tsrun create failed". */
	readonly failurePrefix?: (program: string) => string;
	/** Exit status of a failure, 1 unless told. */
	readonly failureStatus?: number;
	/** Does it; the result is the exit status. */
	run(host: Host, operands: readonly string[], flags: Values): number;
}
