/** config.md#posix-platform-hooks. */
import { describe } from "../issue.js";
import type { Config, Hooks } from "../types.js";
import type { Report } from "./rule.js";

/** In the order in which they run. */
export const hookKinds: readonly (keyof Hooks)[] = [
	"prestart",
	"createRuntime",
	"createContainer",
	"startContainer",
	"poststart",
	"poststop",
];

/** A hook is executed as it is named: no PATH is searched. */
export function hookPathsAreAbsolute({ hooks }: Config, report: Report): void {
	if (hooks === undefined) return;
	for (const kind of hookKinds)
		hooks[kind]?.forEach(({ path }, index) => {
			if (!path.startsWith("/"))
				report("HK-03", `.hooks.${kind}[${index}].path`, `expected an absolute path; found ${describe(path)}`);
		});
}
