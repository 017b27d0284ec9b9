/** `checkpoint` and `restore`: a container's processes saved in files, and made from them again. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { cgroupPath, pidsLimit } from "../support/cgroups.js";
import { test as base, counter, counts, numbers, sequence } from "../support/checkpoints.js";
import { listenForConsole } from "../support/console-socket.js";
import { withMounts } from "../support/container.js";
import { parseMountinfo } from "../support/mounts.js";
import { makeNamespaceIn, namespaceOf } from "../support/namespaces.js";
import { runtimeProgram } from "../support/paths.js";
import { runtimeIn } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { awaitStatus, stateOf } from "../support/status.js";
import { waitFor } from "../support/wait.js";
import { watch } from "../support/watched.js";

const silent = { status: 0, stdout: "", stderr: "" };

const test = base.extend("makeNamespace", async ({ folder }, { onCleanup }) => makeNamespaceIn(folder, onCleanup));

describe("a container that was checkpointed", () => {
	test("is gone, and goes on at the same number when it is restored", async ({ runtime, saved }) => {
		const container = saved.start({ args: counter });
		const { id, bundle } = container;
		await counts(container);
		saved.checkpoint(id);
		const said = numbers(container.run.later().stdout);
		expect(runtime("state", id)).toMatchObject({ status: 1, stderr: "container does not exist\n" });
		const more = await counts(saved.restore(id, bundle));
		expect(more).toEqual(sequence(said.length + 1, more.length));
		expect(stateOf(runtime, id)).toMatchObject({ status: "running", bundle });
		expect(runtime("delete", "--force", id)).toMatchObject(silent);
	});

	test("runs on with --leave-running, and its twin under another id, from another bundle", async ({
		runtime,
		saved,
		makeBundle,
		newId,
	}) => {
		const container = saved.start({ args: counter });
		await counts(container);
		saved.checkpoint(container.id, "--leave-running");
		const twin = saved.restore(newId(), makeBundle({ args: counter }));
		await counts(twin);
		const said = await counts(container);
		expect(said).toEqual(sequence(1, said.length));
		for (const { id, bundle, pid } of [container, twin]) {
			expect(stateOf(runtime, id)).toMatchObject({ status: "running", bundle });
			expect(cgroupPath(pid, "")).toMatch(new RegExp(`/${id}$`));
			expect(runtime("delete", "--force", id)).toMatchObject(silent);
		}
	});

	test("may be paused, and is paused still when it was to run on", async ({ runtime, saved }) => {
		const container = saved.start({ args: counter });
		const { id, bundle } = container;
		await counts(container);
		runtime("pause", id);
		saved.checkpoint(id, "--leave-running");
		expect(stateOf(runtime, id).status).toBe("paused");
		saved.checkpoint(id);
		await counts(saved.restore(id, bundle));
		runtime("delete", "--force", id);
	});

	test("in steps is saved whole: --pre-dump, then with --parent-path", async ({ runtime, saved, folder, skip }) => {
		needs(skip, "memory tracking");
		const container = saved.start({ args: counter });
		const { id, bundle } = container;
		const steps = ["one", "two", "three"].map((name) => join(folder, name));
		const save = (step: number, ...flags: string[]) =>
			expect(runtime("checkpoint", "--image-path", steps[step] ?? "", ...flags, id)).toMatchObject(silent);
		save(0, "--pre-dump");
		await counts(container);
		save(1, "--pre-dump", "--parent-path", "../one");
		await counts(container);
		save(2, "--parent-path", "../two");
		const said = numbers(container.run.later().stdout);
		const run = runtime("restore", "--detach", "--image-path", steps[2] ?? "", "--bundle", bundle, id);
		const more = await counts({ run });
		expect(more).toEqual(sequence(said.length + 1, more.length));
		runtime("delete", "--force", id);
	});

	test("is remembered as such by why", ({ runtime, saved }) => {
		const { id, bundle } = saved.start();
		saved.checkpoint(id);
		expect(runtime("why", id).stdout).toContain(`Container ${id} was checkpointed, and ended with that.`);
		saved.restore(id, bundle);
		runtime("kill", id, "KILL");
		runtime("delete", "--force", id);
		expect(runtime("why", id).stdout).toMatch(/ {3}restore\n.* {3}kill: SIGKILL/);
	});
});

describe("a restored container", () => {
	test("is waited for without --detach, and has the new caller's pipes", async ({
		runtime,
		saved,
		folder,
		makeBundle,
		newId,
	}) => {
		const program = "while read word; do echo got $word; done; exit 7";
		const [id, bundle] = [newId(), makeBundle({ args: ["/bin/sh", "-c", program] })];
		// those of Node are sockets
		const piped = (...args: string[]) => {
			const script = 'cat | { "$0" "$@" 2>&1; echo status $?; } | cat';
			const words = [runtimeProgram, "--root", runtime.root, ...args];
			return watch("the pipeline", "/bin/sh", ["-c", script, ...words], {
				env: { PATH: process.env.PATH, TSRUN_E2E: folder },
			});
		};
		const run = piped("run", "--bundle", bundle, id);
		run.write("one\n");
		await run.prints("got one");
		saved.checkpoint(id);
		run.closeStdin();
		expect(await run.ended()).toMatchObject({ stdout: "got one\nstatus 137\n", stderr: "" });
		const restore = piped("restore", "--image-path", saved.images, "--bundle", bundle, id);
		restore.write("two\n");
		await restore.prints("got two");
		restore.closeStdin();
		expect(await restore.ended()).toMatchObject({ stdout: "got two\nstatus 7\n", stderr: "" });
		expect(runtime("state", id).stderr).toBe("container does not exist\n");
	});

	test("writes to the new caller's file, from where that is at", async ({
		runtime,
		saved,
		folder,
		makeBundle,
		newId,
	}) => {
		const [id, bundle] = [newId(), makeBundle({ args: counter })];
		const into = (file: string, ...args: string[]) =>
			expect(runtime.with({ through: ["/bin/sh", "-c", `exec "$0" "$@" > ${file}`] }, ...args)).toMatchObject(silent);
		const said = (file: string) => readFileSync(file, "utf8");
		const [first, second] = [join(folder, "first"), join(folder, "second")];
		into(first, "run", "--detach", "--bundle", bundle, id);
		await waitFor(() => numbers(said(first)).length > 2, { what: "numbers in the file" });
		saved.checkpoint(id);
		into(second, "restore", "--detach", "--image-path", saved.images, "--bundle", bundle, id);
		await waitFor(() => numbers(said(second)).length > 2, { what: "numbers in the other file" });
		const all = numbers(said(first) + said(second));
		expect(all).toEqual(sequence(1, all.length));
		runtime("delete", "--force", id);
	});

	test("has its terminal, through --console-socket", async ({ runtime, saved, folder, makeBundle, newId }) => {
		const args = ["/bin/sh", "-c", "stty -echo; echo ready; while read word; do echo got $word; /probe tty; done"];
		const patch = (config: BaseConfig) => {
			config.process.terminal = true;
		};
		const [id, bundle] = [newId(), makeBundle({ args, patch })];
		const first = await listenForConsole(folder);
		runtime("run", "--detach", "--console-socket", first.path, "--bundle", bundle, id);
		await first.prints("ready");
		saved.checkpoint(id);
		await first.ended();
		const second = await listenForConsole(folder);
		saved.restore(id, bundle, "--console-socket", second.path);
		second.write("word\n");
		await second.prints(/got word\r\n\{.*"controlling": ?true.*\}/s);
		runtime("delete", "--force", id);
		await second.ended();
	});

	test("sees the same mounts, read-only where they were, from the new bundle's volumes", ({
		runtime,
		saved,
		folder,
		mountOnHost,
		makeBundle,
	}) => {
		const volume = (name: string) => {
			const source = join(folder, name);
			mkdirSync(source);
			writeFileSync(join(source, "name"), name);
			mountOnHost(join(source, "below"), ["mode=700"]);
			return {
				patch: withMounts(
					{ destination: "/data", source, options: ["rbind"] },
					{ destination: "/data2", source, options: ["bind", "ro", "nosuid"] },
					{ destination: "/name", source: join(source, "name"), options: ["bind", "ro"] },
					{ destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["nodev", "size=64k"] },
				),
			};
		};
		const { id, pid } = saved.start(volume("first"));
		const seen = (of: number) =>
			parseMountinfo(readFileSync(`/proc/${of}/mountinfo`, "utf8"))
				.map(({ point, type, options }) => `${point} ${type} ${[...options].sort()}`)
				.sort();
		const before = seen(pid);
		expect(runtime("exec", id, "/bin/sh", "-c", "echo kept > /tmp/file")).toMatchObject(silent);
		saved.checkpoint(id);
		const again = saved.restore(id, makeBundle(volume("second")));
		expect(seen(again.pid)).toEqual(before);
		expect(runtime("exec", id, "/bin/cat", "/tmp/file", "/data/name", "/name").stdout).toBe("kept\nsecondsecond");
		expect(runtime("exec", id, "/bin/sh", "-c", "echo > /etc/file").stderr).toContain("Read-only file system");
		runtime("delete", "--force", id);
	});

	test("finds a volume where a link of the root filesystem leads its destination", ({
		runtime,
		saved,
		folder,
		makeBundle,
		newId,
	}) => {
		const [id, source] = [newId(), join(folder, "volume")];
		mkdirSync(source);
		writeFileSync(join(source, "name"), "volume");
		const bundle = makeBundle({ patch: withMounts({ destination: "/conf/", source, options: ["bind"] }) });
		mkdirSync(join(bundle, "rootfs/real/conf"), { recursive: true });
		symlinkSync("/real/conf", join(bundle, "rootfs/conf"));
		expect(runtime("run", "--detach", "--bundle", bundle, id)).toMatchObject(silent);
		saved.roundTrip({ id, bundle });
		expect(runtime("exec", id, "/bin/cat", "/real/conf/name").stdout).toBe("volume");
		runtime("delete", "--force", id);
	});

	test("joins the network namespace that its bundle names now", async ({
		runtime,
		saved,
		makeBundle,
		makeNamespace,
	}) => {
		const networks = [await makeNamespace("network"), await makeNamespace("network")];
		const [first, second] = networks.map(({ path }) => ({
			patch: ({ linux }: BaseConfig) => {
				linux.namespaces = linux.namespaces.map((each) => (each.type === "network" ? { ...each, path } : each));
			},
		}));
		const { id, pid } = saved.start(first);
		expect(namespaceOf(pid, "network")).toBe(networks[0]?.id);
		saved.checkpoint(id);
		const again = saved.restore(id, makeBundle(second));
		expect(namespaceOf(again.pid, "network")).toBe(networks[1]?.id);
		runtime("delete", "--force", id);
	});

	test("has namespaces of its own as before: user, cgroup", async ({ runtime, saved }) => {
		const container = saved.start({
			args: counter,
			patch: ({ linux }) => {
				linux.namespaces.push({ type: "user" }, { type: "cgroup" });
				linux.uidMappings = linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
			},
		});
		await counts(container);
		const again = saved.roundTrip(container);
		await counts(again);
		expect(readFileSync(`/proc/${again.pid}/uid_map`, "utf8").trim().split(/\s+/)).toEqual(["0", "100000", "65536"]);
		for (const type of ["cgroup", "pid", "mount"] as const)
			expect(namespaceOf(again.pid, type)).not.toBe(namespaceOf("self", type));
		expect(runtime("exec", again.id, "/bin/cat", "/proc/self/cgroup").stdout).toMatch(/^0::\/$/m);
		runtime("delete", "--force", again.id);
	});

	test("has the new bundle's limits and hooks", ({ runtime, saved, folder, makeBundle }) => {
		const log = join(folder, "hooks");
		const hook = (name: string) => [
			{ path: "/bin/sh", args: ["sh", "-c", `echo ${name} $(tr -d ' \n' | grep -o '"status":"[a-z]*"') >> ${log}`] },
		];
		const { id } = saved.start();
		saved.checkpoint(id);
		const bundle = makeBundle({
			patch: (config) => {
				config.linux.resources.pids = { limit: 77 };
				const kinds = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"];
				config.hooks = Object.fromEntries(kinds.map((kind) => [kind, hook(kind)]));
			},
		});
		const { pid } = saved.restore(id, bundle);
		expect(pidsLimit(pid)).toBe("77");
		runtime("delete", "--force", id);
		expect(readFileSync(log, "utf8").trim().split("\n")).toEqual([
			'prestart "status":"creating"',
			'createRuntime "status":"creating"',
			'poststop "status":"stopped"',
		]);
	});

	test("can be executed in, signalled, paused and stopped, and saved again", async ({ runtime, saved }) => {
		const container = saved.start({ args: counter });
		const { id } = container;
		saved.roundTrip(saved.roundTrip(container));
		expect(runtime("exec", id, "/bin/hostname")).toMatchObject({ status: 0, stdout: "container\n" });
		expect(runtime("pause", id)).toMatchObject(silent);
		expect(runtime("resume", id)).toMatchObject(silent);
		expect(runtime("stop", "--time", "0", id).status).toBe(124);
		await awaitStatus(runtime, id, "stopped");
		expect(runtime("delete", id)).toMatchObject(silent);
	});
});

describe("runc and tsrun restore each other's images", () => {
	test("of a container with pipes", async ({ runtime, folder, makeBundle, newId, skip }) => {
		needs(skip, "tsrun", "criu", "runc");
		// beside v1 runc has no cgroup in the unified hierarchy: CRIU would save, and make anew, what others have there
		needs(skip, "cgroup v2");
		const others = runtimeIn(folder, "runc");
		// runc shows the whole tree, and tsrun the container's cgroup, unless that is the root of a namespace
		const patch = ({ linux }: BaseConfig) => void linux.namespaces.push({ type: "cgroup" });
		const bundle = makeBundle({ args: counter, patch });
		for (const [from, to] of [
			[runtime, others],
			[others, runtime],
		] as const) {
			const id = newId();
			const log = join(folder, `log-${id}`);
			// what ends with a pipe is the container's alone: nothing of it is a file
			const through = ["/bin/sh", "-c", `"$0" "$@" 2>&1 | cat >> ${log} &`];
			const lines = () => numbers(readFileSync(log, { encoding: "utf8", flag: "a+" }));
			const more = async () => {
				const before = lines().length;
				await waitFor(() => lines().length > before + 2, { what: "numbers in the file" });
			};
			from.with({ through }, "run", "--detach", "--bundle", bundle, id);
			await more();
			const images = ["--image-path", join(folder, `images-${id}`)];
			expect(from("checkpoint", ...images, id)).toMatchObject({ status: 0 });
			to.with({ through }, "restore", "--detach", ...images, "--bundle", bundle, id);
			await more();
			const said = lines();
			expect(said).toEqual(sequence(1, said.length));
			expect(to("delete", "--force", id).status).toBe(0);
		}
	});
});
