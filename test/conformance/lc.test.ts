/** LC and ER: the lifecycle, its errors and warnings (runtime.md#lifecycle, #errors, #warnings). */
import { existsSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { cgroupDirectory } from "../support/cgroups.js";
import { all, type Patch, test } from "../support/conformance.js";
import { shell } from "../support/container.js";
import type { HookKind } from "../support/diary.js";
import { describeLeaks, findLeaks } from "../support/leaks.js";
import { awaitStatus, isAlive } from "../support/status.js";
import { waitFor } from "../support/wait.js";

const failing = { path: "/bin/sh", args: ["sh", "-c", "exit 3"] };

const writable: Patch = ({ root }) => {
	root.readonly = false;
};

test("LC-01 LC-14 the environment and the program are those of config.json", ({ output }) => {
	const patch = all(writable, (config) => {
		config.hostname = "of-my-own";
		config.process.cwd = "/tmp/deep/er";
		config.process.env.push("WORD=said");
		config.mounts.push({ destination: "/fresh", type: "tmpfs", source: "tmpfs" });
	});
	const script = 'hostname; pwd; echo "$WORD"; stat -f -c %T /fresh; touch /made && echo "$$"';
	expect(output(shell(script), patch)).toBe("of-my-own\n/tmp/deep/er\nsaid\ntmpfs\n1\n");
});

test("LC-02 an environment that cannot be made is an error", ({ refuse }) => {
	refuse(({ mounts }) => {
		mounts.push({ destination: "/mnt", type: "nosuchfs", source: "none" });
	});
	refuse(({ linux }) => {
		linux.namespaces = linux.namespaces.map((one) =>
			one.type === "network" ? { ...one, path: "/proc/self/ns/uts" } : one,
		);
	});
});

test("LC-03 namespaces, mounts, devices and cgroups are there after create", ({ create }) => {
	const { id, pid } = create();
	for (const type of ["pid", "net", "ipc", "uts", "mnt"]) {
		expect(readlinkSync(`/proc/${pid}/ns/${type}`), type).not.toBe(readlinkSync(`/proc/self/ns/${type}`));
	}
	expect(readFileSync(`/proc/${pid}/mountinfo`, "utf8")).toMatch(/ \/dev\/mqueue /);
	expect(existsSync(`/proc/${pid}/root/dev/null`)).toBe(true);
	expect(cgroupDirectory(pid, "pids")).toContain(id);
});

test("LC-04 OP-11 create does not run the program", async ({ create, runtime }) => {
	const { id, bundle, state } = create({ args: ["/bin/touch", "/ran"], patch: writable });
	expect(existsSync(join(bundle, "rootfs/ran"))).toBe(false);
	expect(runtime("start", id).status).toBe(0);
	await waitFor(() => existsSync(join(bundle, "rootfs/ran")), { what: "the program to run" });
	await waitFor(() => state().status === "stopped", { what: "its end" });
});

test("LC-05 OP-16 what becomes of config.json after create has no effect", async ({ create, runtime }) => {
	const { id, bundle, printed, state } = create({ args: ["/bin/echo", "as it was"] });
	const file = join(bundle, "config.json");
	const config = JSON.parse(readFileSync(file, "utf8"));
	config.process.args = ["/bin/echo", "changed"];
	config.annotations = { changed: "yes" };
	writeFileSync(file, JSON.stringify(config));
	expect(runtime("start", id).status).toBe(0);
	await awaitStatus(runtime, id, "stopped");
	expect(printed()).toBe("as it was\n");
	expect(state().annotations ?? {}).toEqual({});
});

const ofCreate: readonly (readonly [id: string, kind: HookKind])[] = [
	["LC-06", "prestart"],
	["LC-08", "createRuntime"],
	["LC-10", "createContainer"],
];

test.for(ofCreate)("%s create invokes the %s hooks", ([, kind], { create, diary, withDiary }) => {
	create({ patch: withDiary(kind) });
	expect(diary.names()).toEqual([kind]);
});

test.for([
	["LC-07", "prestart"],
	["LC-09", "createRuntime"],
	["LC-11", "createContainer"],
] as const)(
	"%s a %s hook that fails is an error of create, which ends and destroys the container",
	([, kind], { refuse, folder, withHooks }) => {
		refuse(withHooks({ [kind]: [failing] }));
		expect(findLeaks(folder)).toMatchObject({ processes: [], containers: [] });
	},
);

test("LC-12 start invokes the startContainer hooks", ({ create, runtime, diary, withDiary }) => {
	const { id } = create({ patch: withDiary("startContainer") });
	expect(diary.names()).toEqual([]);
	expect(runtime("start", id).status).toBe(0);
	expect(diary.names()).toEqual(["startContainer"]);
});

test("LC-15 start invokes the poststart hooks", ({ create, runtime, diary, withDiary }) => {
	const { id } = create({ patch: withDiary("poststart") });
	expect(diary.names()).toEqual([]);
	expect(runtime("start", id).status).toBe(0);
	expect(diary.names()).toEqual(["poststart"]);
});

test.for([
	["LC-13", "startContainer"],
	["LC-16", "poststart"],
] as const)(
	"%s a %s hook that fails is an error of start, which ends and destroys the container",
	([, kind], { create, runtime, folder, withHooks }) => {
		const { id, pid } = create({ patch: withHooks({ [kind]: [failing] }) });
		expect(runtime("start", id).status).not.toBe(0);
		expect(isAlive(pid)).toBe(false);
		expect(runtime("state", id).status).not.toBe(0);
		expect(findLeaks(folder)).toMatchObject({ processes: [], containers: [] });
	},
);

test("LC-17 OP-29 delete undoes what create did", async ({ start, runtime, folder }) => {
	const { id, pid } = start();
	const cgroup = cgroupDirectory(pid, "pids");
	runtime("kill", id, "KILL");
	await awaitStatus(runtime, id, "stopped");
	expect(runtime("delete", id).status).toBe(0);
	expect(existsSync(cgroup)).toBe(false);
	expect(runtime("state", id).status).not.toBe(0);
	expect(describeLeaks(findLeaks(folder))).toEqual([]);
});

test("LC-18 the poststop hooks are invoked by delete, and after the destruction that a failed hook causes", ({
	start,
	runtime,
	makeBundle,
	newId,
	diary,
	withDiary,
	withHooks,
}) => {
	const { id } = start({ patch: withDiary("poststop") });
	expect(diary.names()).toEqual([]);
	expect(runtime("delete", "--force", id).status).toBe(0);
	expect(diary.names()).toEqual(["poststop"]);
	const patch = withHooks({ createRuntime: [failing], poststop: [diary.hook("poststop", "again")] });
	expect(runtime("create", "--bundle", makeBundle({ patch }), newId()).status).not.toBe(0);
	expect(diary.names()).toEqual(["poststop", "again"]);
});

test("LC-19 ER-02 a poststop hook that fails is a warning: the others run, and delete succeeds", ({
	start,
	runtime,
	diary,
	withHooks,
}) => {
	const last = diary.hook("poststop", "last");
	const { id } = start({ patch: withHooks({ poststop: [failing, last] }) });
	const { status, stderr } = runtime("delete", "--force", id);
	expect(status).toBe(0);
	expect(stderr).not.toBe("");
	expect(diary.names()).toEqual(["last"]);
	expect(runtime("state", id).status).not.toBe(0);
});

test("LC-20 a process that exits, crashes or is killed has stopped, with no runtime running", async ({
	start,
	runtime,
}) => {
	const script = (line: string) => ({ args: shell(line) });
	for (const { id } of [start(script("exit 3")), start(script("sh -c 'kill -SEGV $$'")), start()]) {
		runtime("kill", id, "KILL");
		expect((await awaitStatus(runtime, id, "stopped")).status).toBe("stopped");
	}
});

test("ER-01 OP-14 an operation that fails leaves everything as if it had not been tried", ({
	refuse,
	folder,
	withHooks,
}) => {
	const nothing = () => expect(describeLeaks(findLeaks(folder))).toEqual([]);
	refuse(({ mounts }) => {
		mounts.push({ destination: "/mnt", type: "tmpfs", source: "none", options: ["bogus=1"] });
	});
	nothing();
	refuse({ args: ["/not/there"], patch: withHooks({ createContainer: [failing] }) });
	nothing();
	refuse(({ linux }) => {
		linux.resources.cpu = { cpus: "4000" };
	});
	nothing();
});

test("ER-03 an error is a status that is not 0, and words on stderr", ({ refuse }) => {
	const { status, stdout, stderr } = refuse({ patch: ({ root }) => Object.assign(root, { path: "nowhere" }) });
	expect(status).toBeGreaterThan(0);
	expect(stdout).toBe("");
	expect(stderr).not.toBe("");
});
