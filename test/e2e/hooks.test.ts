/** Hooks: when, where, with what, and what becomes of the container when one fails (config.md#posix-platform-hooks). */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { Hook, Hooks } from "../../src/spec/types.js";
import type { BaseConfig } from "../support/bundle.js";
import { diaryIn, type HookKind as Kind, hookKinds as kinds } from "../support/diary.js";
import { test as base } from "../support/e2e.js";
import { probe } from "../support/paths.js";
import { needs } from "../support/skip.js";
import { waitFor } from "../support/wait.js";

const test = base
	.extend("diary", ({ folder }) => diaryIn(folder))
	/** Hooks as configured, in a bundle that has the diary at /diary. */
	.extend(
		"bundleWith",
		({ makeBundle, diary }) =>
			(hooks: Hooks, args = ["/probe", "sleep"], patch = (_: BaseConfig) => {}) =>
				makeBundle({
					args,
					patch: (config) => {
						config.hooks = hooks;
						config.mounts.push({ destination: "/diary", source: diary.directory, options: ["bind"] });
						patch(config);
					},
				}),
	);

const sh = (script: string, more: Partial<Hook> = {}): Hook => ({
	path: "/bin/sh",
	args: ["sh", "-c", script],
	...more,
});

/** A text log quotes what a plain message does not. */
const plain = (stderr: string) => stderr.replaceAll('\\"', '"');

describe("hooks", () => {
	test("get exactly the arguments and the environment that are given", ({ runtime, bundleWith, newId, diary }) => {
		const both = (kind: Kind): Hook[] => {
			const { path, args = [] } = diary.hook(kind, "not the path");
			return [
				{ path, args: [...args, "0"], env: ["A=1", "B=", "C=x=y z"] },
				{ path, args, env: ["NONE="] },
			];
		};
		const hooks = Object.fromEntries(kinds.map((kind) => [kind, both(kind)]));
		runtime.with({ env: { CALLERS: "1" } }, "run", "--bundle", bundleWith(hooks, ["/bin/true"]), newId());
		expect(diary.lines()).toHaveLength(12);
		for (const [index, { argv, env }] of diary.lines().entries()) {
			expect(argv[0]).toBe("not the path");
			expect(argv.slice(3)).toEqual(index % 2 === 0 ? ["0", "0"] : ["0"]);
			expect(env).toEqual(index % 2 === 0 ? ["A=1", "B=", "C=x=y z"] : ["NONE="]);
		}
	});

	// runc's are in the caller's directory
	test("start in the bundle, and in the container's root once that is theirs", ({
		runtime,
		bundleWith,
		newId,
		diary,
		skip,
	}) => {
		needs(skip, "tsrun");
		const bundle = bundleWith(Object.fromEntries(kinds.map((kind) => [kind, [diary.hook(kind)]])), ["/bin/true"]);
		runtime("run", "--bundle", bundle, newId());
		expect(diary.lines().map(({ cwd }) => cwd)).toEqual([bundle, bundle, bundle, "/", bundle, bundle]);
	});

	// runc 1.1 leaves descriptors to those of startContainer
	test("find three descriptors and no others", ({ runtime, bundleWith, newId, diary, skip }) => {
		needs(skip, "tsrun");
		const hooks = Object.fromEntries(kinds.map((kind) => [kind, [diary.hook(kind)]]));
		runtime("run", "--bundle", bundleWith(hooks, ["/bin/true"]), newId());
		expect(diary.lines().map(({ fds }) => Object.keys(fds))).toEqual(kinds.map(() => ["0", "1", "2"]));
	});

	test("of startContainer run as the user of the process", ({ runtime, bundleWith, newId, diary }) => {
		const bundle = bundleWith({ startContainer: [diary.hook("startContainer")] }, ["/bin/true"], ({ process }) => {
			process.user = { uid: 1234, gid: 1234 };
		});
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stderr: "" });
		expect(diary.lines()[0]?.uid).toBe(1234);
	});

	test("that do not read their input get along with a large state", ({ runtime, bundleWith, newId, diary }) => {
		const text = "x".repeat(400_000);
		const bundle = bundleWith(
			{ createRuntime: [{ path: "/bin/true" }, diary.hook("createRuntime")], createContainer: [{ path: "/bin/true" }] },
			["/bin/true"],
			(config) => {
				config.annotations = { text };
			},
		);
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stderr: "" });
		expect(diary.lines()[0]?.state.annotations).toEqual({ text });
	});

	test("that write a lot are no trouble", ({ runtime, bundleWith, newId }) => {
		const flood: Hook = { path: probe, args: ["probe", "flood", "3000000"] };
		const bundle = bundleWith({ createRuntime: [flood], createContainer: [flood], poststop: [flood] }, ["/bin/true"]);
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "", stderr: "" });
	});

	// runc waits for the end of the hook's output
	test("may leave a process behind that keeps their output open", async ({
		runtime,
		bundleWith,
		newId,
		folder,
		skip,
	}) => {
		needs(skip, "tsrun");
		const pidFile = join(folder, "pid");
		const mark = [`TSRUN_E2E=${folder}`, "PATH=/bin:/usr/bin"];
		const bundle = bundleWith({ createRuntime: [sh(`sleep 1000 & echo $! > ${pidFile}`, { env: mark })] }, [
			"/bin/true",
		]);
		expect(runtime("run", "--bundle", bundle, newId()).status).toBe(0);
		process.kill(Number(readFileSync(pidFile, "utf8")), "SIGKILL");
	});

	test("of a user namespace's container run in it where the others' namespaces are theirs", ({
		runtime,
		makeBundle,
		newId,
		diary,
	}) => {
		const map = (name: string) => join(diary.directory, name);
		const note = (name: string): Hook => sh(`cat /proc/self/uid_map > ${map(name)}`, { env: ["PATH=/bin:/usr/bin"] });
		const bundle = makeBundle({
			args: ["/bin/true"],
			patch: (config) => {
				config.hooks = { createRuntime: [note("runtime")], createContainer: [note("container")] };
				config.linux.namespaces.push({ type: "user" });
				config.linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 1000 }];
				config.linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 1000 }];
			},
		});
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stderr: "" });
		expect(readFileSync(map("runtime"), "utf8")).toBe(readFileSync("/proc/self/uid_map", "utf8"));
		expect(readFileSync(map("container"), "utf8").trim().split(/\s+/)).toEqual(["0", "100000", "1000"]);
	});
});

