import { describe, expect, test } from "vitest";
import { configWithLinux, issuesOfConfig, type Members, named } from "../support.js";

const issues = (seccomp: Members) =>
	issuesOfConfig(configWithLinux({ seccomp: { defaultAction: "SCMP_ACT_ALLOW", ...seccomp } }));
const found = (seccomp: Members) => named(issues(seccomp));
const rule = (action: string, members: Members = {}) => ({ names: ["getcwd"], action, ...members });

describe("an errno", () => {
	test.each(["SCMP_ACT_ERRNO", "SCMP_ACT_TRACE"])("is taken by %s", (action) => {
		expect(found({ defaultAction: action, defaultErrnoRet: 38, syscalls: [rule(action, { errnoRet: 1 })] })).toEqual(
			[],
		);
	});

	test.each([
		"SCMP_ACT_ALLOW",
		"SCMP_ACT_KILL",
		"SCMP_ACT_KILL_PROCESS",
		"SCMP_ACT_KILL_THREAD",
		"SCMP_ACT_LOG",
		"SCMP_ACT_TRAP",
	])("is not taken by %s", (action) => {
		expect(found({ defaultAction: action, defaultErrnoRet: 1, syscalls: [rule(action, { errnoRet: 0 })] })).toEqual([
			"SC-03 $.linux.seccomp.defaultErrnoRet",
			"SC-20 $.linux.seccomp.syscalls[0].errnoRet",
		]);
	});
});

describe("notification", () => {
	const notify = (names: readonly string[]) => ({ syscalls: [{ names, action: "SCMP_ACT_NOTIFY" }] });

	test("needs a listener", () => {
		expect(found(notify(["mkdir"]))).toEqual(["SC-06 $.linux.seccomp.listenerPath"]);
		expect(found({ ...notify(["mkdir"]), listenerPath: "/run/agent.sock", listenerMetadata: "x" })).toEqual([]);
	});

	test.each(["write", "sendmsg"])("is not possible for %s, which the runtime itself needs after the filter", (name) => {
		expect(issues({ ...notify(["mkdir", name]), listenerPath: "/s" })).toMatchObject([
			{
				path: "$.linux.seccomp.syscalls[0].names",
				message: `SCMP_ACT_NOTIFY cannot be used for the ${name} syscall`,
			},
		]);
	});

	test("is not possible by default", () => {
		expect(issues({ defaultAction: "SCMP_ACT_NOTIFY", listenerPath: "/s" })).toMatchObject([
			{ message: "SCMP_ACT_NOTIFY cannot be used as default action" },
		]);
	});

	test("metadata needs a listener", () => {
		expect(found({ listenerMetadata: "x" })).toEqual(["SC-14 $.linux.seccomp.listenerMetadata"]);
	});
});

test("a rule has at least one name", () => {
	expect(issues({ syscalls: [{ names: [], action: "SCMP_ACT_ALLOW" }] })).toMatchObject([
		{ path: "$.linux.seccomp.syscalls[0].names", message: "expected at least one entry; found none" },
	]);
});

test("a system call has six arguments", () => {
	const args = (index: number) => ({
		syscalls: [rule("SCMP_ACT_ALLOW", { args: [{ index, value: 0, op: "SCMP_CMP_EQ" }] })],
	});
	expect(issues(args(5))).toEqual([]);
	expect(issues(args(6))).toMatchObject([{ message: "expected an integer from 0 to 5; found 6" }]);
});

test("names are libseccomp's", () => {
	expect(issues({ architectures: ["x86_64"] })[0]?.message).toMatch(/^invalid seccomp arch "x86_64": expected one of /);
	expect(issues({ flags: ["LOG"] })[0]?.message).toMatch(/^invalid seccomp flag "LOG": expected one of /);
	expect(issues({ syscalls: [rule("ALLOW")] })[0]?.message).toMatch(
		/^invalid seccomp action "ALLOW": expected one of /,
	);
});
