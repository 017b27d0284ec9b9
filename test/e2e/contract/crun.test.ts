/** What callers of crun have besides, with its meaning: `--config`, and the groups of the caller. */
import { chmodSync, chownSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../../support/bundle.js";
import { test } from "../../support/e2e.js";
import { needs } from "../../support/skip.js";
import { awaitStatus } from "../../support/status.js";

const silent = { status: 0, stdout: "", stderr: "" };

describe("--config", () => {
	for (const flag of ["--config", "-f"]) {
		test(`is read in place of config.json, from the caller's directory: ${flag}`, ({
			runtime,
			makeBundle,
			newId,
			folder,
			skip,
		}) => {
			needs(skip, "tsrun"); // crun's alone
			const bundle = makeBundle({ args: ["/bin/echo", "of another place"] });
			renameSync(join(bundle, "config.json"), join(folder, "other.json"));
			const run = runtime.with({ cwd: folder }, "run", "--bundle", bundle, flag, "other.json", newId());
			expect(run).toMatchObject({ status: 0, stdout: "of another place\n", stderr: "" });
		});
	}

	test("is the container's for good: exec and start go by it", async ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun"); // crun's alone
		const id = newId();
		const bundle = makeBundle({ args: ["/bin/false"] });
		const other = join(folder, "other.json");
		const config = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8")) as BaseConfig;
		config.process.args = ["/bin/echo", "of the other"];
		config.process.env.push("WHICH=other");
		writeFileSync(other, JSON.stringify(config));
		const create = runtime("create", "--bundle", bundle, `--config=${other}`, id);
		expect(create).toMatchObject(silent);
		expect(runtime("exec", id, "/bin/sh", "-c", "echo $WHICH")).toMatchObject({ status: 0, stdout: "other\n" });
		expect(runtime("start", id)).toMatchObject(silent);
		await awaitStatus(runtime, id, "stopped");
		expect(create.later().stdout).toBe("of the other\n");
		expect(runtime("delete", id)).toMatchObject(silent);
	});

	test("that is not there is named, whatever the bundle has", ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun"); // crun's alone
		const create = runtime("create", "--bundle", makeBundle(), "--config", "none.json", newId());
		expect(create).toMatchObject({
			status: 1,
			stderr: `tsrun create failed: JSON specification file ${folder}/none.json not found\n`,
		});
	});
});

describe("--cgroup-manager", () => {
	test("disabled leaves the container in its caller's cgroups, for its whole life", ({
		runtime,
		makeBundle,
		newId,
		skip,
	}) => {
		needs(skip, "tsrun"); // crun's alone
		const id = newId();
		const call = (...args: string[]) => runtime("--cgroup-manager", "disabled", ...args);
		const bundle = makeBundle({
			patch: ({ linux }) => {
				linux.resources = {};
			},
		});
		const cgroupsOf = (pid: string) => readFileSync(`/proc/${pid}/cgroup`, "utf8");
		expect(call("run", "--detach", "--bundle", bundle, id)).toMatchObject(silent);
		expect(cgroupsOf(JSON.parse(runtime("state", id).stdout).pid)).toBe(cgroupsOf("self"));
		expect(call("exec", id, "/bin/true")).toMatchObject(silent);
		expect(call("kill", id, "KILL")).toMatchObject(silent);
		expect(call("delete", "--force", id)).toMatchObject(silent);
	});

	test("disabled makes limits an error", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun"); // crun's alone
		const bundle = makeBundle({
			patch: ({ linux }) => {
				linux.resources = { pids: { limit: 20 } };
			},
		});
		const run = runtime("--cgroup-manager=disabled", "run", "--bundle", bundle, newId());
		expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining("cannot set limits without cgroups\n") });
	});

	test("cgroupfs is as without it, systemd as --systemd-cgroup; another is refused", ({
		runtime,
		makeBundle,
		newId,
		skip,
	}) => {
		needs(skip, "tsrun"); // crun's alone
		const bundle = makeBundle({ args: ["/bin/true"] });
		const run = (...flags: string[]) => runtime(...flags, "run", "--bundle", bundle, newId());
		expect(run("--cgroup-manager", "cgroupfs")).toMatchObject(silent);
		expect(run("--cgroup-manager", "systemd").stderr).toBe(run("--systemd-cgroup").stderr);
		expect(run("--cgroup-manager", "nobody")).toMatchObject({
			status: 1,
			stderr: expect.stringContaining("it is cgroupfs, systemd or disabled"),
		});
	});
});

describe("run.oci.keep_original_groups", () => {
	const keeping = (config: BaseConfig) => {
		config.annotations = { "run.oci.keep_original_groups": "1" };
		config.process.user = { uid: 0, gid: 0, additionalGids: [7] };
	};

	const groupsOf = (stdout: string): number[] => JSON.parse(stdout).groups;

	test("leaves the caller's groups to the program and to exec", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun"); // crun's alone
		const id = newId();
		const through = ["setpriv", "--groups", "41,42"];
		const program = ["/probe", "id"];
		const run = runtime.with({ through }, "run", "--bundle", makeBundle({ args: program, patch: keeping }), newId());
		expect(groupsOf(run.stdout)).toEqual([41, 42]);
		runtime("create", "--bundle", makeBundle({ patch: keeping }), id);
		expect(groupsOf(runtime.with({ through }, "exec", id, ...program).stdout)).toEqual([41, 42]);
		runtime("delete", "--force", id);
	});

	test("lets the program reach files through a group that its namespace does not map", ({
		runtime,
		makeBundle,
		newId,
		folder,
		skip,
	}) => {
		needs(skip, "tsrun"); // crun's alone
		const group = 41;
		const file = join(folder, "file");
		writeFileSync(file, "for the group\n");
		chownSync(file, 0, group);
		chmodSync(file, 0o640);
		const read = (annotations: Record<string, string>) => {
			const bundle = makeBundle({
				args: ["/bin/cat", "/mnt/file"],
				files: { "mnt/file": "" },
				patch: (config) => {
					const mapping = { containerID: 0, hostID: 200_000, size: 65_536 };
					config.annotations = annotations;
					config.process.user = { uid: 1000, gid: 1000 };
					config.linux.namespaces.push({ type: "user" });
					config.linux.uidMappings = [mapping];
					config.linux.gidMappings = [mapping];
					config.mounts.push({ destination: "/mnt/file", source: file, options: ["bind"] });
				},
			});
			const through = ["setpriv", "--groups", String(group)];
			return runtime.with({ through }, "run", "--bundle", bundle, newId());
		};
		expect(read({ "run.oci.keep_original_groups": "1" })).toMatchObject({ status: 0, stdout: "for the group\n" });
		expect(read({})).toMatchObject({ status: 1, stdout: "" });
	});
});
