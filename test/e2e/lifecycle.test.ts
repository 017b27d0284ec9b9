/** The life of a container, verb by verb: create, start, state, delete (runtime.md#lifecycle and #operations). */
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { test } from "../support/e2e.js";
import { failed, failureOf, programName } from "../support/failure.js";
import { needs } from "../support/skip.js";
import { awaitStatus, stateOf } from "../support/status.js";
import { waitFor } from "../support/wait.js";

const silent = { status: 0, stdout: "", stderr: "" };

describe("create", () => {
	test("makes everything but does not run the program", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const bundle = makeBundle({
			args: ["/bin/touch", "/ran"],
			patch: ({ root }) => {
				root.readonly = false;
			},
		});
		expect(runtime("create", "--bundle", bundle, id)).toMatchObject(silent);
		const { pid, status } = stateOf(runtime, id);
		expect(status).toBe("created");
		expect(readFileSync(`/proc/${pid}/mountinfo`, "utf8")).toMatch(/ \/sys\/fs\/cgroup /);
		expect(readFileSync(`/proc/${pid}/cgroup`, "utf8")).toContain(id);
		expect(existsSync(join(bundle, "rootfs/ran"))).toBe(false);
		runtime("delete", "--force", id);
		expect(existsSync(join(bundle, "rootfs/ran"))).toBe(false);
	});

	test("leaves the process to the caller's subreaper, in a session of its own", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		const { pid } = stateOf(runtime, id);
		const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/.*\) /s, "").split(" ");
		const [, parent, , session] = fields.map(Number);
		const parentCommand = readFileSync(`/proc/${parent}/cmdline`, "utf8");
		expect({ session, parentCommand }).toEqual({ session: pid, parentCommand: expect.not.stringContaining(id) });
		runtime("delete", "--force", id);
	});

	test("writes a pid file of bare digits, relative to the caller's directory", ({
		runtime,
		makeBundle,
		newId,
		folder,
	}) => {
		const id = newId();
		expect(runtime("create", "--bundle", makeBundle(), "--pid-file", "a.pid", id)).toMatchObject(silent);
		expect(readFileSync(join(folder, "a.pid"), "utf8")).toBe(String(stateOf(runtime, id).pid));
		runtime("delete", "--force", id);
	});

	test("makes the pid file last, and whole", ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun");
		const id = newId();
		const trace = join(folder, "trace");
		const pidFile = join(folder, "pid");
		runtime(`--trace=${trace}`, "create", "--bundle", makeBundle(), "--pid-file", pidFile, id);
		const calls = readFileSync(trace, "utf8")
			.split("\n")
			.filter((line) => line.startsWith("{"))
			.map((line) => JSON.parse(line.replace(/,$/, "")) as { name: string; pid: number; args: { args: string[] } })
			// the runtime's own: what the container's process did before may be written down after
			.filter(({ pid }) => pid !== 1);
		const renamed = calls.findIndex(({ name, args }) => name === "renameat2" && args.args[3] === `"${pidFile}"`);
		expect(renamed).toBeGreaterThan(0);
		const making = ["openat", "mkdirat", "renameat2", "sendmsg", "clone3", "mount"];
		expect(calls.slice(renamed + 1).filter(({ name }) => making.includes(name))).toEqual([]);
		runtime("delete", "--force", id);
	});

	test("leaves nothing when the pid file cannot be written", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const create = runtime("create", "--bundle", makeBundle(), "--pid-file", "none/pid", id);
		expect(failureOf(create)).toEqual(failed(expect.stringMatching(/none\/.*pid.*: no such file or directory$/)));
		expect(failureOf(runtime("state", id))).toEqual(failed("container does not exist"));
	});

	test("refuses an id that is in use and leaves its container alone", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const bundle = makeBundle();
		runtime("create", "--bundle", bundle, id);
		const before = stateOf(runtime, id);
		expect(failureOf(runtime("create", "--bundle", bundle, id))).toEqual(
			failed(`${programName} create failed: container with given ID already exists`),
		);
		expect(stateOf(runtime, id)).toEqual(before);
		runtime("delete", "--force", id);
	});

	test("takes the current directory for the bundle", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const bundle = makeBundle();
		expect(runtime.with({ cwd: bundle }, "create", id)).toMatchObject(silent);
		expect(stateOf(runtime, id).bundle).toBe(bundle);
		runtime("delete", "--force", id);
	});

	test("takes a relative bundle, and a root filesystem that is a link", ({
		runtime,
		makeBundle,
		newId,
		folder,
		skip,
	}) => {
		needs(skip, "tsrun"); // runc refuses the link
		const bundle = makeBundle({
			args: ["/bin/echo", "hello"],
			patch: ({ root }) => {
				root.path = "../link";
			},
		});
		symlinkSync(join(bundle, "rootfs"), join(folder, "link"));
		const relative = bundle.slice(folder.length + 1);
		expect(runtime("run", "--bundle", relative, newId())).toMatchObject({ status: 0, stdout: "hello\n" });
	});

	test("accepts a configuration without process, which start then refuses", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun"); // runc and crun refuse to create it, against runtime.md#start
		const id = newId();
		const bundle = makeBundle({
			patch: (config) => {
				delete (config as { process?: unknown }).process;
			},
		});
		expect(runtime("create", "--bundle", bundle, id)).toMatchObject(silent);
		expect(failureOf(runtime("start", id))).toEqual(
			failed(expect.stringContaining("process is not set in config.json")),
		);
		expect(stateOf(runtime, id).status).toBe("created");
		expect(runtime("delete", id)).toMatchObject(silent);
	});
});

