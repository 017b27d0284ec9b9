import { describe, expect, it } from "vitest";
import { mergeResources } from "../../../../src/runtime/lifecycle/update.js";

const before = { memory: { limit: 100, swap: 200 }, cpu: { quota: 5000, period: 10_000 }, pids: { limit: 7 } };

describe("mergeResources", () => {
	it("replaces what is given and keeps the rest", () => {
		expect(mergeResources(before, { memory: { limit: 150 } })).toEqual({
			...before,
			memory: { limit: 150, swap: 200 },
		});
	});

	it("takes zeros and empty strings for not given, as Docker means them", () => {
		const docker = { memory: { limit: 0, swap: 0 }, cpu: { quota: 0, period: 0, cpus: "", shares: 512 } };
		expect(mergeResources(before, docker)).toEqual({ ...before, cpu: { quota: 5000, period: 10_000, shares: 512 } });
	});

	it("takes the limit of swap away with that of memory, unless there is a new one", () => {
		expect(mergeResources(before, { memory: { limit: -1, swap: 0 } })).toEqual({ ...before, memory: { limit: -1 } });
		expect(mergeResources(before, { memory: { limit: -1, swap: 300 } })).toEqual({
			...before,
			memory: { limit: -1, swap: 300 },
		});
	});

	it("takes cpu.idle 0 at its word", () => {
		expect(mergeResources({ cpu: { idle: 1 } }, { cpu: { idle: 0 } })).toEqual({ cpu: { idle: 0 } });
	});

	it("leaves devices out", () => {
		expect(mergeResources(before, { devices: [{ allow: false, access: "rwm" }] })).toEqual(before);
	});

	it("adds a controller and replaces lists", () => {
		const limits = [{ pageSize: "2MB", limit: 1 }];
		expect(mergeResources({}, { hugepageLimits: limits, unified: { "pids.max": "3" } })).toEqual({
			hugepageLimits: limits,
			unified: { "pids.max": "3" },
		});
	});
});
