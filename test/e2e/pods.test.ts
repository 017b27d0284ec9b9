/** Pods: what members share, who outlives whom, who adopts orphans, the order of the end, and what is refused. */
import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { test as base } from "../support/e2e.js";
import { failed, failureOf } from "../support/failure.js";
import { containersIn } from "../support/leaks.js";
import type { Runtime } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { awaitStatus, stateOf } from "../support/status.js";
import { waitFor } from "../support/wait.js";

const test = base.extend("only", { auto: true }, ({ skip }) => {
	needs(skip, "tsrun"); // a command of ours
});

const silent = { status: 0, stdout: "", stderr: "" };

/** The names would be the pod's. */
const nameless = (config: BaseConfig) => {
	delete (config as { hostname?: string }).hostname;
};

const namespaceOf = (pid: number, file: string) => readlinkSync(`/proc/${pid}/ns/${file}`);

interface PrintedPod {
	readonly name: string;
	readonly status: string;
	readonly pid: number;
	readonly namespaces: readonly string[];
	readonly members: readonly { readonly id: string; readonly status: string }[];
}

function podOf(runtime: Runtime, name: string): PrintedPod {
	const [pod] = JSON.parse(runtime("pod", "list", "--json", name).stdout) as PrintedPod[];
	if (pod === undefined) throw new Error(`no pod ${name}`);
	return pod;
}

const statesIn = ({ root }: Runtime) => containersIn(root).sort();

