/** What callers do to the runtime, and expect of it: descriptors, pipes, signals, scores, and what is true after create. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../../support/bundle.js";
import { listenForConsole } from "../../support/console-socket.js";
import { test } from "../../support/e2e.js";
import { needs } from "../../support/skip.js";
import { isAlive, stateOf } from "../../support/status.js";
import { waitFor } from "../../support/wait.js";

const silent = { status: 0, stdout: "", stderr: "" };

const withTerminal = ({ process }: BaseConfig) => {
	process.terminal = true;
};

describe("with a terminal", () => {
	test("nobody holds what create and a detached exec were given as stdout and stderr", async ({
		runtime,
		makeBundle,
		newId,
		folder,
	}) => {
		const id = newId();
		const [init, other] = [await listenForConsole(folder), await listenForConsole(folder)];
		const bundle = makeBundle({ patch: withTerminal });
		const create = runtime.start({}, "create", "--console-socket", init.path, "--bundle", bundle, id);
		expect(await create.ended()).toMatchObject(silent);
		expect(await runtime.start({}, "start", id).ended()).toMatchObject(silent);
		const words = ["exec", "--detach", "--tty", "--console-socket", other.path, id, "/probe", "sleep"];
		expect(await runtime.start({}, ...words).ended()).toMatchObject(silent);
		runtime("delete", "--force", id);
		await Promise.all([init.ended(), other.ended()]);
	});
});

describe("when create returns", () => {
	test("the process is where engines look for it", ({ runtime, makeBundle, newId, folder }) => {
		const id = newId();
		const pidFile = join(folder, "pid");
		runtime("create", "--bundle", makeBundle(), "--pid-file", pidFile, id);
		const pid = Number(readFileSync(pidFile, "utf8"));
		const proc = (name: string) => `/proc/${pid}/${name}`;
		expect(readFileSync(proc("cgroup"), "utf8")).toContain(id);
		for (const namespace of ["net", "ipc", "uts", "pid", "mnt"]) {
			expect(readlinkSync(proc(`ns/${namespace}`))).not.toBe(readlinkSync(`/proc/self/ns/${namespace}`));
		}
		const roots = readFileSync(proc("mountinfo"), "utf8")
			.split("\n")
			.filter((line) => line.split(" ")[4] === "/");
		expect(roots).toEqual([expect.stringContaining("/rootfs / ")]);
		expect(stateOf(runtime, id)).toMatchObject({ status: "created", pid });
		runtime("delete", "--force", id);
	});

	test("its loopback is up", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		const { lo } = JSON.parse(runtime("exec", id, "/probe", "interfaces").stdout);
		expect(lo.up).toBe(true);
		runtime("delete", "--force", id);
	});
});

describe("the process", () => {
	test("has the score that the caller had, where the configuration names none", ({ runtime, makeBundle, newId }) => {
		const through = ["sh", "-c", 'echo 1 >/proc/self/oom_score_adj; exec "$@"', "sh"];
		const run = runtime.with({ through }, "run", "--bundle", makeBundle({ args: ["/probe", "oom-score"] }), newId());
		expect(run).toMatchObject({ status: 0, stdout: "1\n" });
	});
});

describe("a signal that ends create while a hook runs", () => {
	for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGKILL"] as const) {
		test(`leaves nothing that delete --force does not find: ${signal}`, async ({
			runtime,
			makeBundle,
			newId,
			folder,
			skip,
		}) => {
			needs(skip, "tsrun"); // runc 1.1 hears none but KILL then, and leaves the hook
			const id = newId();
			const there = join(folder, "hook");
			const script = `echo $$ >${there}.new; mv ${there}.new ${there}; exec sleep 1000`;
			const bundle = makeBundle({
				patch: (config) => {
					config.hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", script] }] };
				},
			});
			const create = runtime.start({}, "create", "--bundle", bundle, id);
			await waitFor(() => existsSync(there), { what: "the hook to run" });
			const hook = Number(readFileSync(there, "utf8"));
			create.signal(signal);
			expect(await create.ended()).toMatchObject({ status: null, signal });
			await waitFor(() => !isAlive(hook), { what: "the hook to end" });
			expect(runtime("delete", "--force", id)).toMatchObject(silent);
			expect(runtime("state", id).status).toBe(1);
		});
	}
});

test("nothing that run leaves to a detached container is the caller's", async ({
	runtime,
	makeBundle,
	newId,
	folder,
}) => {
	const id = newId();
	const bundle = makeBundle({ args: ["/bin/sh", "-c", "exec >/dev/null 2>&1; exec /probe sleep"] });
	expect(await runtime.start({}, "run", "--detach", "--bundle", bundle, id).ended()).toMatchObject(silent);
	const { pid } = stateOf(runtime, id);
	const fds = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
	expect(fds.filter((target) => target.includes(folder))).toEqual([]);
	runtime("delete", "--force", id);
});
