import { beforeEach, describe, expect, it, vi } from "vitest";
import { readStats } from "../../../../src/linux/cgroups/stats.js";
import { containerStats, followContainer } from "../../../../src/runtime/events.js";
import { call } from "../call.js";

vi.mock("../../../../src/runtime/events.js", () => ({ containerStats: vi.fn(), followContainer: vi.fn() }));

const stats = readStats({ version: 1, paths: {}, unifiedMountPoint: "" });

beforeEach(() => {
	vi.mocked(containerStats).mockReturnValue(stats);
	vi.mocked(followContainer).mockImplementation((_host, _id, _options, tell) => {
		tell.stats(stats);
		tell.oom();
	});
});

describe("events", () => {
	it("prints what it is told, a line each", async () => {
		const { status, stdout } = await call("events c1");
		expect(status).toBe(0);
		expect(stdout.split("\n").map((line) => line.slice(0, 15))).toEqual(['{"type":"stats"', '{"type":"oom","', ""]);
		expect(vi.mocked(followContainer).mock.lastCall?.[2]).toEqual({ interval: 5000, listener: 1 });
	});

	it("takes the interval from the flag", async () => {
		await call("events --interval 1m c1");
		expect(vi.mocked(followContainer).mock.lastCall?.[2].interval).toBe(60_000);
	});

	it("prints once with --stats", async () => {
		expect((await call("events --stats c1")).stdout).toMatch(/^\{"type":"stats","id":"c1",.*\}\n$/);
	});

	it("refuses an interval that is not positive", async () => {
		expect((await call("events --interval -1s c1")).stderr).toBe("duration interval must be greater than 0\n");
	});
});