describe("a pod", () => {
	test("gives its members a network, an IPC and a UTS namespace, and leaves them their pids", ({
		runtime,
		makeBundle,
		newId,
	}) => {
		const [pod, one, two] = [newId(), newId(), newId()];
		const bundle = makeBundle({ args: ["/probe", "trap", "TERM=0"], patch: nameless });
		expect(runtime("pod", "create", "--hostname", "together", pod)).toMatchObject(silent);
		for (const id of [one, two])
			expect(runtime("pod", "add", "--bundle", bundle, pod, id)).toMatchObject({ status: 0 });
		const pids = [pod, one, two].map((id) => stateOf(runtime, id).pid);
		const counts = ["net", "ipc", "uts", "pid", "mnt"].map((file) => [
			file,
			new Set(pids.map((pid) => namespaceOf(pid, file))).size,
		]);
		expect(Object.fromEntries(counts)).toEqual({ net: 1, ipc: 1, uts: 1, pid: 3, mnt: 3 });
		expect(runtime("exec", two, "/bin/hostname")).toMatchObject({ ...silent, stdout: "together\n" });
		expect(podOf(runtime, pod)).toMatchObject({
			...{ name: pod, status: "running", pid: pids[0], namespaces: ["network", "ipc", "uts"] },
			members: [
				{ id: one, status: "running" },
				{ id: two, status: "running" },
			],
		});
		runtime("pod", "delete", "--force", pod);
		expect(statesIn(runtime)).toEqual([]);
	});

	test("is reached by localhost from one member to the other", async ({ runtime, makeBundle, newId }) => {
		const [pod, server, client] = [newId(), newId(), newId()];
		const serve = ["/bin/busybox", "httpd", "-f", "-p", "127.0.0.1:8080", "-h", "/srv"];
		const bundle = makeBundle({ args: serve, patch: nameless, files: { "srv/index.html": "hello\n" } });
		runtime("pod", "create", pod);
		runtime("pod", "add", "--bundle", bundle, pod, server);
		runtime("pod", "add", "--bundle", makeBundle({ patch: nameless }), pod, client);
		const ask = () =>
			runtime("exec", client, "/bin/sh", "-c", "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc 127.0.0.1 8080");
		await waitFor(() => ask().stdout.endsWith("\r\n\r\nhello\n"), { what: "the page" });
		runtime("pod", "delete", "--force", pod);
	});

	test("survives its members, and takes new ones", async ({ runtime, makeBundle, newId }) => {
		const [pod, id] = [newId(), newId()];
		const bundle = makeBundle({ args: ["/probe", "sleep"], patch: nameless });
		runtime("pod", "create", "--pid", pod);
		const { pid } = stateOf(runtime, pod);
		for (const _round of ["first", "second"]) {
			expect(runtime("pod", "add", "--bundle", bundle, pod, id)).toMatchObject({ status: 0 });
			runtime("kill", id, "KILL");
			await awaitStatus(runtime, id, "stopped");
			expect(podOf(runtime, pod)).toMatchObject({ status: "running", pid, members: [{ id, status: "stopped" }] });
			expect(runtime("delete", id)).toMatchObject(silent);
		}
		runtime("pod", "delete", "--force", pod);
	});

	test("with --pid adopts the orphans of its members, and waits for them", async ({ runtime, makeBundle, newId }) => {
		const [pod, id] = [newId(), newId()];
		const args = ["/bin/sh", "-c", "(sleep 86399 &); exec sleep 86400"];
		runtime("pod", "create", "--pid", pod);
		runtime("pod", "add", "--bundle", makeBundle({ args, patch: nameless }), pod, id);
		const processes = () => runtime("exec", id, "/bin/ps", "-o", "pid,ppid,args").stdout;
		const orphan = await waitFor(() => /^ *(\d+) +1 +sleep 86399$/m.exec(processes())?.[1], { what: "an orphan" });
		expect(processes()).toMatch(/^ *1 +0 +tsrun-init pause$/m);
		expect(runtime("exec", id, "/bin/kill", "-KILL", orphan)).toMatchObject(silent);
		await waitFor(() => !new RegExp(`^ *${orphan} `, "m").test(processes()), { what: "no zombie" });
		runtime("pod", "delete", "--force", pod);
	});

	test("leaves a bundle's own names unset, and says so", ({ runtime, makeBundle, newId }) => {
		const [pod, id] = [newId(), newId()];
		const bundle = makeBundle({
			patch: (config) => {
				(config as { hostname?: string }).hostname = "mine";
			},
		});
		runtime("pod", "create", pod);
		const add = runtime("pod", "add", "--bundle", bundle, pod, id);
		expect(add).toMatchObject({ status: 0, stderr: expect.stringContaining("is not set") });
		expect(runtime("exec", id, "/bin/hostname").stdout).toBe(`${pod}\n`);
		runtime("pod", "delete", "--force", pod);
	});

	test("keeps no pipe of its caller open", async ({ runtime, newId }) => {
		const pod = newId();
		// a pipe's end is awaited
		expect(await runtime.start({}, "pod", "create", pod).ended()).toMatchObject(silent);
		runtime("pod", "delete", "--force", pod);
	});

	test("cannot be ended from inside", ({ runtime, makeBundle, newId }) => {
		const [pod, id] = [newId(), newId()];
		runtime("pod", "create", "--pid", pod);
		const patch = (config: BaseConfig) => {
			nameless(config);
			config.process.capabilities = {};
		};
		runtime("pod", "add", "--bundle", makeBundle({ args: ["/probe", "sleep"], patch }), pod, id);
		for (const signal of ["-KILL", "-TERM"]) {
			expect(runtime("exec", id, "/bin/kill", signal, "1")).toMatchObject({ status: 1 });
		}
		expect(stateOf(runtime, pod).status).toBe("running");
		runtime("pod", "delete", "--force", pod);
	});
});

