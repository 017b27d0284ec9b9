import { describe, expect, it, vi } from "vitest";
import { parseAmount } from "../../../../src/cli/commands/update.js";
import { updateContainer } from "../../../../src/runtime/lifecycle/update.js";
import { door } from "../../../support/door.js";
import { call } from "../call.js";

vi.mock("../../../../src/runtime/lifecycle/update.js", () => ({ updateContainer: vi.fn() }));

function changes(): unknown {
	return vi.mocked(updateContainer).mock.lastCall?.[2];
}

describe("update", () => {
	it("turns flags into resources, also after the id", async () => {
		await call("update --memory 50M c1 --cpu-share 512 --cpuset-cpus 0-1 --memory-swap -1");
		expect(changes()).toEqual({ memory: { limit: 52_428_800, swap: -1 }, cpu: { shares: 512, cpus: "0-1" } });
	});

	it("reads resources from a file, with names in any letter case", async () => {
		door.files({ "/r.json": '{"Memory":{"Limit":1048576},"pids":{"limit":9}}' });
		await call("update -r /r.json c1");
		expect(changes()).toEqual({ memory: { limit: 1_048_576 }, pids: { limit: 9 } });
	});

	it("takes shares of Intel RDT besides limits", async () => {
		await call("update --mem-bw-schema MB:0=70 --memory 50M c1");
		expect(vi.mocked(updateContainer).mock.lastCall?.slice(1)).toEqual([
			"c1",
			{ memory: { limit: 52_428_800 } },
			{ memBwSchema: "MB:0=70" },
		]);
		await call("update --memory 50M c1");
		expect(vi.mocked(updateContainer).mock.lastCall?.[3]).toBe(null);
	});

	it("warns of an odd cache schema, and refuses a wrong bandwidth", async () => {
		expect(await call("update --l3-cache-schema L2:0=f c1")).toMatchObject({
			status: 0,
			stderr: expect.stringContaining('expected \\"L3:\\" at the start'),
		});
		expect(await call("update --mem-bw-schema 70 c1")).toMatchObject({
			status: 1,
			stderr: expect.stringContaining('expected "MB:" at the start'),
		});
	});

	it("refuses what is no amount", async () => {
		expect(await call("update --memory lots c1")).toMatchObject({
			status: 1,
			stderr: expect.stringContaining('invalid value "lots" for flag -memory'),
		});
	});
});

describe("parseAmount", () => {
	it("takes binary units and keeps large amounts exact", () => {
		expect(["7", "1k", "2KB", "3MiB", "-1", "9223372036854775807"].map((text) => parseAmount(text, "memory"))).toEqual([
			7,
			1024,
			2048,
			3_145_728,
			-1,
			9_223_372_036_854_775_807n,
		]);
	});
});
