/** HK: hooks: when, where and with what (config.md#posix-platform-hooks). */
import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { Hook, State } from "../../src/spec/types.js";
import { test } from "../support/conformance.js";
import { type HookKind, hookKinds } from "../support/diary.js";
import { waitFor } from "../support/wait.js";

const sh = (script: string): Hook => ({ path: "/bin/sh", args: ["sh", "-c", script], env: ["PATH=/bin:/usr/bin"] });

test("HK-01 hooks of any kind may be there, and lists may be empty", ({ create, diary, withHooks }) => {
	create({ patch: withHooks({}) });
	create({ patch: withHooks(Object.fromEntries(hookKinds.map((kind) => [kind, []]))) });
	create({ patch: withHooks({ createRuntime: [diary.hook("createRuntime")] }) });
	expect(diary.names()).toEqual(["createRuntime"]);
});

test("HK-02 a hook without path is an error", ({ refuse, withHooks }) => {
	refuse(withHooks({ poststop: [{ args: ["x"] } as unknown as Hook] }));
});

test.for(hookKinds)(
	"HK-03 a path that is not absolute is an error, in no directory looked for: %s",
	(kind, { refuse, withHooks }) => {
		refuse(withHooks({ [kind]: [{ path: "true" }] }));
	},
);

test("HK-04 args are the argv of the hook", ({ create, diary, withHooks }) => {
	const { path, args = [] } = diary.hook("createRuntime", "not the path");
	create({ patch: withHooks({ createRuntime: [{ path, args: [...args, "0", "a b"] }] }) });
	expect(diary.lines()[0]?.argv).toEqual([...args, "0", "a b"]);
});

test("HK-05 env is the whole environment of the hook", ({ runtime, makeBundle, newId, diary, withHooks }) => {
	const env = ["A=1", "B=", "C=x=y z"];
	const hooks = { createRuntime: [{ ...diary.hook("createRuntime"), env }, diary.hook("createRuntime")] };
	const bundle = makeBundle({ args: ["/bin/true"], patch: withHooks(hooks) });
	runtime.with({ env: { CALLERS: "own" } }, "run", "--bundle", bundle, newId());
	expect(diary.lines().map((line) => line.env)).toEqual([env, []]);
});

test("HK-06 a hook that outlasts its timeout is ended, which is a failure", ({ refuse, withHooks, folder }) => {
	const hook = { ...sh("exec sleep 1000"), timeout: 1, env: ["PATH=/bin:/usr/bin", `TSRUN_E2E=${folder}`] };
	refuse(withHooks({ createRuntime: [hook] }));
});

test.for([0, -1])("HK-07 a timeout of %d is an error", (timeout, { refuse, withHooks }) => {
	refuse(withHooks({ createRuntime: [{ path: "/bin/true", timeout }] }));
});

test.for(hookKinds)("HK-08 hooks are called in the listed order: %s", (kind, { start, runtime, diary, withHooks }) => {
	const names = ["1", "2", "3"];
	const { id } = start({ patch: withHooks({ [kind]: names.map((name) => diary.hook(kind, name)) }) });
	runtime("delete", "--force", id);
	expect(diary.names()).toEqual(names);
});

test.for(hookKinds)("HK-09 the state is on stdin, whole: %s", (kind, { start, runtime, diary, withDiary }) => {
	const annotations = { "org.example.key": "värde" };
	const { id, bundle } = start({
		patch: (config) => {
			withDiary(kind)(config);
			config.annotations = annotations;
		},
	});
	runtime("delete", "--force", id);
	const statuses: Partial<Record<HookKind, State["status"]>> = { poststart: "running", poststop: "stopped" };
	const status = statuses[kind] ?? expect.stringMatching(/^creat(ing|ed)$/);
	expect(diary.lines().map(({ state }) => state)).toEqual([
		expect.objectContaining({ id, bundle, annotations, status, ociVersion: expect.any(String) }),
	]);
});

