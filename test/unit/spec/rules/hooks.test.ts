import { expect, test } from "vitest";
import { configWith, issuesOfConfig } from "../support.js";

const kinds = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"];

test.each(kinds)("the path of a %s hook is absolute", (kind) => {
	expect(issuesOfConfig(configWith({ hooks: { [kind]: [{ path: "/bin/true" }, { path: "true" }] } }))).toEqual([
		{
			rule: "HK-03",
			path: `$.hooks.${kind}[1].path`,
			message: 'expected an absolute path; found "true"',
			section: "config.md#posix-platform-hooks",
			severity: "error",
		},
	]);
});

test("a hook without a path is told to lack it", () => {
	expect(issuesOfConfig(configWith({ hooks: { poststop: [{}] } }))).toMatchObject([
		{ path: "$.hooks.poststop[0].path", message: "is required but missing" },
	]);
});

test("a timeout is greater than zero", () => {
	const hook = (timeout: number) => configWith({ hooks: { poststart: [{ path: "/x", timeout }] } });
	expect(issuesOfConfig(hook(1))).toEqual([]);
	expect(issuesOfConfig(hook(0))).toMatchObject([
		{ path: "$.hooks.poststart[0].timeout", message: "expected an integer of at least 1; found 0" },
	]);
});
