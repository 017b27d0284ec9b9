/** What a configuration may ask for and this version does not do is an error, not a container without it. */
import { existsSync } from "node:fs";
import { describe, expect } from "vitest";
import { test } from "../support/e2e.js";
import { failureOf } from "../support/failure.js";
import { describeLeaks, findLeaks } from "../support/leaks.js";
import { needs } from "../support/skip.js";

describe("create refuses", () => {
	test("--systemd-cgroup where systemd is not the init", ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun");
		if (existsSync("/run/systemd/system")) skip("systemd is the init");
		const run = runtime("--systemd-cgroup", "create", "--bundle", makeBundle(), newId());
		expect(failureOf(run)).toMatchObject({
			status: 1,
			message: expect.stringContaining("systemd not running on this host, cannot use systemd cgroups manager"),
		});
		expect(describeLeaks(findLeaks(folder))).toEqual([]);
	});
});
