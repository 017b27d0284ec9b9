/** Containers with the built-in init: a patch for their annotations, and waiting for what they print. */
import type { BaseConfig } from "./bundle.js";
import type { RunResult } from "./runtime.js";
import { waitFor } from "./wait.js";

/** A patch: `withInit("graceful", { deadline: "1" })`. */
export const withInit =
	(mode: string, details: Readonly<Record<string, string>> = {}) =>
	(config: BaseConfig): void => {
		const named = Object.entries(details).map(([name, value]) => [`org.tsrun.init.${name}`, value]);
		config.annotations = { ...config.annotations, "org.tsrun.init": mode, ...Object.fromEntries(named) };
	};

/** Several patches in the place of one. */
export const all =
	(...patches: readonly ((config: BaseConfig) => void)[]) =>
	(config: BaseConfig): void => {
		for (const patch of patches) patch(config);
	};

/** Waits until a detached container has printed so many lines, and gives them. */
export function linesOf(container: RunResult, count: number): Promise<readonly string[]> {
	const look = () => {
		const lines = container.later().stdout.split("\n").slice(0, -1);
		return lines.length >= count && lines;
	};
	return waitFor(look, { what: `${count} lines from the container` });
}
