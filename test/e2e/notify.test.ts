/** $NOTIFY_SOCKET of a service manager: it hears that the program is ready, and the caller returns no earlier. */
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { shell, test } from "../support/container.js";
import { probe, runtimeProgram } from "../support/paths.js";
import { needs } from "../support/skip.js";
import { awaitStatus, isAlive, stateOf } from "../support/status.js";
import { activeState, unitProperties } from "../support/units.js";
import { waitFor } from "../support/wait.js";
import { type Watched, watch } from "../support/watched.js";

const silent = { status: 0, stdout: "", stderr: "" };

interface Manager extends Watched {
	readonly env: { readonly NOTIFY_SOCKET: string };
	/** What it has been told so far, without barriers, which are no news. */
	readonly told: () => readonly string[];
}

async function listen(folder: string, address = join(folder, "manager")): Promise<Manager> {
	const manager = watch("the service manager", probe, ["manager", address], { env: { TSRUN_E2E: folder } });
	await manager.prints("listening");
	const told = () =>
		manager
			.stdout()
			.split("\n")
			.slice(1, -1)
			.filter((line) => line !== "BARRIER=1");
	return { ...manager, env: { NOTIFY_SOCKET: address }, told };
}

async function leave(manager: Manager): Promise<void> {
	manager.signal("SIGKILL");
	await manager.ended();
}

/** Ready once the test has made the file `go` in the root filesystem; then it goes on running. */
const readyOnCommand = shell(
	"until [ -e /go ]; do usleep 10000; done; /probe notify READY=1 >/dev/null; exec sleep 1000",
);

const asUser = ({ process }: BaseConfig) => {
	process.user = { uid: 1000, gid: 1000 };
};

const inUserNamespace = (config: BaseConfig) => {
	const { linux } = config;
	asUser(config);
	linux.namespaces.push({ type: "user" });
	linux.uidMappings = [{ containerID: 0, hostID: 200_000, size: 65_536 }];
	linux.gidMappings = [{ containerID: 0, hostID: 200_000, size: 65_536 }];
};

/** Where the root of a user namespace may not make one. */
const placeholder = { "run/notify/notify.sock": "" };

const writable = ({ root }: BaseConfig) => {
	root.readonly = false;
};

describe("run with NOTIFY_SOCKET", () => {
	test("tells the manager that the program is ready, and to watch the runtime that stays with it", async ({
		runtime,
		makeBundle,
		newId,
		folder,
	}) => {
		const manager = await listen(folder);
		const bundle = makeBundle({ args: shell("/probe notify READY=1; read line; exit 7"), patch: writable });
		const run = runtime.start({ env: manager.env }, "run", "--bundle", bundle, newId());
		await manager.prints(/MAINPID=\d+\n/);
		run.write("\n");
		expect(await run.ended()).toMatchObject({ status: 7, stdout: "OK\n", stderr: "" });
		expect(manager.told()).toEqual(["READY=1", `MAINPID=${run.pid}`]);
		await leave(manager);
	});

	test("--detach returns when the program is ready, whose pid the manager gets", async ({
		runtime,
		makeBundle,
		newId,
		folder,
	}) => {
		const id = newId();
		const manager = await listen(folder);
		const bundle = makeBundle({ args: readyOnCommand, patch: writable });
		const words = ["run", "--detach", "--bundle", bundle, id];
		// the container keeps these pipes: of the call itself only the process tells that it has returned
		const run = runtime.start({ env: manager.env }, ...words);
		await waitFor(() => runtime("state", id).status === 0, { what: "the container to be there" });
		const { pid } = await awaitStatus(runtime, id, "running");
		expect([isAlive(run.pid), manager.told()]).toEqual([true, []]);
		writeFileSync(join(bundle, "rootfs/go"), "");
		await waitFor(() => !isAlive(run.pid), { what: "run to return" });
		expect(manager.told()).toEqual(["READY=1", `MAINPID=${pid}`]);
		runtime("delete", "--force", id);
		expect(await run.ended()).toMatchObject(silent);
		await leave(manager);
	});
});

