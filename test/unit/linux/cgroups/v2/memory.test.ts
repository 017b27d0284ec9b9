import { describe, expect, it } from "vitest";
import { memoryWrites, refuseBelowUsage, swapMax } from "../../../../../src/linux/cgroups/v2/memory.js";
import type { MemoryResources } from "../../../../../src/spec/types.js";

const lines = (memory: MemoryResources) => memoryWrites(memory).map(({ file, value }) => `${file}=${value}`);

describe("memory on v2", () => {
	it("writes limit, swap alone and the soft limit", () => {
		expect(lines({ limit: 100, swap: 250, reservation: 50, kernel: 5 })).toEqual([
			"memory.swap.max=150",
			"memory.max=100",
			"memory.low=50",
		]);
	});

	it("spells unlimited as max and takes zeros as unset", () => {
		expect(lines({ limit: -1, reservation: -1 })).toEqual(["memory.swap.max=max", "memory.max=max", "memory.low=max"]);
		expect(lines({ limit: 0, swap: 0, reservation: 0, kernelTCP: 0, disableOOMKiller: false })).toEqual([]);
	});

	it("does without swap's file where nothing or everything is allowed", () => {
		expect(memoryWrites({ limit: 100, swap: 100 })[0]).toEqual({
			file: "memory.swap.max",
			value: "0",
			otherwise: "nothing",
		});
		expect(memoryWrites({ limit: 100, swap: 101 })[0]).toEqual({ file: "memory.swap.max", value: "1" });
	});

	it.each<[MemoryResources, string]>([
		[{ swappiness: 0 }, "memory.swappiness"],
		[{ disableOOMKiller: true }, "memory.disableOOMKiller"],
		[{ kernelTCP: 1 }, "memory.kernelTCP"],
	])("refuses what only v1 has: %o", (memory, member) => {
		const error = { id: "config-unsupported", message: `linux.resources.${member} cannot be set on cgroup v2` };
		expect(() => memoryWrites(memory)).toThrow(expect.objectContaining(error));
	});
});

describe("swapMax", () => {
	it.each([
		[0, 0, null],
		[100, 0, null],
		[-1, 0, "max"],
		[100, -1, "max"],
		[-1, 300, "300"],
		[100, 100, "0"],
		[2n ** 53n + 1n, 2n ** 62n, "4602678819172646911"],
	])("of limit %s and memory+swap %s is %s", (limit, swap, expected) => {
		expect(swapMax({ limit, swap })).toBe(expected);
	});

	it.each([
		[0, 100, "unable to set swap limit without memory limit"],
		[-2, 100, "invalid memory value: -2"],
		[200, 100, "memory+swap limit should be >= memory limit"],
	])("of limit %s and memory+swap %s is an error", (limit, swap, message) => {
		expect(() => swapMax({ limit, swap })).toThrow(expect.objectContaining({ id: "config-invalid", message }));
	});
});

describe("refuseBelowUsage", () => {
	it("rejects limits below what is in use", () => {
		expect(() => refuseBelowUsage({ limit: 99 }, 100n, 0n)).toThrow("rejecting memory limit 99 < usage 100");
		expect(() => refuseBelowUsage({ limit: 100, swap: 149 }, 100n, 50n)).toThrow(
			"rejecting memory+swap limit 149 < usage 150",
		);
	});

	it("lets the others pass: equal, unlimited, unset", () => {
		refuseBelowUsage({ limit: 100, swap: 150 }, 100n, 50n);
		refuseBelowUsage({ limit: -1, swap: -1 }, 100n, 50n);
		refuseBelowUsage({ limit: 0 }, 100n, 50n);
		refuseBelowUsage({}, 100n, 50n);
	});
});