describe("a hook that fails", () => {
	const failing = (kind: Kind) => sh(`echo "${kind} says why"; echo more >&2; exit 3`, { env: ["PATH=/bin"] });

	test.for(["prestart", "createRuntime", "createContainer"] as const)(
		"of %s fails create, which leaves nothing and runs poststop",
		(kind, { runtime, bundleWith, newId, diary, folder }) => {
			const id = newId();
			const hooks = {
				[kind]: [diary.hook(kind), failing(kind), diary.hook(kind, "too far")],
				poststop: [diary.hook("poststop")],
			};
			const pidFile = join(folder, "pid");
			const created = runtime("create", "--pid-file", pidFile, "--bundle", bundleWith(hooks), id);
			expect(created.status).toBe(1);
			expect(created.stdout).toBe("");
			expect(plain(created.stderr)).toMatch(/error running .*hook #1: .*exit status 3.*says why/);
			expect(diary.names()).toEqual([kind, "poststop"]);
			expect(diary.lines()[1]?.state).toMatchObject({ id, status: "stopped" });
			expect(runtime("state", id).status).toBe(1);
			expect(existsSync(pidFile)).toBe(false);
		},
	);

	test("is told with its kind and all that it said", ({ runtime, bundleWith, newId, skip }) => {
		needs(skip, "tsrun");
		const { stderr } = runtime(
			"create",
			"--bundle",
			bundleWith({ createRuntime: [failing("createRuntime")] }),
			newId(),
		);
		expect(stderr).toBe(
			'tsrun create failed: error running createRuntime hook #0: exit status 3, output: "createRuntime says why\\nmore"\n',
		);
	});

	test("is told with the end of what it said when that is long", ({ runtime, bundleWith, newId, skip }) => {
		needs(skip, "tsrun");
		const hook = sh(`${probe} flood 3000000; echo the reason; exit 1`);
		const { stderr } = runtime("create", "--bundle", bundleWith({ createContainer: [hook] }), newId());
		expect(stderr).toMatch(/error running createContainer hook #0: exit status 1, output: ".*the reason"\n$/);
		expect(stderr.length).toBeLessThan(3000);
	});

	// the specification's version 1.3; runc leaves a stopped container
	test.for(["startContainer", "poststart"] as const)(
		"of %s fails start, which ends and destroys the container",
		(kind, { runtime, bundleWith, newId, diary, skip }) => {
			needs(skip, "tsrun");
			const id = newId();
			const hooks = {
				[kind]: [diary.hook(kind), failing(kind), diary.hook(kind, "too far")],
				poststop: [diary.hook("poststop")],
			};
			runtime("create", "--bundle", bundleWith(hooks), id);
			const started = runtime("start", id);
			expect(started.status).toBe(1);
			expect(started.stderr).toMatch(
				new RegExp(`error running ${kind} hook #1: exit status 3, output: "${kind} says why`),
			);
			expect(diary.names()).toEqual([kind, "poststop"]);
			expect(runtime("state", id).stderr).toContain("does not exist");
		},
	);

	test.for(["createContainer", "startContainer", "poststart"] as const)(
		"of %s fails run",
		(kind, { runtime, bundleWith, newId, diary }) => {
			const id = newId();
			const bundle = bundleWith({ [kind]: [failing(kind)], poststop: [diary.hook("poststop")] });
			const run = runtime("run", "--bundle", bundle, id);
			expect(run.status).toBe(1);
			expect(plain(run.stderr)).toMatch(/error running .*hook #0: .*exit status 3/);
			expect(diary.names()).toEqual(["poststop"]);
			expect(runtime("state", id).status).toBe(1);
		},
	);

	// with runc 1.1 it is an error, and the others do not run
	test("of poststop is a warning, and the others run", ({ runtime, bundleWith, newId, diary, skip }) => {
		needs(skip, "tsrun");
		const id = newId();
		const hooks = {
			poststop: [diary.hook("poststop", "first", 7), failing("poststop"), diary.hook("poststop", "last")],
		};
		runtime("run", "--detach", "--bundle", bundleWith(hooks), id);
		const deleted = runtime("delete", "--force", id);
		expect(deleted.status).toBe(0);
		expect(deleted.stdout).toBe("");
		expect(deleted.stderr.trim().split("\n").map(plain)).toEqual([
			expect.stringMatching(/level=warning.*hook #?0?.*exit status 7/),
			expect.stringMatching(/level=warning.*exit status 3.*poststop says why/),
		]);
		expect(diary.names()).toEqual(["first", "last"]);
	});

	test("because it is not there names the path", ({ runtime, bundleWith, newId }) => {
		const created = runtime("create", "--bundle", bundleWith({ createRuntime: [{ path: "/not/there" }] }), newId());
		expect(created.status).toBe(1);
		expect(created.stderr).toMatch(/error running .*hook #0.*\/not\/there: no such file or directory/);
	});

	test("because it cannot be executed says so", ({ runtime, bundleWith, newId }) => {
		const created = runtime("create", "--bundle", bundleWith({ createContainer: [{ path: "/etc/passwd" }] }), newId());
		expect(created.status).toBe(1);
		expect(created.stderr).toMatch(/error running .*hook #0.*\/etc\/passwd: permission denied/);
	});

	test("because a signal ended it says which", ({ runtime, bundleWith, newId }) => {
		const created = runtime("create", "--bundle", bundleWith({ createRuntime: [sh("kill -KILL $$")] }), newId());
		expect(created.status).toBe(1);
		expect(created.stderr).toMatch(/killed by signal 9|signal: killed/);
	});

	test.for(["createRuntime", "createContainer"] as const)(
		"because it outlasts its timeout is killed, with all of its session: %s",
		async (kind, { runtime, bundleWith, newId, folder, skip }) => {
			// runc kills the hook alone and waits for the rest
			needs(skip, "tsrun");
			const env = [`TSRUN_E2E=${folder}`, "PATH=/bin:/usr/bin"];
			const hook = sh("echo waiting; sleep 1000 & sleep 1000", { timeout: 1, env });
			const created = runtime("create", "--bundle", bundleWith({ [kind]: [hook] }), newId());
			expect(created.status).toBe(1);
			expect(created.stderr).toContain(`error running ${kind} hook #0: timed out after 1 s, output: "waiting"`);
		},
	);

	test.for([30, 2_147_484, 4_294_968, 9223372036854775807n])(
		"within its timeout is not: %s s",
		(timeout, { runtime, bundleWith, newId }) => {
			const hooks = [{ path: "/bin/sleep", args: ["sleep", "0.01"], timeout }];
			// the last two are kept in the state until it is their turn
			const bundle = bundleWith({ createRuntime: hooks, poststart: hooks, poststop: hooks }, ["/bin/true"]);
			expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stderr: "" });
		},
	);

	test("to have an absolute path is refused before anything is made", ({ runtime, bundleWith, newId, diary, skip }) => {
		needs(skip, "tsrun");
		const bundle = bundleWith({ createRuntime: [diary.hook("createRuntime")], poststop: [{ path: "bin/true" }] });
		const created = runtime("create", "--bundle", bundle, newId());
		expect(created.status).toBe(1);
		expect(created.stderr).toContain("$.hooks.poststop[0].path");
		expect(diary.names()).toEqual([]);
	});
});

test("hooks end with the runtime's start of them: a killed create leaves none running", async ({
	runtime,
	bundleWith,
	newId,
	folder,
	skip,
}) => {
	needs(skip, "tsrun");
	const id = newId();
	const started = join(folder, "started");
	const hook = sh(`echo $$ > ${started}; exec sleep 1000`, { env: [`TSRUN_E2E=${folder}`, "PATH=/bin:/usr/bin"] });
	const create = runtime.start({}, "create", "--bundle", bundleWith({ createContainer: [hook] }), id);
	await waitFor(() => existsSync(started), { what: "the hook to run" });
	create.signal("SIGKILL");
	await create.ended();
	expect(runtime("delete", "--force", id).status).toBe(0);
});
