/** The end-to-end tests' own support: what it reports is there, and it reports what is there. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, vi } from "vitest";
import { toJson } from "../support/bundle.js";
import { listenForConsole } from "../support/console-socket.js";
import { test } from "../support/e2e.js";
import { makeFolder } from "../support/folder.js";
import { describeLeaks, expectNoLeaks, findLeaks, removeFolder, removeLeaks } from "../support/leaks.js";
import { probe } from "../support/paths.js";
import { needs } from "../support/skip.js";
import { waitFor } from "../support/wait.js";
import { watch } from "../support/watched.js";

/** A hierarchy to make a cgroup in. */
const hierarchy = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"].find((path) => existsSync(path)) ?? "";

describe("runtime", () => {
	test("gives the program's status and output", ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle({ args: ["/bin/sh", "-c", "echo out; echo err >&2; exit 7"] });
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 7, stdout: "out\n", stderr: "err\n" });
	});

	test("hands text to the program", ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle({ args: ["/probe", "echo-stdin"] });
		expect(runtime.with({ input: "a\nb\n" }, "run", "--bundle", bundle, newId()).stdout).toBe("a\nb\n");
	});

	test("does not wait for a detached container, and reads what it prints later", async ({
		runtime,
		makeBundle,
		newId,
	}) => {
		const id = newId();
		const run = runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "trap", "TERM=0"] }), id);
		expect(run.status).toBe(0);
		await waitFor(() => run.later().stdout === "ready\n", { what: "the container to be ready" });
		runtime("kill", id, "TERM");
		await waitFor(() => run.later().stdout === "ready\nTERM\n", { what: "the container's last word" });
		await waitFor(() => runtime("delete", id).status === 0, { what: "the container to be deleted" });
	});

	test("names what it ran when that does not end", ({ runtime, makeBundle, newId, onTestFinished, folder }) => {
		const bundle = makeBundle({ args: ["/probe", "print-ready-then-wait"] });
		const id = newId();
		onTestFinished(() => removeLeaks(folder));
		const call = () => runtime.with({ deadline: 1000 }, "run", "--bundle", bundle, id);
		expect(call).toThrow(/run --bundle .* did not end in 1000 ms; stdout: ready/);
		runtime("delete", "--force", id);
	});

	test("talks to a running container through pipes", async ({ runtime, makeBundle, newId }) => {
		const run = runtime.start({}, "run", "--bundle", makeBundle({ args: ["/bin/cat"] }), newId());
		run.write("hello\n");
		await run.prints("hello\n");
		run.closeStdin();
		expect(await run.ended()).toMatchObject({ status: 0, stdout: "hello\n", stderr: "" });
	});

	test("gives the runtime a terminal, and resizes it", async ({ runtime, makeBundle, newId }) => {
		const patch = ({ process }: { process: { terminal?: boolean } }) => {
			process.terminal = true;
		};
		const script =
			'for size in "31 101" "32 102"; do until [ "$(stty size)" = "$size" ]; do usleep 5000; done; echo $size; done';
		const bundle = makeBundle({ args: ["/bin/sh", "-c", script], patch });
		const run = runtime.start({ terminal: { rows: 31, columns: 101 } }, "run", "--bundle", bundle, newId());
		await run.prints("31 101");
		run.resize(32, 102);
		await run.prints("32 102");
		expect(await run.ended()).toMatchObject({ status: 0 });
	});
});

describe("makeBundle", () => {
	test("applies the patch and adds the files", ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle({
			args: ["/bin/hi"],
			patch: (config) => {
				config.hostname = "patched";
			},
			files: { "bin/hi": "#!/bin/sh\nhostname; cat /etc/note\n", "etc/note": "a note\n" },
		});
		expect(runtime("run", "--bundle", bundle, newId()).stdout).toBe("patched\na note\n");
	});

	test("writes a 64-bit number as it is", () => {
		expect(JSON.parse(toJson({ limit: 5n }))).toEqual({ limit: 5 });
		expect(toJson(18446744073709551615n)).toBe("18446744073709551615");
	});

	test("runs the probe as /probe", ({ runtime, makeBundle, newId }) => {
		const run = runtime("run", "--bundle", makeBundle({ args: ["/probe", "caps"] }), newId());
		expect(JSON.parse(run.stdout)).toMatchObject({ bounding: "0000000020000420", inheritable: "0000000000000000" });
	});
});

describe("a console socket", () => {
	test("receives the container's terminal, sizes it and talks through it", async ({
		runtime,
		makeBundle,
		newId,
		folder,
	}) => {
		const console = await listenForConsole(folder, { rows: 33, columns: 103 });
		const bundle = makeBundle({
			args: ["/bin/sh", "-c", "read line; stty size; echo got $line"],
			patch: (config) => {
				config.process.terminal = true;
			},
		});
		const id = newId();
		const run = runtime("run", "--detach", "--console-socket", console.path, "--bundle", bundle, id);
		expect(run).toMatchObject({ status: 0, stdout: "", stderr: "" });
		expect(await console.received()).not.toBe("");
		console.write("word\n");
		await console.prints("got word");
		expect((await console.ended()).stdout).toContain("33 103");
		await waitFor(() => runtime("delete", id).status === 0, { what: "the container to be deleted" });
	});
});

