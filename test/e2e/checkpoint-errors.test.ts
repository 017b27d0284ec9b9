/** What keeps a container from being saved or restored is told in CRIU's words, or before CRIU is asked; nothing is left of it. */
import { mkdirSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { counter, counts, type Saved, test } from "../support/checkpoints.js";
import { shell, withMounts } from "../support/container.js";
import { failed, failureOf } from "../support/failure.js";
import type { Runtime } from "../support/runtime.js";
import { isMet, needs } from "../support/skip.js";
import { awaitStatus, stateOf } from "../support/status.js";
import { waitFor } from "../support/wait.js";

/** The line that a failed call leaves in the log: with the hint. */
function logged(runtime: Runtime, ...args: string[]) {
	const { status, stderr } = runtime("--log-format", "json", ...args);
	return { status, ...JSON.parse(stderr.trim().split("\n").at(-1) ?? "") };
}

describe("without CRIU", () => {
	const missing = 'exec: "criu": executable file not found in $PATH';

	test("both verbs say so, and the container runs on", ({ runtime, saved }) => {
		const { id, bundle } = saved.start();
		const env = { PATH: "/nowhere" };
		const images = ["--image-path", saved.images];
		expect(failureOf(runtime.with({ env }, "checkpoint", ...images, id))).toEqual(failed(missing));
		expect(runtime("--criu", "/nowhere/criu", "checkpoint", ...images, id)).toMatchObject({
			status: 1,
			stderr: "exec /nowhere/criu: no such file or directory\n",
		});
		expect(stateOf(runtime, id).status).toBe("running");
		saved.checkpoint(id);
		const restore = runtime.with({ env }, "restore", ...images, "--bundle", bundle, id);
		expect(failureOf(restore).message).toBe(`tsrun restore failed: ${missing}`);
	});
});

describe("a container that cannot be saved", () => {
	test("is not there, not started, or over", async ({ runtime, saved, makeBundle, newId }) => {
		const [id, none] = [newId(), newId()];
		const checkpoint = (of: string) => failureOf(runtime("checkpoint", "--image-path", saved.images, of));
		expect(checkpoint(none)).toEqual(failed("container does not exist"));
		runtime("create", "--bundle", makeBundle(), id);
		expect(checkpoint(id)).toEqual(failed(`container ${id} cannot be checkpointed: it is created`));
		runtime("start", id);
		runtime("kill", id, "KILL");
		await awaitStatus(runtime, id, "stopped");
		expect(checkpoint(id)).toEqual(failed(`container ${id} cannot be checkpointed: it is stopped`));
		runtime("delete", id);
	});

	test("has a TCP connection: the hint names --tcp-established, with which it can", async ({
		runtime,
		saved,
		skip,
	}) => {
		needs(skip, "sockets for criu");
		const server = "nc -ll -p 7000 -e cat &";
		const client = "until nc 127.0.0.1 7000 < /tmp/words; do usleep 10000; done";
		const container = saved.start({
			args: shell(`mkfifo /tmp/words; exec 9<> /tmp/words; echo connected >&9; ${server} ${client}`),
			patch: withMounts({ destination: "/tmp", type: "tmpfs", source: "tmpfs" }),
		});
		const { id, bundle } = container;
		// it has been there and back
		await waitFor(() => container.run.later().stdout.includes("connected\n"), { what: "the connection" });
		expect(logged(runtime, "checkpoint", "--image-path", saved.images, id)).toMatchObject({
			status: 1,
			id: "criu-failed",
			msg: expect.stringMatching(new RegExp(`^checkpoint container ${id}: criu: .*Connected TCP socket`)),
			hint: "pass --tcp-established, to checkpoint and to restore",
			object: join(saved.images, "dump.log"),
		});
		expect(stateOf(runtime, id).status).toBe("running");
		saved.checkpoint(id, "--tcp-established");
		expect(stateOf(runtime, saved.restore(id, bundle, "--tcp-established").id).status).toBe("running");
		runtime("delete", "--force", id);
	});

	test("has mounts with id mappings", ({ runtime, saved, folder }) => {
		const { id } = saved.start({
			patch: withMounts({
				destination: "/data",
				source: folder,
				options: ["bind"],
				uidMappings: [{ containerID: 0, hostID: 1000, size: 1 }],
				gidMappings: [{ containerID: 0, hostID: 1000, size: 1 }],
			}),
		});
		expect(failureOf(runtime("checkpoint", "--image-path", saved.images, id)).message).toBe(
			'the mount at "/data" has id mappings, which criu does not save',
		);
		runtime("delete", "--force", id);
	});

	test("is to be saved in steps, on a kernel that does not track memory", async ({ runtime, saved, skip }) => {
		if (isMet("memory tracking")) skip("this kernel does");
		const container = saved.start({ args: counter });
		const flags = ["--image-path", saved.images, "--pre-dump"];
		expect(logged(runtime, "checkpoint", ...flags, container.id)).toMatchObject({
			status: 1,
			id: "criu-failed",
			msg: "criu cannot track changed memory (MemTrack) on this kernel",
		});
		await counts(container);
		runtime("delete", "--force", container.id);
	});

	test("has a parent that is elsewhere, or none", ({ runtime, saved, folder }) => {
		const { id } = saved.start();
		const checkpoint = (parent: string) =>
			failureOf(runtime("checkpoint", "--image-path", saved.images, "--parent-path", parent, id)).message;
		writeFileSync(join(folder, "file"), "");
		expect(checkpoint(folder)).toBe(`invalid --parent-path "${folder}": it is absolute`);
		expect(checkpoint("../none")).toBe('invalid --parent-path "../none": no such directory');
		expect(checkpoint("../file")).toBe('invalid --parent-path "../file": it is not a directory');
		runtime("delete", "--force", id);
	});

	test.for([
		["--manage-cgroups-mode", "strictly", "expected soft, full, strict or ignore"],
		["--empty-ns", "pid", "expected network"],
		["--page-server", "127.0.0.1", "use --page-server ADDRESS:PORT"],
		["--page-server", "127.0.0.1:99999", "use --page-server ADDRESS:PORT"],
		["--status-fd", "none", "parse error"],
	] as const)("is to be saved with %s %s", ([flag, value, why], { runtime, newId }) => {
		const { stdout, stderr, status } = runtime("checkpoint", flag, value, newId());
		expect(status).toBe(1);
		expect(`${stdout}${stderr}`).toContain(why);
	});
});

describe("a restore fails, and leaves nothing, when", () => {
	/** Why it fails. What it leaves, the test's end tells. */
	const refusal = (runtime: Runtime, { images }: Saved, bundle: string, id: string, ...flags: string[]) => {
		const { status, message } = failureOf(
			runtime("restore", "--detach", "--image-path", images, "--bundle", bundle, ...flags, id),
		);
		expect(status).toBe(1);
		expect(runtime("state", id).stderr).toBe("container does not exist\n");
		expect(message).toMatch(/^tsrun restore failed: /);
		return message.slice("tsrun restore failed: ".length);
	};

	test("there are no images, or others", ({ runtime, saved, makeBundle, newId }) => {
		const [id, bundle] = [newId(), makeBundle()];
		expect(refusal(runtime, saved, bundle, id)).toBe(
			`open the checkpoint's directory "${saved.images}": no such file or directory`,
		);
		mkdirSync(saved.images);
		const list = join(saved.images, "descriptors.json");
		expect(refusal(runtime, saved, bundle, id)).toBe(`read "${list}": no such file or directory`);
		for (const text of ["", "{}", "[1]"]) {
			writeFileSync(list, text);
			expect(refusal(runtime, saved, bundle, id)).toBe(`"${list}" is no list of streams`);
		}
		writeFileSync(list, '["/dev/null","/dev/null","/dev/null"]');
		expect(refusal(runtime, saved, bundle, id)).toMatch(`restore container ${id}: criu: `);
	});

	test("an image is damaged: any of them", ({ runtime, saved }) => {
		const { id, bundle } = saved.start();
		saved.checkpoint(id);
		for (const name of readdirSync(saved.images).filter((each) => /^(core|mm|pages|mountpoints)/.test(each))) {
			truncateSync(join(saved.images, name), 20);
			expect(refusal(runtime, saved, bundle, id), name).toMatch(`restore container ${id}: criu: `);
		}
	});

	test("the id is taken", ({ runtime, saved }) => {
		const { id, bundle } = saved.start();
		saved.checkpoint(id, "--leave-running");
		const again = runtime("restore", "--detach", "--image-path", saved.images, "--bundle", bundle, id);
		expect(failureOf(again).message).toBe("tsrun restore failed: container with given ID already exists");
		expect(stateOf(runtime, id).status).toBe("running");
		runtime("delete", "--force", id);
	});

	test("a hook fails, and then poststop has run", ({ runtime, saved, folder, makeBundle }) => {
		const { id } = saved.start();
		saved.checkpoint(id);
		const bundle = makeBundle({
			patch: (config) => {
				config.hooks = {
					createRuntime: [{ path: "/bin/false" }],
					poststop: [{ path: "/bin/sh", args: ["sh", "-c", `echo over > ${folder}/over`] }],
				};
			},
		});
		expect(refusal(runtime, saved, bundle, id)).toBe("error running createRuntime hook #0: exit status 1");
		expect(readdirSync(folder)).toContain("over");
	});

	test("a volume is missing, or the mount namespace", ({ runtime, saved, folder, makeBundle }) => {
		const mount = { destination: "/data", source: join(folder, "data"), options: ["bind"] };
		mkdirSync(mount.source);
		const { id } = saved.start({ patch: withMounts(mount) });
		saved.checkpoint(id);
		const elsewhere = makeBundle({ patch: withMounts({ ...mount, source: join(folder, "none") }) });
		expect(refusal(runtime, saved, elsewhere, id)).toContain(`bind source "${folder}/none": no such file or directory`);
		expect(refusal(runtime, saved, makeBundle(), id)).toMatch(/criu: mnt: No mapping for /);
		const patch = ({ linux }: BaseConfig) => {
			linux.namespaces = linux.namespaces.filter(({ type }) => type !== "mount");
			linux.maskedPaths = linux.readonlyPaths = [];
		};
		expect(refusal(runtime, saved, makeBundle({ patch }), id)).toBe(
			"cannot restore a container with the host's mount namespace",
		);
	});

	test("a stream was a file, and is none", ({ runtime, saved, folder, makeBundle, newId }) => {
		const [id, bundle] = [newId(), makeBundle({ args: counter })];
		const run = ["run", "--detach", "--bundle", bundle, id];
		runtime.with({ through: ["/bin/sh", "-c", `exec "$0" "$@" > ${folder}/first`] }, ...run);
		saved.checkpoint(id);
		const restore = ["restore", "--detach", "--image-path", saved.images, "--bundle", bundle, id];
		const piped = runtime.with({ through: ["/bin/sh", "-c", 'exec "$0" "$@" | cat'] }, ...restore);
		expect(piped.stderr).toContain("stdout was a file when the container was saved, and here is none");
		writeFileSync(join(folder, "long"), "x".repeat(10_000));
		const longer = runtime.with({ through: ["/bin/sh", "-c", `exec "$0" "$@" >> ${folder}/long`] }, ...restore);
		expect(longer.stderr).toMatch(/stdout was a file .* of \d+ bytes, and the one here is longer/);
	});

	test("a terminal has nowhere to go", ({ runtime, saved, makeBundle, newId }) => {
		mkdirSync(saved.images);
		const patch = (config: BaseConfig) => {
			config.process.terminal = true;
		};
		expect(refusal(runtime, saved, makeBundle({ patch }), newId())).toContain("without setting console socket");
	});
});
