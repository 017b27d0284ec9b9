import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { chapterOf, describe as describeValue, memberPath } from "../../../src/spec/issue.js";

test.each([
	["type", ".type"],
	[3, "[3]"],
	["org.example", '["org.example"]'],
	["", '[""]'],
	["0", '["0"]'],
])("the step %j of a path is written %s", (step, written) => {
	expect(memberPath(step)).toBe(written);
});

describe("a value in a message", () => {
	test.each([
		["x", '"x"'],
		["a\nb", '"a\\nb"'],
		[1.5, "1.5"],
		[18446744073709551615n, "18446744073709551615"],
		[null, "null"],
		[[1], "an array"],
		[{ a: 1 }, "an object"],
	])("%o is %s", (value, words) => {
		expect(describeValue(value)).toBe(words);
	});

	test("a long string is cut", () => {
		expect(describeValue("x".repeat(1000))).toBe(`"${"x".repeat(64)}…"`);
	});
});

test.each([
	["$.ociVersion", "config.md#specification-version", "CV-01"],
	["$.process.cwd", "config.md#process", "PR-05"],
	["$.process.user.uid", "config.md#user", "PU-01"],
	["$.process.rlimits[3].type", "config.md#posix-process", "PX-03"],
	["$.process.rlimits[3].soft", "config.md#posix-process", "PX-01"],
	["$.hooks.poststart[12].timeout", "config.md#posix-platform-hooks", "HK-07"],
	["$.hooks.poststart[12].path", "config.md#posix-platform-hooks", "HK-02"],
	["$.linux.resources.memory.limit", "config-linux.md#memory", "AN-10"],
	["$.linux.resources.x", "config-linux.md#control-groups", "AN-10"],
	["$.linux.seccomp.syscalls[0].args[5].op", "config-linux.md#seccomp", "SC-22"],
	["$.linux.personality", "config-linux.md#personality", "RP-13"],
	["$", "config.md", "AN-10"],
])("%s is described in %s, and a wrong type breaks %s", (path, section, rule) => {
	expect(chapterOf(path)).toEqual({ section, rule });
});

test("every requirement that an issue can name is one of docs/conformance.md", () => {
	const requirements = readFileSync("test/conformance/requirements.txt", "utf8");
	const files = readdirSync("src/spec", { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
	const code = files
		.map((file) => readFileSync(`src/spec/${file}`, "utf8").replace(/\/\*[\s\S]*?\*\//g, ""))
		.join("\n");
	const named = new Set(code.match(/\b[A-Z]{2}-\d\d\b/g));
	expect(named.size).toBeGreaterThan(100);
	expect([...named].filter((id) => !requirements.includes(`\n${id} `))).toEqual([]);
});