describe("expectNoLeaks", () => {
	/** A folder with a mark of its own, so that what is left on purpose is not this test's leak. */
	const withFolder = async (use: (folder: string) => void | Promise<void>) => {
		const folder = makeFolder();
		try {
			await use(folder);
		} finally {
			await removeLeaks(folder);
			removeFolder(folder);
		}
	};

	test("says nothing when nothing is left", () => withFolder((folder) => expectNoLeaks(folder)));

	test("names a process, by its environment, and ends it", () =>
		withFolder(async (folder) => {
			const child = spawn(probe, ["sleep"], { env: { TSRUN_E2E: folder }, detached: true, stdio: "ignore" });
			const ended = new Promise((resolve) => child.on("exit", (_status, signal) => resolve(signal)));
			await expect(expectNoLeaks(folder, 20)).rejects.toThrow(`process ${child.pid}: ${probe} sleep`);
			expect(await ended).toBe("SIGKILL");
		}));

	test("names a cgroup and its children, and removes them", () =>
		withFolder(async (folder) => {
			const cgroup = join(hierarchy, basename(folder));
			mkdirSync(join(cgroup, "child"), { recursive: true });
			await expect(expectNoLeaks(folder, 20)).rejects.toThrow(`cgroup ${cgroup}\n  cgroup ${cgroup}/child`);
			expect(existsSync(cgroup)).toBe(false);
		}));

	test("names a process in a cgroup of the test, whatever its environment", () =>
		withFolder(async (folder) => {
			const cgroup = join(hierarchy, basename(folder));
			mkdirSync(cgroup);
			const child = spawn(probe, ["sleep"], { env: {}, stdio: "ignore" });
			writeFileSync(join(cgroup, "cgroup.procs"), String(child.pid));
			await expect(expectNoLeaks(folder, 20)).rejects.toThrow(`process ${child.pid}`);
			expect(existsSync(cgroup)).toBe(false);
		}));

	test("names a mount and detaches it before the folder is removed", () =>
		withFolder(async (folder) => {
			const target = join(folder, "a mount");
			const kept = join(folder, "kept");
			mkdirSync(target);
			mkdirSync(kept);
			writeFileSync(join(kept, "file"), "");
			execFileSync("mount", ["--bind", kept, target]);
			expect(() => removeFolder(folder)).toThrow("mounted in it");
			await expect(expectNoLeaks(folder, 20)).rejects.toThrow(`mount ${target}`);
			expect(readdirSync(kept)).toEqual(["file"]);
			expect(readdirSync(target)).toEqual([]);
		}));

	test("names the state of a container that was not deleted, and its processes", ({
		runtime,
		makeBundle,
		newId,
		folder,
	}) => {
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		const left = describeLeaks(findLeaks(folder));
		expect(left).toContain(`state of container ${id}`);
		expect(left).toContainEqual(expect.stringMatching(/^process \d+: /));
		expect(left).toContainEqual(expect.stringMatching(new RegExp(`^cgroup .*${id}`)));
		runtime("delete", "--force", id);
	});

	test("names a temporary file", () =>
		withFolder(async (folder) => {
			writeFileSync(join(folder, "tmp/left"), "");
			await expect(expectNoLeaks(folder, 20)).rejects.toThrow(`file ${folder}/tmp/left`);
		}));
});

describe("waiting", () => {
	test("names what it waited for", async () => {
		await expect(waitFor(() => false, { what: "Godot", deadline: 20 })).rejects.toThrow(
			"after 20 ms, still waiting for Godot",
		);
	});

	test("shows what the program printed instead", async () => {
		const program = watch("the program", probe, ["args", "x"]);
		await expect(program.prints("never")).rejects.toThrow(/ended without printing never; stdout: .*args/);
		await program.ended();
	});
});

describe("needs", () => {
	const skipped = (ci: string, name: Parameters<typeof needs>[1], machine = "") => {
		vi.stubEnv("CI", ci);
		vi.stubEnv("TEST_MACHINE", machine);
		vi.stubEnv("PATH", "/nowhere");
		const skip = vi.fn();
		try {
			needs(skip, name);
		} finally {
			vi.unstubAllEnvs();
		}
		return skip.mock.calls;
	};

	test("lets a test run whose needs are met", () => {
		expect(skipped("true", "root")).toEqual([]);
	});

	test("skips by hand, with the reason", () => {
		expect(skipped("", "newuidmap")).toEqual([[expect.stringContaining("apt-get install uidmap")]]);
	});

	test("fails in CI instead", () => {
		expect(() => skipped("true", "newuidmap")).toThrow('needs newuidmap: "newuidmap" is not installed');
	});

	test("fails on the machine that is there for it, where others skip", () => {
		expect(skipped("true", "selinux", "cgroup v2")).toEqual([["needs selinux: the kernel runs no SELinux"]]);
		expect(() => skipped("", "selinux", "cgroup v2,selinux")).toThrow("needs selinux: the kernel runs no SELinux");
	});
});

describe("the probe in a hook", () => {
	test("writes down the state, its arguments, environment and namespaces", ({ runtime, makeBundle, newId, folder }) => {
		const log = join(folder, "hooks.jsonl");
		const id = newId();
		const bundle = makeBundle({
			args: ["/bin/true"],
			patch: (config) => {
				config.hooks = {
					createRuntime: [{ path: probe, args: ["probe", "hook", log], env: ["A=1"] }],
					poststop: [{ path: probe, args: ["probe", "hook", log, "0"] }],
				};
			},
		});
		expect(runtime("run", "--bundle", bundle, id).status).toBe(0);
		const lines = readFileSync(log, "utf8").trim().split("\n");
		const [first, last] = lines.map((line) => JSON.parse(line));
		expect(first).toMatchObject({ argv: ["probe", "hook", log], env: ["A=1"], state: { id, bundle } });
		expect(first.namespaces.mnt).toMatch(/^mnt:\[\d+\]$/);
		expect(last.state).toMatchObject({ id, status: "stopped" });
	});
});
