/** The forms in which control files tell numbers (Documentation/admin-guide/cgroup-v2.rst, "Format"). Pure. */
import type { Uint64 } from "../../spec/types.js";

/** How a reader of statistics gets at a control file: its text, null when the kernel or the cgroup has it not. */
export type ReadControl = (file: string) => string | null;

/** All that a uint64 can hold: how runc spells "no limit" of cgroup v2. */
export const NO_LIMIT: Uint64 = 2n ** 64n - 1n;

/** A decimal number; exact beyond 2^53, "max" is {@link NO_LIMIT}, a missing file and what is no number 0. */
export function count(text: string | null | undefined): Uint64 {
	const word = (text ?? "0").trim();
	if (word === "max") return NO_LIMIT;
	if (!/^-?\d+$/.test(word)) return 0;
	const number = Number(word);
	return Number.isSafeInteger(number) ? number : BigInt(word);
}

/** Lines of `key value`, as in memory.stat. */
export function flatKeyed(text: string | null): Readonly<Record<string, Uint64>> {
	const values: Record<string, Uint64> = {};
	for (const line of lines(text)) {
		const [key = "", value] = line.split(" ");
		if (value !== undefined) values[key] = count(value);
	}
	return values;
}

/** Lines of `name key=value key=value`, as in io.stat and cpu.pressure. */
export function nestedKeyed(
	text: string | null,
): readonly (readonly [name: string, values: ReadonlyMap<string, string>])[] {
	return lines(text).map((line) => {
		const [name = "", ...pairs] = line.split(" ");
		return [name, new Map(pairs.map((pair) => pair.split("=", 2) as [string, string]))] as const;
	});
}

function lines(text: string | null): readonly string[] {
	return (text ?? "").split("\n").filter((line) => line !== "");
}
