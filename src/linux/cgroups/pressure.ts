/** cpu.pressure, memory.pressure and io.pressure of the unified hierarchy (Documentation/accounting/psi.rst). */
import { count, nestedKeyed, type ReadControl } from "./flat-file.js";
import type { Pressure, PressureLine } from "./stats-types.js";

const nothing: PressureLine = { avg10: 0, avg60: 0, avg300: 0, total: 0 };

/** undefined where the kernel does not tell. Before Linux 5.13 the CPU has no line `full`. */
export function readPressure(read: ReadControl, resource: "cpu" | "memory" | "io"): Pressure | undefined {
	const lines = new Map(nestedKeyed(read(`${resource}.pressure`)));
	const some = lines.get("some");
	return some && { some: lineOf(some), full: lineOf(lines.get("full")) };
}

function lineOf(values: ReadonlyMap<string, string> | undefined): PressureLine {
	if (values === undefined) return nothing;
	const average = (key: string) => Number(values.get(key) ?? 0);
	return {
		avg10: average("avg10"),
		avg60: average("avg60"),
		avg300: average("avg300"),
		total: count(values.get("total")),
	};
}
