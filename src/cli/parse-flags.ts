/** From the flags that were given to the values that a verb takes. */
import type { GivenFlag } from "./arguments.js";
import type { FlagValues } from "./verb.js";

/** The last of several wins, unless they are collected; `--no-x` says x is off. */
export function parseFlags(given: readonly GivenFlag[]): FlagValues {
	const values: Record<string, unknown> = {};
	for (const { flag, value } of given) {
		const off = flag.name.startsWith("no-");
		const key = camelCase(off ? flag.name.slice("no-".length) : flag.name);
		if (typeof value === "boolean") {
			values[key] = value !== off;
			continue;
		}
		const parsed = flag.parse ? flag.parse(value, flag.name) : value;
		values[key] = flag.repeats ? [...((values[key] as readonly unknown[]) ?? []), parsed] : parsed;
	}
	return values;
}

/** "cpu-share" → "cpuShare". */
export function camelCase(name: string): string {
	return name.replace(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase());
}