describe("a change of config.json after create", () => {
	test("has no effect on the program, its annotations or later verbs", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const bundle = makeBundle({
			args: ["/bin/echo", "before"],
			patch: (config) => {
				config.annotations = { word: "before" };
			},
		});
		const create = runtime("create", "--bundle", bundle, id);
		const file = join(bundle, "config.json");
		writeFileSync(file, readFileSync(file, "utf8").replaceAll('"before"', '"after"'));
		expect(runtime("start", id).status).toBe(0);
		const { annotations } = await awaitStatus(runtime, id, "stopped");
		expect({ annotations, ...create.later() }).toMatchObject({ annotations: { word: "before" }, stdout: "before\n" });
		expect(runtime("delete", id)).toMatchObject(silent);
	});

	test("does not matter even when the file is gone", async ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun"); // runc's exec reads it again
		const id = newId();
		const bundle = makeBundle();
		runtime("create", "--bundle", bundle, id);
		rmSync(join(bundle, "config.json"));
		expect(runtime("start", id)).toMatchObject(silent);
		expect(runtime("exec", id, "/bin/echo", "hello")).toMatchObject({ status: 0, stdout: "hello\n" });
		expect(runtime("kill", id, "KILL")).toMatchObject(silent);
		await awaitStatus(runtime, id, "stopped");
		expect(runtime("delete", id)).toMatchObject(silent);
	});
});

describe("start", () => {
	test("runs the program, in the process that create made", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const create = runtime("create", "--bundle", makeBundle({ args: ["/probe", "print-ready-then-wait"] }), id);
		const { pid } = stateOf(runtime, id);
		expect(runtime("start", id)).toMatchObject(silent);
		await waitFor(() => create.later().stdout === "ready\n", { what: "the program to speak" });
		expect(stateOf(runtime, id)).toMatchObject({ status: "running", pid });
		runtime("delete", "--force", id);
	});

	test("refuses a running container and leaves it alone", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle(), id);
		const before = stateOf(runtime, id);
		expect(failureOf(runtime("start", id))).toEqual(failed("cannot start an already running container"));
		expect(stateOf(runtime, id)).toEqual(before);
		runtime("delete", "--force", id);
	});

	test("refuses a stopped container", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ args: ["/bin/true"] }), id);
		await awaitStatus(runtime, id, "stopped");
		expect(failureOf(runtime("start", id))).toEqual(failed("cannot start a container that has stopped"));
		expect(stateOf(runtime, id).status).toBe("stopped");
		runtime("delete", id);
	});

	test("refuses an unknown container", ({ runtime, newId }) => {
		expect(failureOf(runtime("start", newId()))).toEqual(failed("container does not exist"));
	});
});

describe("state", () => {
	test("prints the members that callers know, in their order", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const bundle = makeBundle({
			patch: (config) => {
				config.annotations = { "org.example.b": "2", "org.example.a": "<1>" };
			},
		});
		runtime("create", "--bundle", bundle, id);
		const { stdout } = runtime("state", id);
		const state = JSON.parse(stdout);
		expect(Object.keys(state)).toEqual([
			"ociVersion",
			"id",
			"pid",
			"status",
			"bundle",
			"rootfs",
			"created",
			"annotations",
			"owner",
		]);
		expect(state).toEqual({
			ociVersion: expect.stringMatching(/^\d+\.\d+\.\d+/),
			id,
			pid: expect.any(Number),
			status: "created",
			bundle,
			rootfs: join(bundle, "rootfs"),
			created: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z$/),
			annotations: { "org.example.a": "<1>", "org.example.b": "2" },
			owner: "",
		});
		// as Go's encoding/json indents and escapes it
		expect(stdout).toContain(`{\n  "ociVersion": "`);
		expect(stdout).toContain("\\u003c1\\u003e");
		runtime("delete", "--force", id);
	});

	test("leaves annotations out when there are none", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		expect(stateOf(runtime, id)).not.toHaveProperty("annotations");
		runtime("delete", "--force", id);
	});

	test("goes from created by running to stopped, with the pid until then", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		const created = stateOf(runtime, id);
		runtime("start", id);
		expect(stateOf(runtime, id)).toEqual({ ...created, status: "running" });
		runtime("kill", id, "KILL");
		expect(await awaitStatus(runtime, id, "stopped")).toEqual({ ...created, status: "stopped", pid: 0 });
		runtime("delete", id);
	});

	test("says creating while the hooks of create run", ({ runtime, makeBundle, newId, folder }) => {
		const id = newId();
		const told = join(folder, "state.json");
		const bundle = makeBundle({
			patch: (config) => {
				config.hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", `cat > ${told}`] }] };
			},
		});
		runtime("create", "--bundle", bundle, id);
		const { pid } = stateOf(runtime, id);
		expect(JSON.parse(readFileSync(told, "utf8"))).toMatchObject({ id, pid, bundle, status: "creating" });
		runtime("delete", "--force", id);
	});

	test("refuses an unknown container", ({ runtime, newId }) => {
		expect(failureOf(runtime("state", newId()))).toEqual(failed("container does not exist"));
	});
});
