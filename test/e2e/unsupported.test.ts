/** What a configuration may ask for and this version does not do is an error, not a container without it. */
import { describe, expect } from "vitest";
import { test } from "../support/e2e.js";
import { failureOf } from "../support/failure.js";
import { describeLeaks, findLeaks } from "../support/leaks.js";
import { needs } from "../support/skip.js";

describe("create refuses", () => {
	test("--systemd-cgroup", ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun");
		const run = runtime("--systemd-cgroup", "create", "--bundle", makeBundle(), newId());
		expect(failureOf(run)).toMatchObject({
			status: 1,
			message: expect.stringContaining("the systemd cgroup driver is not part of this version"),
		});
		expect(describeLeaks(findLeaks(folder))).toEqual([]);
	});
});
