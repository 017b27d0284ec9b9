/** What a cgroup above the container's, or below it, does to the start of a process: no wait, and no wrong place. */
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect } from "vitest";
import { shell } from "../support/container.js";
import { test } from "../support/e2e.js";
import { failureOf } from "../support/failure.js";
import { needs } from "../support/skip.js";
import { waitFor } from "../support/wait.js";

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

test("a container that has given controllers to a cgroup of its own, as with systemd in it, can be entered there", async ({
	runtime,
	makeBundle,
	newId,
	skip,
}) => {
	needs(skip, "cgroup v2");
	const [id, own] = [newId(), "/sys/fs/cgroup"];
	const bundle = makeBundle({
		args: shell(
			`mkdir ${own}/inner; echo 1 >${own}/inner/cgroup.procs; echo +memory >${own}/cgroup.subtree_control; exec /probe sleep`,
		),
		patch: ({ mounts, linux }) => {
			linux.namespaces.push({ type: "cgroup" });
			mounts.push({ destination: own, type: "cgroup", source: "cgroup", options: ["nosuid", "noexec", "nodev"] });
		},
	});
	expect(runtime("run", "--detach", "--bundle", bundle, id)).toMatchObject({ status: 0, stderr: "" });
	const place = (...flags: string[]) => runtime("exec", ...flags, id, "/probe", "read", "/proc/self/cgroup");
	await waitFor(() => place().stdout === "0::/inner\n", { what: "the container to have moved" });
	expect(place()).toMatchObject({ status: 0, stdout: "0::/inner\n", stderr: "" });
	expect(place("--cgroup", "inner")).toMatchObject({ status: 0, stdout: "0::/inner\n" });
	const { status, message } = failureOf(place("--cgroup", "/"));
	expect({ status, message }).toEqual({
		status: 255,
		message: expect.stringMatching(/ adding pid \d+ to cgroups: .*\/cgroup\.procs: device or resource busy/),
	});
	expect(failureOf(place("--cgroup", "nonexistent")).message).toMatch(
		/ adding pid \d+ to cgroups: .*\/nonexistent\/cgroup\.procs: no such file/,
	);
	expect(runtime("delete", "--force", id)).toMatchObject({ status: 0, stderr: "" });
});