describe("create and start with NOTIFY_SOCKET", () => {
	test("start returns when the program is ready, whose pid the manager gets", async ({
		runtime,
		makeBundle,
		newId,
		folder,
	}) => {
		const id = newId();
		const manager = await listen(folder);
		const bundle = makeBundle({ args: readyOnCommand, patch: writable });
		expect(runtime.with({ env: manager.env }, "create", "--bundle", bundle, id)).toMatchObject(silent);
		expect(manager.told()).toEqual([]);
		const start = runtime.start({ env: manager.env }, "start", id);
		const { pid } = await awaitStatus(runtime, id, "running");
		expect([isAlive(start.pid), manager.told()]).toEqual([true, []]);
		writeFileSync(join(bundle, "rootfs/go"), "");
		expect(await start.ended()).toMatchObject(silent);
		expect(manager.told()).toEqual(["READY=1", `MAINPID=${pid}`]);
		runtime("delete", "--force", id);
		await leave(manager);
	});

	test("start returns when the program ends without a word", async ({ runtime, makeBundle, newId, folder }) => {
		const id = newId();
		const manager = await listen(folder);
		const bundle = makeBundle({ args: ["/bin/true"], patch: writable });
		runtime.with({ env: manager.env }, "create", "--bundle", bundle, id);
		expect(runtime.with({ env: manager.env }, "start", id)).toMatchObject(silent);
		expect(manager.told()).toEqual([]);
		await awaitStatus(runtime, id, "stopped");
		runtime("delete", id);
		await leave(manager);
	});

	test("a start without it waits for nothing", async ({ runtime, makeBundle, newId, folder }) => {
		const id = newId();
		const manager = await listen(folder);
		runtime.with({ env: manager.env }, "create", "--bundle", makeBundle({ patch: writable }), id);
		expect(runtime("start", id)).toMatchObject(silent);
		expect(stateOf(runtime, id).status).toBe("running");
		runtime("delete", "--force", id);
		await leave(manager);
	});

	test("a create without it gives the program no socket, and start waits for nothing", async ({
		runtime,
		makeBundle,
		newId,
		folder,
		skip,
	}) => {
		needs(skip, "tsrun"); // runc's start finds no place for its socket, and fails
		const id = newId();
		const manager = await listen(folder);
		runtime("create", "--bundle", makeBundle(), id);
		expect(runtime.with({ env: manager.env }, "start", id)).toMatchObject(silent);
		expect(runtime("exec", id, "/bin/ls", "/run").stdout).not.toContain("notify");
		runtime("delete", "--force", id);
		await leave(manager);
	});
});

