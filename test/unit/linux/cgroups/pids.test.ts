import { expect, it } from "vitest";
import { pidsWrites } from "../../../../src/linux/cgroups/pids.js";

it.each([
	[undefined, []],
	[-1, ["max"]],
	[-5, ["max"]],
	[0, ["1"]],
	[100, ["100"]],
	[2n ** 62n, ["4611686018427387904"]],
])("pids.limit %s is written as %s", (limit, values) => {
	const writes = pidsWrites(limit === undefined ? {} : { limit });
	expect(writes).toEqual(values.map((value) => ({ file: "pids.max", value })));
});
