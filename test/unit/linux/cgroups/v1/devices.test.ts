import { describe, expect, it } from "vitest";
import { deviceRules } from "../../../../../src/linux/cgroups/devices.js";
import { deviceWrites } from "../../../../../src/linux/cgroups/v1/devices.js";
import type { DeviceRule } from "../../../../../src/spec/types.js";

const lines = (rules: readonly DeviceRule[]) =>
	deviceWrites(rules).map(({ file, value }) => `${file.slice(8)} ${value}`);
const deny: DeviceRule = { allow: false, access: "rwm" };
const allow: DeviceRule = { allow: true, access: "rwm" };

describe("device rules on v1", () => {
	it("begin with the default and keep the order of the rules", () => {
		const rules: DeviceRule[] = [
			deny,
			{ allow: true, type: "c", major: 10, minor: 229, access: "rw" },
			{ allow: true, type: "b", major: 8, access: "r" },
		];
		expect(lines(rules)).toEqual(["deny a", "allow c 10:229 rw", "allow b 8:* r"]);
	});

	it("deny everything when no rule says otherwise", () => {
		expect(lines([])).toEqual(["deny a"]);
	});

	it("write a rule that is repeated or widened once", () => {
		const first: DeviceRule = { allow: true, type: "c", major: 1, minor: 3, access: "r" };
		expect(lines([deny, first, first, { ...first, access: "wm" }])).toEqual(["deny a", "allow c 1:3 rwm"]);
	});

	it("forget what came before a rule for everything", () => {
		expect(lines([{ allow: true, type: "c", major: 1, minor: 3 }, deny])).toEqual(["deny a"]);
		expect(lines([deny, { allow: true, type: "c", major: 1, minor: 3 }, allow])).toEqual(["allow a"]);
	});

	it("take away from earlier rules what a later one covers", () => {
		const given: DeviceRule[] = [
			deny,
			{ allow: true, type: "c", major: 1, minor: 3, access: "rwm" },
			{ allow: true, type: "c", major: 1, minor: 5, access: "r" },
			{ allow: true, type: "b", major: 1, minor: 3, access: "r" },
		];
		expect(lines([...given, { allow: false, type: "c", major: 1, access: "rm" }])).toEqual([
			"deny a",
			"allow c 1:3 w",
			"allow b 1:3 r",
		]);
	});

	it("list what is denied when everything else is allowed", () => {
		const rules: DeviceRule[] = [allow, { allow: false, type: "b", access: "w" }, { allow: true, type: "c", major: 1 }];
		expect(lines(rules)).toEqual(["allow a", "deny b *:* w"]);
	});

	it("refuse a hole in a wider rule, which the kernel would not make", () => {
		const wide: DeviceRule = { allow: true, type: "c", access: "rw" };
		const hole: DeviceRule = { allow: false, type: "c", major: 1, minor: 3, access: "w" };
		expect(() => deviceWrites([deny, wide, hole])).toThrow(
			'cannot deny devices "c 1:3 w": the earlier rule "c *:* rw" is wider, and cgroup v1 cannot make a hole in it',
		);
		expect(lines([deny, wide, { ...hole, access: "m" }])).toEqual(["deny a", "allow c *:* rw"]);
	});

	it("fold an engine's list with what every container gets into the fewest writes", () => {
		const docker: DeviceRule[] = [
			deny,
			{ allow: true, type: "c", major: 1, minor: 5, access: "rwm" },
			{ allow: true, type: "c", major: 1, minor: 3, access: "rwm" },
			{ allow: false, type: "c", major: 10, minor: 229, access: "rwm" },
		];
		const writes = lines(deviceRules([...docker, ...docker]));
		expect(writes.slice(0, 5)).toEqual([
			"deny a",
			"allow c 1:5 rwm",
			"allow c 1:3 rwm",
			"allow c *:* m",
			"allow b *:* m",
		]);
		expect(writes).toHaveLength(12);
	});
});
