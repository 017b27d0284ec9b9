/** What a configuration may ask for and this version does not do is an error, not a container without it. */
import { describe, expect } from "vitest";
import type { Config } from "../../src/spec/types.js";
import { test } from "../support/e2e.js";
import { failureOf } from "../support/failure.js";
import { describeLeaks, findLeaks } from "../support/leaks.js";
import { needs } from "../support/skip.js";

describe("create refuses", () => {
	for (const [what, linux] of [
		["linux.intelRdt: Intel RDT is not part of this version", { intelRdt: { closID: "guaranteed" } }],
	] as const satisfies [string, Config["linux"]][]) {
		test(what, ({ runtime, makeBundle, newId, folder, skip }) => {
			needs(skip, "tsrun");
			const bundle = makeBundle({ patch: (config) => Object.assign(config.linux, linux) });
			const { status, stdout, message } = failureOf(runtime("create", "--bundle", bundle, newId()));
			expect({ status, stdout, message }).toEqual({ status: 1, stdout: "", message: `tsrun create failed: ${what}` });
			expect(describeLeaks(findLeaks(folder))).toEqual([]);
		});
	}

	test("--systemd-cgroup", ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun");
		const run = runtime("--systemd-cgroup", "create", "--bundle", makeBundle(), newId());
		expect(failureOf(run)).toMatchObject({
			status: 1,
			message: expect.stringContaining("the systemd cgroup driver is not part of this version"),
		});
		expect(describeLeaks(findLeaks(folder))).toEqual([]);
	});

	test("nothing for an empty list of network devices", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun");
		const bundle = makeBundle({
			args: ["/probe", "exit", "0"],
			patch: (config) => Object.assign(config.linux, { netDevices: {} }),
		});
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "", stderr: "" });
	});
});
