import { describe, expect, it } from "vitest";
import { type History, picture, remember, size, statsTable } from "../../../src/cli/stats-table.js";
import type { Usage } from "../../../src/runtime/usage.js";

const usage: Usage = {
	id: "c1",
	status: "running",
	cpu: { percent: 12.34, time: 5, throttledPercent: 60, throttledPeriods: 1, periods: 9 },
	memory: { usage: 3 << 20, workingSet: 1.5 * (1 << 20), limit: 64 << 20, percent: 2.3, oomKills: 1 },
	pids: { current: 3, limit: 20 },
	io: { readBytes: 1, writeBytes: 2, readRate: 1024, writeRate: 0 },
	pressure: { cpu: 42.4, memory: 0, io: null },
};

const boundless: Usage = {
	...usage,
	id: "c2",
	cpu: { ...usage.cpu, periods: 0 },
	memory: { ...usage.memory, limit: null, percent: null },
	pids: { current: 3, limit: null },
};

describe("statsTable", () => {
	it("has a row per container, and says what is not limited", () => {
		expect(statsTable([usage, boundless])).toEqual([
			"ID  CPU    MEMORY   LIMIT  PIDS  READ/s  WRITE/s  THROTTLED  STALLED  OOM  STATUS",
			"c1  12.3%  1.5M 2%  64M    3/20  1K      0        60%        42/0/-   1    running",
			"c2  12.3%  1.5M     -      3     1K      0        -          42/0/-   1    running",
		]);
	});

	it("draws what was before beside it, without moving a column", () => {
		let history: History | undefined;
		const titles = new Set<string | undefined>();
		let last: string | undefined;
		for (const percent of [0, 100, 50]) {
			history = remember(history, { ...usage, cpu: { ...usage.cpu, percent } });
			const [title, row] = statsTable([{ ...usage, cpu: { ...usage.cpu, percent } }], new Map([["c1", history]]));
			titles.add(title);
			last = row;
		}
		expect(titles.size).toBe(1);
		expect(last).toContain(" 50.0%      ▁█▅  ");
	});
});

describe("remember", () => {
	it("keeps the last eight", () => {
		let history: History | undefined;
		for (let percent = 0; percent < 12; percent++) {
			history = remember(history, { ...usage, cpu: { ...usage.cpu, percent } });
		}
		expect(history?.cpu).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
		expect(remember(undefined, boundless).memory).toEqual([boundless.memory.workingSet]);
	});
});

it("a picture grows beyond its top with its largest value", () => {
	expect(picture([0, 100, 400], 100)).toBe("     ▁▃█");
	expect(picture([0], 1)).toBe("       ▁");
});

it.each([
	[0, "0"],
	[1023, "1023"],
	[1024, "1K"],
	[1536, "1.5K"],
	[150 * 1024 + 512, "151K"],
	[3 * 1024 ** 4, "3T"],
	[5000 * 1024 ** 4, "5000T"],
])("size of %d is %s", (bytes, expected) => {
	expect(size(bytes)).toBe(expected);
});
