import { describe, expect, it } from "vitest";
import { deviceRules } from "../../../../../src/linux/cgroups/devices.js";
import { deviceProgram } from "../../../../../src/linux/cgroups/v2/devices-ebpf.js";
import type { DeviceRule } from "../../../../../src/spec/types.js";
import { runDeviceProgram, unreachable } from "./bpf-interpreter.js";

/** `c 1:3 rw` asked of a list of rules. */
function allows(rules: readonly DeviceRule[], request: string): boolean {
	const [type = "", major = "", minor = "", letters = ""] = request.split(/[ :]/);
	const access = (letters.includes("m") ? 1 : 0) | (letters.includes("r") ? 2 : 0) | (letters.includes("w") ? 4 : 0);
	const answer = runDeviceProgram(deviceProgram(rules), {
		type: type === "b" ? 1 : 2,
		access,
		major: Number(major),
		minor: Number(minor),
	});
	expect([0, 1]).toContain(answer);
	return answer === 1;
}

const deny: DeviceRule = { allow: false, access: "rwm" };
const allow: DeviceRule = { allow: true, access: "rwm" };
const nullRead: DeviceRule = { allow: true, type: "c", major: 1, minor: 3, access: "r" };
const nullWrite: DeviceRule = { ...nullRead, access: "w" };
const disks: DeviceRule = { allow: true, type: "b", major: 8, access: "rwm" };

const table: readonly (readonly [string, readonly DeviceRule[], readonly string[], readonly string[]])[] = [
	["no rules", [], [], ["c 1:3 r", "b 8:0 m"]],
	["deny all", [deny], [], ["c 1:3 r", "b 8:0 m"]],
	["allow all", [allow], ["c 1:3 rwm", "b 8:0 m"], []],
	["a rule after deny all", [deny, nullRead], ["c 1:3 r"], ["c 1:3 w", "c 1:3 rw", "c 1:5 r", "c 2:3 r", "b 1:3 r"]],
	["two rules that together allow a request", [deny, nullRead, nullWrite], ["c 1:3 rw", "c 1:3 r"], ["c 1:3 rwm"]],
	["deny all at the end", [allow, nullRead, deny], [], ["c 1:3 r", "b 8:0 r"]],
	["allow all at the end", [deny, { ...disks, allow: false }, allow], ["b 8:0 rwm"], []],
	["any minor", [deny, disks], ["b 8:0 r", "b 8:255 rwm"], ["c 8:0 r", "b 9:0 r"]],
	["a later hole", [deny, disks, { ...disks, allow: false, minor: 1 }], ["b 8:0 rw"], ["b 8:1 r", "b 8:1 m"]],
	[
		"a later hole for one access",
		[allow, { allow: false, type: "b", access: "w" }],
		["b 8:0 r", "b 8:0 rm", "c 1:3 w"],
		["b 8:0 w", "b 8:0 rw", "b 8:0 rwm"],
	],
	[
		"an exception from the hole",
		[allow, { allow: false, type: "b", access: "w" }, { allow: true, type: "b", major: 8, minor: 0, access: "w" }],
		["b 8:0 w", "b 8:0 rw"],
		["b 8:1 w"],
	],
	["a rule for all types with a number", [deny, { allow: true, major: 7 }], ["c 7:1 r", "b 7:9 rwm"], ["c 1:3 r"]],
	["a rule for all types with an access", [deny, { allow: true, access: "m" }], ["c 1:3 m", "b 1:1 m"], ["c 1:3 r"]],
	[
		"large numbers",
		[deny, { allow: true, type: "c", major: 4095, minor: 1048575 }],
		["c 4095:1048575 rw"],
		["c 1:3 r"],
	],
	[
		"what every container gets",
		deviceRules([deny]),
		["c 1:3 rwm", "c 5:0 rw", "c 136:7 rw", "c 5:2 rw", "c 10:200 rw", "b 8:0 m", "c 4:1 m"],
		["b 8:0 r", "c 4:1 w", "c 5:1 rw", "c 1:1 r", "b 8:0 rm"],
	],
];

describe("the device program", () => {
	it.each(table)("for %s allows and denies what the rules say", (_name, rules, allowed, denied) => {
		for (const request of allowed) expect([request, allows(rules, request)]).toEqual([request, true]);
		for (const request of denied) expect([request, allows(rules, request)]).toEqual([request, false]);
	});

	it.each(table)("for %s has no instruction that nothing reaches", (_name, rules) => {
		expect(unreachable(deviceProgram(rules))).toEqual([]);
	});

	it("agrees with a plain reading of the rules, access by access, on random lists", () => {
		let seed = 12345;
		const random = (limit: number) => {
			seed = (seed * 1103515245 + 12345) % 2147483648;
			return Math.floor((seed / 2147483648) * limit);
		};
		const pick = <T>(...values: readonly T[]) => values[random(values.length)] as T;
		const randomRule = (): DeviceRule => {
			const major = pick(undefined, 1, 2);
			const minor = pick(undefined, 1, 2);
			return {
				allow: pick(true, false),
				type: pick("a", "b", "c", "b", "c"),
				...(major !== undefined && { major }),
				...(minor !== undefined && { minor }),
				access: pick("r", "w", "m", "rw", "rwm", "rm"),
			};
		};
		const reads = (rules: readonly DeviceRule[], type: string, major: number, minor: number, letter: string) => {
			const last = rules.findLast((rule) => {
				return (
					(rule.type === "a" || rule.type === type) &&
					(rule.major ?? major) === major &&
					(rule.minor ?? minor) === minor &&
					rule.access?.includes(letter)
				);
			});
			return last?.allow ?? false;
		};
		for (let round = 0; round < 300; round++) {
			const rules = Array.from({ length: random(7) }, randomRule);
			expect(unreachable(deviceProgram(rules))).toEqual([]);
			for (const letters of ["r", "w", "m", "rw", "rwm"]) {
				const [type, major, minor] = [pick("b", "c"), pick(1, 2, 3), pick(1, 2, 3)];
				const expected = [...letters].every((letter) => reads(rules, type, major, minor, letter));
				expect([rules, allows(rules, `${type} ${major}:${minor} ${letters}`)]).toEqual([rules, expected]);
			}
		}
	});
});
