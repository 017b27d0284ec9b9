/** `resources.pids`, whose file has the same name in both versions. */
import type { PidsResources } from "../../spec/types.js";
import type { Write } from "./writes.js";

/** Negative is unlimited. 0 becomes 1, which is what systemd makes of it too: nothing can be forked with either. */
export function pidsWrites({ limit }: PidsResources): readonly Write[] {
	if (limit === undefined) return [];
	const value = limit < 0 ? "max" : limit === 0 ? "1" : `${limit}`;
	return [{ file: "pids.max", value }];
}
