import { expect, it } from "vitest";
import { networkWrites } from "../../../../../src/linux/cgroups/v2/network.js";

it("network classes and priorities are refused on v2, and nothing asked is nothing written", () => {
	expect(networkWrites({ classID: 0, priorities: [] })).toEqual([]);
	expect(() => networkWrites({ classID: 1 })).toThrow("linux.resources.network.classID cannot be set on cgroup v2");
	expect(() => networkWrites({ priorities: [{ name: "eth0", priority: 1 }] })).toThrow("network.priorities");
});
