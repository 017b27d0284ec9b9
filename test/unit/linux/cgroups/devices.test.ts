import { describe, expect, it } from "vitest";
import { deviceRules, exactRules } from "../../../../src/linux/cgroups/devices.js";

describe("deviceRules", () => {
	it("puts what every container may use behind the configuration's rules", () => {
		const rules = deviceRules([{ allow: false, access: "rwm" }], []);
		expect(rules[0]).toEqual({ allow: false, access: "rwm" });
		expect(
			rules.slice(1).map(({ type, major = "*", minor = "*", access }) => `${type} ${major}:${minor} ${access}`),
		).toEqual([
			"c *:* m",
			"b *:* m",
			"c 1:3 rwm",
			"c 1:8 rwm",
			"c 1:7 rwm",
			"c 5:0 rwm",
			"c 1:5 rwm",
			"c 1:9 rwm",
			"c 136:* rwm",
			"c 5:2 rwm",
			"c 10:200 rwm",
		]);
		expect(rules.slice(1).every((rule) => rule.allow)).toBe(true);
	});

	it("drops a default device whose path the configuration gives to another", () => {
		const rules = deviceRules([], [{ type: "c", path: "/dev/null", major: 7, minor: 7 }]);
		expect(rules).not.toContainEqual({ allow: true, type: "c", major: 1, minor: 3, access: "rwm" });
		expect(rules).toContainEqual({ allow: true, type: "c", major: 1, minor: 5, access: "rwm" });
	});
});

describe("exactRules", () => {
	it("reads what is left out as all: type, numbers, access; and -1 as any", () => {
		const everything = { allow: true, type: "a", major: null, minor: null, access: 7 };
		expect(exactRules([{ allow: true }])).toEqual([everything]);
		expect(exactRules([{ allow: true, type: "a", major: -1, minor: -1, access: "mwr" }])).toEqual([everything]);
		expect(exactRules([{ allow: false, type: "b", major: 8, access: "r" }])).toEqual([
			{ allow: false, type: "b", major: 8, minor: null, access: 2 },
		]);
	});

	it("splits a limited rule for all types in two, so that it does not become one for everything", () => {
		const rule = { allow: true, major: 1, minor: null, access: 4 };
		expect(exactRules([{ allow: true, major: 1, access: "w" }])).toEqual([
			{ ...rule, type: "c" },
			{ ...rule, type: "b" },
		]);
	});

	it("refuses an access that is not made of r, w, m", () => {
		const rules = [{ allow: true }, { allow: true, access: "rx" }];
		expect(() => exactRules(rules)).toThrow(expect.objectContaining({ id: "config-invalid" }));
		expect(() => exactRules([{ allow: true, access: "" }])).toThrow('device access "" is not made of r, w, m');
	});
});