describe("the program", () => {
	test("finds a socket of its own in place of the manager's, whatever its configuration says", async ({
		runtime,
		makeBundle,
		newId,
		folder,
	}) => {
		const manager = await listen(folder);
		const bundle = makeBundle({
			args: shell("echo $NOTIFY_SOCKET; [ -S $NOTIFY_SOCKET ]; /probe notify READY=1"),
			patch: (config) => {
				writable(config);
				config.process.env.push("NOTIFY_SOCKET=/of/the/configuration");
			},
		});
		const run = runtime.with({ env: manager.env }, "run", "--bundle", bundle, newId());
		expect(run).toMatchObject({ status: 0, stdout: "/run/notify/notify.sock\nOK\n", stderr: "" });
		await leave(manager);
	});

	const users: readonly [string, (config: BaseConfig) => void][] = [
		["any user", asUser],
		["a user of a user namespace", inUserNamespace],
	];
	for (const [who, patch] of users) {
		test(`may be ${who}, and reach a manager with an abstract name`, async ({ runtime, makeBundle, newId, folder }) => {
			const manager = await listen(folder, `@${folder}`);
			const patched = (config: BaseConfig) => {
				writable(config);
				patch(config);
			};
			const bundle = makeBundle({ args: ["/probe", "notify", "READY=1"], patch: patched, files: placeholder });
			const run = runtime.with({ env: manager.env }, "run", "--bundle", bundle, newId());
			expect(run).toMatchObject({ status: 0, stdout: "OK\n", stderr: "" });
			await manager.prints(/READY=1\nMAINPID=\d+\n/);
			await leave(manager);
		});
	}

	test("cannot tell the manager anything else", async ({ runtime, makeBundle, newId, folder }) => {
		const manager = await listen(folder);
		const words = ["MAINPID=1", "STATUS=hello", "XREADY=1", "READY=1|STOPPING=1|MAINPID=2"];
		const bundle = makeBundle({
			args: shell(`for word in '${words.join("' '")}'; do /probe notify $word; done`),
			patch: writable,
		});
		const run = runtime.start({ env: manager.env }, "run", "--bundle", bundle, newId());
		expect(await run.ended()).toMatchObject({ status: 0, stdout: "OK\n".repeat(words.length), stderr: "" });
		await manager.prints(/MAINPID=\d+\n/);
		expect(manager.told()).toEqual(["READY=1", `MAINPID=${run.pid}`]);
		await leave(manager);
	});

	test("is told nothing by exec, whose processes are not awaited", async ({ runtime, makeBundle, newId, folder }) => {
		const id = newId();
		const manager = await listen(folder);
		runtime.with({ env: manager.env }, "create", "--bundle", makeBundle({ patch: writable }), id);
		const exec = runtime.with({ env: manager.env }, "exec", id, ...shell("echo $NOTIFY_SOCKET."));
		expect(exec).toMatchObject({ status: 0, stdout: ".\n", stderr: "" });
		runtime("delete", "--force", id);
		await leave(manager);
	});
});

describe("a service of systemd's", () => {
	for (const detach of [[], ["--detach"]]) {
		const what = detach.length === 0 ? "the runtime" : "the program itself";
		test(`has started when the program is ready, and its process is ${what}`, async ({
			runtime,
			makeBundle,
			newId,
			folder,
			skip,
		}) => {
			needs(skip, "systemd", "tsrun");
			const id = newId();
			const bundle = makeBundle({ args: readyOnCommand, patch: writable });
			const unit = `${basename(folder)}.service`;
			const run = [runtimeProgram, "--root", runtime.root, "run", ...detach, "--bundle", bundle, id];
			const words = ["--collect", "--unit", unit, "--property=Type=notify", "--", ...run];
			const start = watch("systemd-run", "systemd-run", words);
			await waitFor(() => runtime("state", id).status === 0, { what: "the container to be there", deadline: 30_000 });
			await awaitStatus(runtime, id, "running");
			expect(activeState(unit)).toBe("activating");
			writeFileSync(join(bundle, "rootfs/go"), "");
			expect(await start.ended(30_000)).toMatchObject({ status: 0 });
			expect(activeState(unit)).toBe("active");
			const pid = Number(unitProperties(unit).MainPID);
			const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
			if (detach.length === 0) expect(command).toContain(id);
			else expect(pid).toBe(stateOf(runtime, id).pid);
			runtime("kill", id, "KILL");
			await waitFor(() => activeState(unit) !== "active", { what: "the unit to end", deadline: 30_000 });
			runtime("delete", "--force", id);
		});
	}
});

test("a manager that is not there costs a warning, not the container", ({
	runtime,
	makeBundle,
	newId,
	folder,
	skip,
}) => {
	needs(skip, "tsrun"); // runc's start fails, its run says nothing
	const bundle = makeBundle({ args: ["/probe", "notify", "READY=1"], patch: writable });
	const env = { NOTIFY_SOCKET: join(folder, "nobody") };
	const run = runtime.with({ env }, "run", "--bundle", bundle, newId());
	expect(run).toMatchObject({ status: 0, stdout: "OK\n" });
	expect(run.stderr).toContain(
		`could not tell ${env.NOTIFY_SOCKET}, the NOTIFY_SOCKET, that the container is ready: connect: no such file or directory`,
	);
});
