/** What the machine or the caller must provide and does not: ids, namespaces, cgroups, rights, places to write. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { test } from "../support/container.js";
import { failed, failureOf, programName } from "../support/failure.js";
import { containersIn } from "../support/leaks.js";
import { probe, runtimeProgram } from "../support/paths.js";
import { refusal } from "../support/refusal.js";
import { needs } from "../support/skip.js";
import { waitFor } from "../support/wait.js";

const prefix = `${programName} create failed: `;

describe("an id is refused that", () => {
	for (const [what, id] of [
		["is empty", ""],
		["leads elsewhere", "../x"],
		["is a path", "a/b"],
		["is .", "."],
		["is ..", ".."],
		["has a blank", "a b"],
		["has letters beyond ASCII", "ä"],
		["is too long for a file name", "x".repeat(300)],
		["has tsrun's own mark", "a~b"],
	] as const) {
		test(what, ({ runtime, makeBundle, folder, skip }) => {
			if (id === "" || id.length > 255) needs(skip, "tsrun"); // runc says something else
			const bundle = makeBundle();
			for (const verb of [["create", "--bundle", bundle], ["state"], ["kill"], ["delete", "--force"]]) {
				const refused = refusal(runtime, folder, ...verb, "--", id);
				expect(refused).toMatchObject({
					status: 1,
					stdout: "",
					message: expect.stringMatching(/invalid container ID format$/),
				});
				if (programName === "tsrun") {
					expect(refused.line).toMatchObject({
						id: "id-invalid",
						object: id,
						hint: expect.stringContaining("A-Z a-z 0-9"),
					});
				}
			}
			expect(containersIn(runtime.root)).toEqual([]);
		});
	}
});

describe("an id is allowed that", () => {
	test("has every character there is", ({ runtime, makeBundle, newId }) => {
		const id = `${newId()}.a-Z_0+9`;
		expect(runtime("run", "--bundle", makeBundle({ args: ["/bin/true"] }), id)).toMatchObject({
			status: 0,
			stderr: "",
		});
	});
});

describe("a namespace path is refused that", () => {
	const joining = (path: string) => (config: BaseConfig) => {
		config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "network");
		config.linux.namespaces.push({ type: "network", path });
	};
	for (const [what, path, message, hint] of [
		["is missing", "/none/net", 'open network namespace "/none/net": no such file or directory', /still alive/],
		["is no namespace", "/etc/passwd", 'open network namespace "/etc/passwd": it is not a namespace file', /ns\/net$/],
		["is a directory", "/etc", 'open network namespace "/etc": it is not a namespace file', /ns\/net$/],
		[
			"is of another type",
			"/proc/self/ns/uts",
			'join network namespace "/proc/self/ns/uts": invalid argument',
			/network namespace/,
		],
	] as const) {
		test(what, ({ runtime, makeBundle, newId, folder }) => {
			const bundle = makeBundle({ patch: joining(path) });
			const call = runtime("create", "--bundle", bundle, newId());
			expect(call.status).toBe(1);
			if (programName !== "tsrun") return;
			const refused = refusal(runtime, folder, "create", "--bundle", bundle, newId());
			expect(refused.message).toBe(prefix + message);
			expect(refused.line).toMatchObject({ id: "namespace-path", object: path, hint: expect.stringMatching(hint) });
		});
	}
});

describe("a cgroup is refused that", () => {
	/** A cgroup of the pids hierarchy, or of the only one. */
	function makeCgroup(hierarchy: string, name: string): string {
		const path = join(existsSync(hierarchy) ? hierarchy : "/sys/fs/cgroup", name);
		mkdirSync(path);
		return path;
	}

	const at = (path: string) => (config: BaseConfig) => {
		config.linux.cgroupsPath = path;
	};

	test("would lie in a file", ({ runtime, makeBundle, newId, folder }) => {
		const bundle = makeBundle({ patch: at("/cgroup.procs/x") });
		const refused = refusal(runtime, folder, "create", "--bundle", bundle, newId());
		expect(refused).toMatchObject({ status: 1, message: expect.stringMatching(/\/cgroup\.procs.*: not a directory$/) });
		if (programName !== "tsrun") return;
		expect(refused.message).toMatch(/: mkdir "\/sys\/fs\/cgroup\/.*cgroup\.procs.*"/);
		expect(refused.line).toMatchObject({ id: "cgroup-failed", object: expect.stringContaining("cgroup.procs") });
	});

	test("holds processes of somebody else", async ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun"); // runc 1.1 warns only
		const name = `${basename(folder)}-busy`;
		const cgroup = makeCgroup("/sys/fs/cgroup/pids", name);
		const other = spawn(probe, ["sleep"], { env: { TSRUN_E2E: folder }, stdio: "ignore" });
		writeFileSync(join(cgroup, "cgroup.procs"), String(other.pid));
		const bundle = makeBundle({ patch: at(`/${name}`) });
		const refused = refusal(runtime, folder, "create", "--bundle", bundle, newId());
		expect(refused).toMatchObject({
			status: 1,
			message: `${prefix}container's cgroup is not empty: 1 process(es) found`,
			line: { id: "cgroup-in-use", object: cgroup, hint: expect.stringContaining("cgroupsPath") },
		});
		expect(readFileSync(join(cgroup, "cgroup.procs"), "utf8")).toBe(`${other.pid}\n`);
		other.kill("SIGKILL");
		await once(other, "exit");
		await waitFor(() => readFileSync(join(cgroup, "cgroup.procs"), "utf8") === "", { what: "the cgroup to be empty" });
		rmdirSync(cgroup);
	});

	test("is frozen, at once and not by hanging", ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "cgroup v1");
		const name = `${basename(folder)}-frozen`;
		const cgroup = makeCgroup("/sys/fs/cgroup/freezer", name);
		writeFileSync(join(cgroup, "freezer.state"), "FROZEN");
		const bundle = makeBundle({ patch: at(`/${name}`) });
		const refused = refusal(runtime, folder, "create", "--bundle", bundle, newId());
		expect(refused).toMatchObject({ status: 1, message: `${prefix}container's cgroup unexpectedly frozen` });
		expect(readFileSync(join(cgroup, "freezer.state"), "utf8")).toBe("FROZEN\n");
		rmdirSync(cgroup);
	});

	test("is frozen, also with version 2", ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "cgroup v2");
		const name = `${basename(folder)}-frozen`;
		const cgroup = makeCgroup("/sys/fs/cgroup", name);
		writeFileSync(join(cgroup, "cgroup.freeze"), "1");
		const bundle = makeBundle({ patch: at(`/${name}`) });
		const refused = refusal(runtime, folder, "create", "--bundle", bundle, newId());
		expect(refused).toMatchObject({ status: 1, message: `${prefix}container's cgroup unexpectedly frozen` });
		rmdirSync(cgroup);
	});
});

