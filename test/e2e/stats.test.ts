/** stats: a table of what containers use, measured over an interval; live on a terminal. */
import { describe, expect } from "vitest";
import { test as base } from "../support/container.js";
import { failed, failureOf } from "../support/failure.js";
import { needs } from "../support/skip.js";

const MiB = 1 << 20;

const test = base
	.extend("ours", { auto: true }, ({ skip }) => needs(skip, "tsrun"))
	.extend("start", ({ runtime, makeBundle, newId }) => (args: string[]) => {
		const id = newId();
		const bundle = makeBundle({
			args,
			patch: ({ linux }) => {
				linux.resources = { ...linux.resources, memory: { limit: 64 * MiB }, pids: { limit: 20 } };
				linux.resources.cpu = { quota: 20_000, period: 100_000 };
			},
		});
		expect(runtime("run", "--detach", "--bundle", bundle, id)).toMatchObject({ status: 0, stderr: "" });
		return { id, remove: () => expect(runtime("delete", "--force", id)).toMatchObject({ status: 0, stderr: "" }) };
	});

describe("stats", () => {
	test("measures what a container uses", ({ runtime, start }) => {
		const busy = start(["/probe", "cpu", "600000"]);
		const { status, stdout, stderr } = runtime("stats", "--once", "--json", "--interval", "500ms", busy.id);
		expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
		const usage = JSON.parse(stdout);
		expect(usage).toMatchObject({
			id: busy.id,
			status: "running",
			memory: { limit: 64 * MiB, oomKills: 0 },
			pids: { current: 1, limit: 20 },
		});
		// a fifth of one CPU is all it may have, and it wants more
		expect(usage.cpu.percent).toBeGreaterThan(0);
		expect(usage.cpu.percent).toBeLessThan(80);
		expect(usage.cpu.throttledPeriods).toBeGreaterThan(0);
		expect(usage.memory.usage).toBeGreaterThan(0);
		busy.remove();
	});

	test("measures the pressure on a container, of all three kinds", ({ runtime, start, skip }) => {
		needs(skip, "pressure");
		const busy = start(["/probe", "cpu", "600000"]);
		const { status, stdout } = runtime("stats", "--once", "--json", "--interval", "500ms", busy.id);
		const { pressure } = JSON.parse(stdout);
		expect({ status, pressure }).toEqual({
			status: 0,
			pressure: { cpu: expect.any(Number), memory: expect.any(Number), io: expect.any(Number) },
		});
		busy.remove();
	});

	test("shows all that live in a table", ({ runtime, start }) => {
		const [one, other] = [start(["/probe", "sleep"]), start(["/probe", "sleep"])];
		const { status, stdout } = runtime("stats", "--once", "--interval", "100ms");
		const [titles, ...rows] = stdout.trimEnd().split("\n");
		expect({ status, titles, ids: rows.map((row) => row.split(" ")[0]) }).toEqual({
			status: 0,
			titles: expect.stringMatching(/^ID +CPU +MEMORY +LIMIT +PIDS .* OOM +STATUS$/),
			ids: [one.id, other.id].sort(),
		});
		one.remove();
		other.remove();
	});

	test("draws on a terminal, and ends with the container", async ({ runtime, start }) => {
		const { id, remove } = start(["/probe", "sleep"]);
		const live = runtime.start({ terminal: { rows: 24, columns: 150 } }, "stats", "--interval", "100ms", id);
		await live.prints(/▁▁ [\s\S]*▁▁▁ /);
		expect(runtime("kill", id, "KILL")).toMatchObject({ status: 0 });
		const { status, stdout } = await live.ended();
		expect({ status, overdrawn: stdout.includes("\x1b[2A") }).toEqual({ status: 0, overdrawn: true });
		expect(failureOf(runtime("stats", id))).toEqual(failed("container not running"));
		remove();
	});
});
