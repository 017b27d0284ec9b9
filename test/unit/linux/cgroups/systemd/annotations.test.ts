import { describe, expect, it } from "vitest";
import { annotatedProperties } from "../../../../../src/linux/cgroups/systemd/annotations.js";

const named = (name: string, value: string) => annotatedProperties({ [`org.systemd.property.${name}`]: value });

describe("annotatedProperties", () => {
	it("takes those with systemd's prefix, with their types", () => {
		expect(
			annotatedProperties({
				"org.systemd.property.TimeoutStopUSec": "uint64 123456789",
				"org.systemd.property.CollectMode": "'inactive-or-failed'",
				"org.other": "x",
			}),
		).toEqual([
			["TimeoutStopUSec", { signature: "t", value: 123456789n }],
			["CollectMode", { signature: "s", value: "inactive-or-failed" }],
		]);
	});

	it("makes microseconds of seconds, as unit files do", () => {
		expect(named("TimeoutStopSec", "uint64 5")).toEqual([["TimeoutStopUSec", { signature: "t", value: 5_000_000n }]]);
		expect(named("TimeoutStopSec", "1.5")).toEqual([["TimeoutStopUSec", { signature: "t", value: 1_500_000n }]]);
	});

	for (const [name, value, why] of [
		["Timeout-Stop", "1", "the name is not made of three letters or more"],
		["ab", "1", "the name is not made of three letters or more"],
		["Slice", "machine.slice", "a value is expected at character"],
		["TimeoutStopSec", "'soon'", "a number of seconds is expected"],
	] as const) {
		it(`refuses ${name}=${value}`, () => {
			expect(() => named(name, value)).toThrow(
				expect.objectContaining({
					id: "config-invalid",
					message: expect.stringContaining(`annotation org.systemd.property.${name}=${value}: ${why}`),
				}),
			);
		});
	}
});