describe("without privileges", () => {
	const nobody = 65534;

	/** The runtime as a user that owns nothing but a state directory. */
	function asNobody(folder: string, ...args: string[]) {
		const root = join(folder, "own-state");
		mkdirSync(root, { recursive: true });
		chownSync(root, nobody, nobody);
		const env = { PATH: process.env.PATH, TSRUN_E2E: folder };
		const options = { uid: nobody, gid: nobody, env, cwd: "/", encoding: "utf8", timeout: 20_000 } as const;
		const end = spawnSync(runtimeProgram, ["--root", root, ...args], options);
		return { failure: failureOf(end), left: containersIn(root) };
	}

	test("a container without a user namespace is refused, and told what helps", ({ makeBundle, newId, folder }) => {
		const { failure, left } = asNobody(folder, "create", "--bundle", makeBundle(), newId());
		expect(failure).toEqual(failed(`${prefix}rootless container requires user namespaces`));
		expect(left).toEqual([]);
	});

	test("a config.json that may not be read is named", ({ makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun"); // runc words it by Go
		const bundle = makeBundle();
		execFileSync("chmod", ["600", join(bundle, "config.json")]);
		const { failure, left } = asNobody(folder, "create", "--bundle", bundle, newId());
		expect(failure).toEqual(failed(`${prefix}read "${bundle}/config.json": permission denied`));
		expect(left).toEqual([]);
	});

	test("a bundle that may not be entered is named", ({ makeBundle, newId, folder }) => {
		const bundle = makeBundle();
		execFileSync("chmod", ["700", bundle]);
		const { failure } = asNobody(folder, "create", "--bundle", bundle, newId());
		expect(failure).toEqual(failed(`${prefix}chdir ${bundle}: permission denied`));
	});

	test("the default state directory is out of reach", ({ makeBundle, newId, skip }) => {
		needs(skip, "tsrun"); // runc's is another
		const options = { uid: nobody, gid: nobody, env: {}, cwd: "/", encoding: "utf8" } as const;
		const end = spawnSync(runtimeProgram, ["create", "--bundle", makeBundle(), newId()], options);
		expect(failureOf(end)).toEqual(
			failed(
				expect.stringMatching(/^tsrun create failed: make state directory "\/run\/tsrun\/.*": permission denied$/),
			),
		);
	});
});

describe("a state directory is refused that", () => {
	test("lies on a read-only file system", ({ runtime, makeBundle, newId, folder, mountOnHost }) => {
		const place = join(folder, "read-only");
		mountOnHost(place, ["ro"]);
		const id = newId();
		const root = ["--root", join(place, "state")];
		const refused = refusal(runtime, folder, ...root, "create", "--bundle", makeBundle(), id);
		expect(refused).toMatchObject({ status: 1, message: expect.stringMatching(/read-only file system$/) });
		if (programName !== "tsrun") return;
		expect(refused.message).toBe(`${prefix}make state directory "${place}/state/${id}": read-only file system`);
		expect(refused.line).toMatchObject({ id: "state-failed", hint: expect.stringContaining("--root") });
		expect(runtime(...root, "delete", "--force", id)).toMatchObject({ status: 0, stderr: "" });
	});

	test("lies below a file", ({ runtime, makeBundle, newId, folder }) => {
		const bundle = makeBundle();
		const root = ["--root", join(bundle, "config.json/state")];
		const refused = refusal(runtime, folder, ...root, "create", "--bundle", bundle, newId());
		expect(refused).toMatchObject({ status: 1, message: expect.stringMatching(/not a directory$/) });
	});

	for (const root of ["", "/"]) {
		test(`is ${JSON.stringify(root)}`, ({ runtime, folder, skip }) => {
			needs(skip, "tsrun"); // runc takes both
			const refused = refusal(runtime, folder, "--root", root, "list");
			expect(refused).toMatchObject({ status: 1, message: `option --root must not be ${JSON.stringify(root)}` });
		});
	}
});
