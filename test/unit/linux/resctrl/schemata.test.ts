import { describe, expect, it } from "vitest";
import { comparedLines, firstDifference, linesToWrite, schemataLines } from "../../../../src/linux/resctrl/schemata.js";

/** As the kernel prints it: names to the right, bandwidths in three columns. */
const file = "    MB:0= 20;1=100\n    L3:0=7f0;1=01f\nL2CODE:0=f;12=ff\n";

describe("the lines to write", () => {
	it("are those of the caches, then those of the memory bandwidth, then the others as they come", () => {
		const rdt = { schemata: ["L2:0=f", "MB:1=10"], memBwSchema: "MB:0=20", l3CacheSchema: "L3:0=7f0" };
		expect(schemataLines(rdt)).toEqual(["L3:0=7f0", "MB:0=20", "L2:0=f", "MB:1=10"]);
		expect(comparedLines(rdt)).toEqual(["L3:0=7f0", "MB:0=20"]);
	});

	it("are none when no schema is given, or only empty ones", () => {
		expect(schemataLines({ closID: "a", enableMonitoring: true })).toEqual([]);
		expect(schemataLines({ l3CacheSchema: "", memBwSchema: "", schemata: [] })).toEqual([]);
	});

	it("are several where an older member has several", () => {
		expect(schemataLines({ l3CacheSchema: "L3CODE:0=f\nL3DATA:0=f\n" })).toEqual(["L3CODE:0=f", "L3DATA:0=f"]);
	});
});

describe("a group that is there says", () => {
	it.each(["L3:0=7f0;1=1f", "L3:1=1f", "L3:0=0x7F0", "L3: 0 = 7f0 ;", "MB:0=20", "MB:00=020;1=100", "L2CODE:12=ff"])(
		"%j",
		(line) => {
			expect(firstDifference([line], file)).toBeUndefined();
		},
	);

	it.each(["L3:0=7f", "L3:0=7f00", "L3:2=1f", "MB:0=2", "L2:0=f", "L2CODE:1=f"])("nothing like %j", (line) => {
		expect(firstDifference(["MB:0=20", line], file)).toBe(line);
	});
});

it("what the kernel prints can be written again, without its blanks", () => {
	expect(linesToWrite(file)).toEqual(["MB:0=20;1=100", "L3:0=7f0;1=01f", "L2CODE:0=f;12=ff"]);
});
