/** What a cgroup above the container's does to its start: create says so instead of waiting. */
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect } from "vitest";
import { test } from "../support/e2e.js";
import { failureOf } from "../support/failure.js";
import { needs } from "../support/skip.js";

test("a frozen parent is refused at once", ({ runtime, makeBundle, newId, folder, skip }) => {
	// runc waits for the process, which the freezer holds
	needs(skip, "tsrun");
	needs(skip, "cgroup v1");
	const parent = basename(folder);
	const freezer = join("/sys/fs/cgroup/freezer", parent);
	mkdirSync(freezer);
	try {
		writeFileSync(join(freezer, "freezer.state"), "FROZEN");
		const bundle = makeBundle({
			patch: ({ linux }) => {
				linux.cgroupsPath = `/${parent}/inner`;
			},
		});
		const { status, message } = failureOf(runtime("create", "--bundle", bundle, newId()));
		expect(status).toBe(1);
		expect(message).toContain("container's cgroup unexpectedly frozen");
	} finally {
		writeFileSync(join(freezer, "freezer.state"), "THAWED");
		// cgroups above the container's are nobody's to remove but ours
		for (const hierarchy of readdirSync("/sys/fs/cgroup")) {
			const path = join("/sys/fs/cgroup", hierarchy, parent);
			if (existsSync(path)) rmdirSync(path);
		}
	}
});

test("a memory limit in which the first process cannot live is named", ({ runtime, makeBundle, newId, skip }) => {
	needs(skip, "tsrun");
	const bundle = makeBundle({
		patch: ({ linux }) => {
			linux.resources = { ...linux.resources, memory: { limit: 4096 } };
		},
	});
	const { status, message } = failureOf(runtime("create", "--bundle", bundle, newId()));
	expect(status).toBe(1);
	expect(message).toContain("container init was OOM-killed (memory limit too low?)");
});
