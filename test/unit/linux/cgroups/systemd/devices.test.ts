import { describe, expect, it } from "vitest";
import { deviceRules } from "../../../../../src/linux/cgroups/devices.js";
import { deviceProperties } from "../../../../../src/linux/cgroups/systemd/devices.js";
import type { DeviceRule } from "../../../../../src/spec/types.js";

const drivers = "Character devices:\n  1 mem\n  5 /dev/tty\n136 pts\n\nBlock devices:\n  7 loop\n259 blkext\n";
const denyAll: DeviceRule = { allow: false, access: "rwm" };

const values = (rules: readonly DeviceRule[], version: 1 | 2 = 2) =>
	deviceProperties(rules, version, drivers).map(([, { value }]) => value);

describe("deviceProperties", () => {
	it("lists what is allowed, by number or by the driver's name", () => {
		expect(deviceProperties(deviceRules([denyAll]), 2, drivers)).toEqual([
			["DevicePolicy", { signature: "s", value: "strict" }],
			[
				"DeviceAllow",
				{
					signature: "a(ss)",
					value: [
						["char-*", "m"],
						["block-*", "m"],
						["/dev/char/1:3", "rwm"],
						["/dev/char/1:8", "rwm"],
						["/dev/char/1:7", "rwm"],
						["/dev/char/5:0", "rwm"],
						["/dev/char/1:5", "rwm"],
						["/dev/char/1:9", "rwm"],
						["char-pts", "rwm"],
						["/dev/char/5:2", "rwm"],
						["/dev/char/10:200", "rwm"],
					],
				},
			],
		]);
		expect(values([denyAll, { allow: true, type: "b", major: 7, access: "r" }])).toEqual([
			"strict",
			[["block-loop", "r"]],
		]);
	});

	it("restricts nothing where everything is allowed, or only something denied", () => {
		const allowAll: DeviceRule = { allow: true, access: "rwm" };
		expect(values([allowAll])).toEqual(["auto", []]);
		expect(values([allowAll, { allow: false, type: "c", major: 1, minor: 11, access: "rwm" }])).toEqual(["auto", []]);
	});

	it("on v2 leaves what systemd has no words for to our own program, and on v1 lists the rest", () => {
		const known: DeviceRule = { allow: true, type: "c", major: 1, minor: 3, access: "rw" };
		for (const odd of [
			{ allow: true, type: "c", minor: 5, access: "r" },
			{ allow: true, type: "b", major: 8, access: "r" },
		] as const) {
			expect(values([denyAll, known, odd])).toEqual(["auto", []]);
			expect(values([denyAll, known, odd], 1)).toEqual(["strict", [["/dev/char/1:3", "rw"]]]);
		}
		const hole: DeviceRule = { allow: false, type: "c", major: 1, minor: 3, access: "w" };
		expect(values([denyAll, { allow: true, type: "c", major: 1, access: "rw" }, hole])).toEqual(["auto", []]);
	});
});
