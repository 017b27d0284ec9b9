import { describe, expect, it } from "vitest";
import { memoryWrites } from "../../../../../src/linux/cgroups/v1/memory.js";
import type { MemoryResources } from "../../../../../src/spec/types.js";

const lines = (memory: MemoryResources) => memoryWrites(memory).map(({ file, value }) => `${file}=${value}`);

describe("memory on v1", () => {
	it("writes every member to its file, the limit before memory+swap", () => {
		const memory = { limit: 100, swap: 200, reservation: 50, kernelTCP: 10, swappiness: 0, disableOOMKiller: true };
		expect(lines({ ...memory, useHierarchy: true, kernel: 7 })).toEqual([
			"memory.limit_in_bytes=100",
			"memory.memsw.limit_in_bytes=200",
			"memory.soft_limit_in_bytes=50",
			"memory.kmem.tcp.limit_in_bytes=10",
			"memory.swappiness=0",
			"memory.oom_control=1",
			"memory.use_hierarchy=1",
		]);
	});

	it("takes the zeros and falses that engines send as unset", () => {
		const zeros = { limit: 0, swap: 0, reservation: 0, kernel: 0, kernelTCP: 0 };
		expect(lines({ ...zeros, disableOOMKiller: false, useHierarchy: false, checkBeforeUpdate: false })).toEqual([]);
	});

	it("lifts the limit on memory+swap along with that on memory, where swap is counted", () => {
		expect(memoryWrites({ limit: -1 })).toEqual([
			{ file: "memory.limit_in_bytes", value: "-1" },
			{ file: "memory.memsw.limit_in_bytes", value: "-1", otherwise: "nothing" },
		]);
		expect(lines({ limit: -1, swap: 300 })).toEqual(["memory.limit_in_bytes=-1", "memory.memsw.limit_in_bytes=300"]);
	});

	it("writes 64-bit values exactly", () => {
		expect(lines({ limit: 2n ** 63n - 1n })).toEqual(["memory.limit_in_bytes=9223372036854775807"]);
	});

	it("refuses a swappiness over 100; -1 in an unsigned field is unset", () => {
		expect(lines({ swappiness: 100 })).toEqual(["memory.swappiness=100"]);
		expect(lines({ swappiness: 2n ** 64n - 1n })).toEqual([]);
		expect(() => memoryWrites({ swappiness: 101 })).toThrow(
			"invalid memory swappiness value: 101 (valid range is 0-100)",
		);
	});
});