describe("when", () => {
	/** Writes what is mounted where the hook's reader of /proc sees it: `$pid` is the container's process. */
	const ofContainer = (file: string) =>
		sh(`read state; pid=\${state#*\\"pid\\":}; pid=\${pid%%,*}; pid=\${pid%%\\}*}; cat /proc/$pid/mountinfo > ${file}`);

	test.for([
		["HK-10", "prestart"],
		["HK-14 HK-17", "createRuntime"],
	] as const)(
		"%s %s hooks run in create, after the mounts and before pivot_root",
		([, kind], { create, folder, withHooks }) => {
			const file = join(folder, "mounts");
			const { bundle } = create({ patch: withHooks({ [kind]: [ofContainer(file)] }) });
			// before pivot_root what is mounted is still below the bundle
			expect(readFileSync(file, "utf8")).toContain(` ${bundle}/rootfs/dev/shm `);
		},
	);

	test("HK-18 createContainer hooks run in create, after the mounts and before pivot_root", ({
		create,
		folder,
		withHooks,
	}) => {
		const file = join(folder, "mounts");
		const { bundle } = create({ patch: withHooks({ createContainer: [sh(`cat /proc/self/mountinfo > ${file}`)] }) });
		expect(readFileSync(file, "utf8")).toContain(` ${bundle}/rootfs/dev/shm `);
	});

	test("HK-11 prestart hooks run before those of createRuntime", ({ create, diary, withDiary }) => {
		create({ patch: withDiary("createRuntime", "prestart") });
		expect(diary.names()).toEqual(["prestart", "createRuntime"]);
	});

	test("HK-19 createContainer hooks run after those of createRuntime", ({ create, diary, withDiary }) => {
		create({ patch: withDiary("createContainer", "createRuntime") });
		expect(diary.names()).toEqual(["createRuntime", "createContainer"]);
	});

	test("HK-22 startContainer hooks run in start, before the program", async ({ create, runtime, diary, withDiary }) => {
		const { id, printed } = create({
			args: ["/bin/sh", "-c", "wc -l < /diary/hooks.jsonl"],
			patch: withDiary("startContainer"),
		});
		expect(diary.names()).toEqual([]);
		expect(runtime("start", id).status).toBe(0);
		await waitFor(() => printed() !== "", { what: "the program's output" });
		expect(printed().trim()).toBe("1");
	});

	test("HK-25 poststart hooks run after the program has been executed", ({ start, folder, withHooks }) => {
		const file = join(folder, "program");
		const hook = sh(
			`read state; pid=\${state#*\\"pid\\":}; pid=\${pid%%,*}; pid=\${pid%%\\}*}; readlink /proc/$pid/exe > ${file}`,
		);
		start({ patch: withHooks({ poststart: [hook] }) });
		expect(readFileSync(file, "utf8")).toMatch(/\/probe$/m);
	});

	test("HK-26 poststart hooks have run when start returns", ({ create, runtime, folder, withHooks }) => {
		const done = join(folder, "done");
		const { id } = create({ patch: withHooks({ poststart: [sh(`sleep 0.1; echo > ${done}`)] }) });
		expect(existsSync(done)).toBe(false);
		expect(runtime("start", id).status).toBe(0);
		expect(existsSync(done)).toBe(true);
	});

	test("HK-29 poststop hooks run after the container has been deleted", ({ start, runtime, folder, withHooks }) => {
		const file = join(folder, "left");
		const script = `state=$(tr -d ' \\n'); id=\${state#*\\"id\\":\\"}; id=\${id%%\\"*}; find /sys/fs/cgroup -name "$id" > ${file}; echo "$id" >> ${file}`;
		const { id } = start({ patch: withHooks({ poststop: [sh(script)] }) });
		expect(runtime("delete", "--force", id).status).toBe(0);
		expect(readFileSync(file, "utf8")).toBe(`${id}\n`);
	});

	test("HK-30 poststop hooks have run when delete returns", ({ create, runtime, folder, withHooks }) => {
		const done = join(folder, "done");
		const { id } = create({ patch: withHooks({ poststop: [sh(`sleep 0.1; echo > ${done}`)] }) });
		expect(runtime("delete", "--force", id).status).toBe(0);
		expect(existsSync(done)).toBe(true);
	});
});

describe("where", () => {
	const namespaces = ["mnt", "pid", "net", "ipc", "uts"] as const;
	const own = (of: number | "self") =>
		Object.fromEntries(namespaces.map((type) => [type, readlinkSync(`/proc/${of}/ns/${type}`)]));

	// the probe is at this path on the host alone, and /probe in the container alone
	test.for<[id: string, kind: HookKind]>([
		["HK-12 HK-13", "prestart"],
		["HK-15 HK-16", "createRuntime"],
		["HK-27 HK-28", "poststart"],
		["HK-31 HK-32", "poststop"],
	])("%s %s hooks are found and run in the runtime namespace", ([, kind], { start, runtime, diary, withDiary }) => {
		const { id } = start({ patch: withDiary(kind) });
		runtime("delete", "--force", id);
		expect(diary.lines().map((line) => line.namespaces)).toMatchObject([own("self")]);
	});

	test("HK-20 HK-21 createContainer hooks are found in the runtime namespace and run in the container's", ({
		create,
		diary,
		withDiary,
	}) => {
		const { pid } = create({ patch: withDiary("createContainer") });
		expect(diary.lines().map((line) => line.namespaces)).toMatchObject([own(pid)]);
	});

	test("HK-23 HK-24 startContainer hooks are found and run in the container's", ({ start, diary, withDiary }) => {
		const { pid } = start({ patch: withDiary("startContainer") });
		expect(diary.lines().map((line) => line.namespaces)).toMatchObject([own(pid)]);
	});
});

test("HK-09 a hook that does not read its input is no trouble, however long the state is", ({ create, withHooks }) => {
	const text = "x".repeat(200_000);
	create({
		patch: (config) => {
			withHooks({ createRuntime: [{ path: "/bin/true" }], createContainer: [{ path: "/bin/true" }] })(config);
			config.annotations = { text };
		},
	});
});