describe("the end of a pod", () => {
	test("comes to the members in reverse order, then to itself", ({ runtime, makeBundle, newId }) => {
		const [pod, one, two] = [newId(), newId(), newId()];
		const bundle = makeBundle({ args: ["/probe", "trap", "TERM=0"], patch: nameless });
		runtime("pod", "create", pod);
		for (const id of [one, two]) runtime("pod", "add", "--init", "--bundle", bundle, pod, id);
		const { status, stdout, stderr } = runtime("pod", "stop", pod);
		expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
		expect(stdout.match(/^[^:]+(?=: ended)/gm)).toEqual([two, one, pod]);
		expect(podOf(runtime, pod)).toMatchObject({
			status: "stopped",
			members: [{ status: "stopped" }, { status: "stopped" }],
		});
		expect(failureOf(runtime("pod", "add", "--bundle", bundle, pod, newId()))).toMatchObject({
			status: 1,
			message: expect.stringContaining(`pod ${pod} is stopped: nothing can be added to it`),
		});
		expect(runtime("pod", "delete", pod)).toMatchObject(silent);
		expect(statesIn(runtime)).toEqual([]);
		expect(failureOf(runtime("pod", "delete", pod))).toEqual(failed(`pod ${pod} does not exist`));
		expect(runtime("pod", "delete", "--force", pod)).toMatchObject(silent);
	});

	test("kills who does not react: status 124", ({ runtime, makeBundle, newId }) => {
		const [pod, id] = [newId(), newId()];
		runtime("pod", "create", pod);
		runtime("pod", "add", "--bundle", makeBundle({ args: ["/probe", "sleep"], patch: nameless }), pod, id);
		const stop = runtime("pod", "stop", "--time", "0.1", pod);
		expect(stop).toMatchObject({ status: 124, stderr: expect.stringContaining(`warning: ${id}: `) });
		expect(stop.stdout).toMatch(new RegExp(`^${id}: did not end .*\n${pod}: ended`));
		expect(runtime("pod", "delete", pod)).toMatchObject(silent);
	});

	test("is refused to delete while somebody runs, who is named", ({ runtime, makeBundle, newId }) => {
		const [pod, id] = [newId(), newId()];
		runtime("pod", "create", pod);
		runtime("pod", "add", "--bundle", makeBundle({ args: ["/probe", "sleep"], patch: nameless }), pod, id);
		expect(failureOf(runtime("pod", "delete", pod))).toEqual(
			failed(`cannot delete pod ${pod}: ${id} is running, ${pod} is running`),
		);
		expect(podOf(runtime, pod).members).toMatchObject([{ id, status: "running" }]);
		expect(runtime("pod", "delete", "--force", pod)).toMatchObject(silent);
		expect(statesIn(runtime)).toEqual([]);
	});

	test("by a delete of its own container leaves members that can be listed and deleted", ({
		runtime,
		makeBundle,
		newId,
	}) => {
		const [pod, id] = [newId(), newId()];
		const bundle = makeBundle({ args: ["/probe", "sleep"], patch: nameless });
		runtime("pod", "create", pod);
		runtime("pod", "add", "--bundle", bundle, pod, id);
		runtime("delete", "--force", pod);
		expect(podOf(runtime, pod)).toMatchObject({ status: "gone", pid: 0, members: [{ id, status: "running" }] });
		expect(failureOf(runtime("pod", "create", pod))).toMatchObject({
			status: 1,
			message: expect.stringContaining(`members of an earlier pod ${pod} are left: ${id}`),
		});
		expect(failureOf(runtime("pod", "add", "--bundle", bundle, pod, newId()))).toMatchObject({
			status: 1,
			message: expect.stringContaining(`pod ${pod} has lost its pause container`),
		});
		expect(runtime("pod", "stop", "--signal", "KILL", pod).stdout).toContain(`${id}: ended`);
		expect(runtime("pod", "delete", pod)).toMatchObject(silent);
		expect(statesIn(runtime)).toEqual([]);
	});
});

