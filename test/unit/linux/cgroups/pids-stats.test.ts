import { expect, it } from "vitest";
import { pidsStats } from "../../../../src/linux/cgroups/pids-stats.js";
import { readFrom } from "./read-from.js";

it("pids are counted, and no limit is 0", () => {
	expect(pidsStats(readFrom({ "pids.current": "3\n", "pids.max": "20\n" }))).toEqual({ current: 3, limit: 20 });
	expect(pidsStats(readFrom({ "pids.current": "3\n", "pids.max": "max\n" }))).toEqual({ current: 3, limit: 0 });
});