describe("what is refused leaves nothing behind:", () => {
	test("names that are taken, unknown or no pod's", ({ runtime, makeBundle, newId }) => {
		const [pod, id, plain] = [newId(), newId(), newId()];
		const bundle = makeBundle({ args: ["/probe", "sleep"], patch: nameless });
		expect(failureOf(runtime("pod", "add", "--bundle", bundle, pod, id)).message).toContain(
			`pod ${pod} does not exist`,
		);
		expect(failureOf(runtime("pod", "stop", pod))).toEqual(failed(`pod ${pod} does not exist`));
		expect(failureOf(runtime("pod", "create", "a/b")).message).toContain("invalid container ID format");
		runtime("create", "--bundle", bundle, plain);
		runtime("pod", "create", pod);
		for (const name of [plain, pod]) {
			expect(failureOf(runtime("pod", "create", name)).message).toContain("container with given ID already exists");
		}
		expect(failureOf(runtime("pod", "add", "--bundle", bundle, plain, id)).message).toContain(
			`container ${plain} is not a pod`,
		);
		expect(failureOf(runtime("pod", "add", "--bundle", bundle, pod, plain)).message).toContain(
			"container with given ID already exists",
		);
		expect(statesIn(runtime)).toEqual([pod, plain].sort());
		runtime("delete", "--force", plain);
		runtime("pod", "delete", "--force", pod);
	});

	for (const [what, change, message] of [
		["a program that is missing", { args: ["/nope"] }, "/nope"],
		["a program that cannot be executed", { args: ["/broken"], files: { broken: "#!/missing\n" } }, "/missing"],
		["a mount that fails", { type: "nofs" }, "no such device"],
		["a supervising init among shared pids", { init: "supervise" }, "needs a pid namespace of the container's own"],
	] as const) {
		test(what, ({ runtime, makeBundle, newId, folder }) => {
			const [pod, id] = [newId(), newId()];
			const patch = (config: BaseConfig) => {
				nameless(config);
				if ("type" in change) config.mounts.push({ destination: "/mnt", type: change.type, source: "none" });
				if ("init" in change) config.annotations = { "org.tsrun.init": change.init };
			};
			const bundle = makeBundle({
				patch,
				...("args" in change && { args: change.args }),
				...("files" in change && { files: change.files }),
			});
			const pidFile = join(folder, "pid");
			runtime("pod", "create", "--pid", pod);
			const add = failureOf(runtime("pod", "add", "--pid-file", pidFile, "--bundle", bundle, pod, id));
			expect(add).toMatchObject({ status: 1, message: expect.stringContaining(message) });
			expect(statesIn(runtime)).toEqual([pod]);
			expect(existsSync(pidFile)).toBe(false);
			expect(podOf(runtime, pod)).toMatchObject({ status: "running", members: [] });
			runtime("pod", "delete", "--force", pod);
		});
	}

	test("a pid file that cannot be written", ({ runtime, makeBundle, newId }) => {
		const [pod, id] = [newId(), newId()];
		const bundle = makeBundle({ args: ["/probe", "sleep"], patch: nameless });
		runtime("pod", "create", pod);
		const add = failureOf(runtime("pod", "add", "--pid-file", "/nope/pid", "--bundle", bundle, pod, id));
		expect(add).toMatchObject({ status: 1, message: expect.stringContaining("/nope/pid") });
		expect(statesIn(runtime)).toEqual([pod]);
		runtime("pod", "delete", "--force", pod);
	});
});

test("a member's pid is in its pid file, and its kept configuration tells what it joined", ({
	runtime,
	makeBundle,
	newId,
	folder,
}) => {
	const [pod, id] = [newId(), newId()];
	const pidFile = join(folder, "pid");
	runtime("pod", "create", pod);
	const bundle = makeBundle({ args: ["/probe", "sleep"], patch: nameless });
	runtime("pod", "add", "--pid-file", pidFile, "--bundle", bundle, pod, id);
	expect(Number(readFileSync(pidFile, "utf8"))).toBe(stateOf(runtime, id).pid);
	const kept = JSON.parse(readFileSync(join(runtime.root, id, "config.json"), "utf8")) as BaseConfig;
	const path = `/proc/${stateOf(runtime, pod).pid}/ns/net`;
	expect(kept.linux.namespaces).toContainEqual({ type: "network", path });
	runtime("pod", "delete", "--force", pod);
});
