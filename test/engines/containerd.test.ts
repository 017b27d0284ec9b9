/** containerd and its `ctr`, with tsrun, and with runc to prove the tests. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { waitFor } from "../support/wait.js";
import type { Result } from "../support/watched.js";
import { type Containerd, openContainerd } from "./support/containerd.js";
import { manyFor, type Scenarios, type Scene, testEngine } from "./support/engine.js";
import { image } from "./support/images.js";
import { runtimes } from "./support/runtimes.js";

/** `ctr` bound to a runtime. */
function ctrOf({ engine, runtime, newName }: Scene<Containerd>) {
	const run = (options: readonly string[], name: string, ...command: string[]) =>
		["run", "--runc-binary", runtimes[runtime], ...options, image, name, ...command] as const;
	const ok = async (...args: string[]) => {
		const { status, stdout, stderr } = await engine.ctr(...args);
		if (status !== 0) throw new Error(`ctr ${args.join(" ")}: status ${status}: ${stderr}`);
		return stdout.trimEnd();
	};
	let execs = 0;
	return {
		ok,
		run: (options: readonly string[], ...command: string[]): Promise<Result> =>
			engine.ctr(...run(["--rm", ...options], newName(), ...command)),
		output: (options: readonly string[], ...command: string[]) =>
			ok(...run(["--rm", ...options], newName(), ...command)),
		terminal: (...command: string[]) =>
			engine.box.start(engine.words(...run(["--rm", "--tty"], newName(), ...command)), {
				terminal: { rows: 31, columns: 101 },
			}),
		/** Its name, and what it has printed so far. */
		detach: async (options: readonly string[], ...command: string[]) => {
			const name = newName();
			const log = join(engine.box.folder, `${name}.log`);
			writeFileSync(log, "");
			await ok(...run(["--detach", "--log-uri", `file://${log}`, ...options], name, ...command));
			return { name, printed: () => readFileSync(log, "utf8") };
		},
		exec: (options: readonly string[], name: string, ...command: string[]) =>
			engine.ctr("task", "exec", "--exec-id", `exec-${++execs}`, ...options, name, ...command),
		statusOf: async (name: string) => {
			const line = (await ok("task", "list")).split("\n").find((each) => each.startsWith(`${name} `));
			return line?.split(/ +/)[2];
		},
	};
}

const scenarios: Scenarios<Containerd> = {
	"run passes on output, errors and status": async (scene) => {
		const { run } = ctrOf(scene);
		const result = await run([], "sh", "-c", "echo out; echo err >&2; exit 7");
		expect(result).toMatchObject({ status: 7, stdout: "out\n", stderr: "err\n" });
	},

	"run --tty gives a terminal, and keys go in": async (scene) => {
		const session = ctrOf(scene).terminal("sh", "-c", "tty; read -r line; echo got $line; exit 4");
		await session.prints("/dev/pts/0", 60_000);
		session.write("keys\r");
		await session.prints("got keys", 60_000);
		expect(await session.ended(60_000)).toMatchObject({ status: 4 });
	},

	"directory, environment, and no descriptor of the shim's": async (scene) => {
		const { output } = ctrOf(scene);
		const options = ["--cwd", "/tmp", "--env", "ADDED=yes"];
		expect(await output(options, "sh", "-c", "pwd; echo $ADDED $FROM_IMAGE")).toBe("/tmp\nyes yes");
		expect(await output([], "ls", "/proc/self/fd")).toBe("0\n1\n2\n3");
	},

	"a task goes on after the call; exec joins it": async (scene) => {
		const { detach, exec, statusOf } = ctrOf(scene);
		const { name } = await detach([], "/probe", "sleep");
		expect(await statusOf(name)).toBe("RUNNING");
		expect(await exec([], name, "sh", "-c", "echo out; echo err >&2; exit 3")).toMatchObject({
			status: 3,
			stdout: "out\n",
			stderr: "err\n",
		});
		expect(await exec(["--user", "1000", "--cwd", "/tmp"], name, "sh", "-c", "id -u; pwd")).toMatchObject({
			status: 0,
			stdout: "1000\n/tmp\n",
		});
	},

	"exec many times leaves nothing in the container": async (scene) => {
		const { detach, exec, ok } = ctrOf(scene);
		const { name } = await detach([], "/probe", "sleep");
		for (let probe = 0; probe < manyFor(scene.runtime, 50); probe += 5) {
			const results = await Promise.all(Array.from({ length: 5 }, () => exec([], name, "true")));
			expect(results.every(({ status }) => status === 0)).toBe(true);
		}
		expect((await ok("task", "ps", name)).split("\n").length).toBe(2);
	},

	"task ps and metrics": async (scene) => {
		const { detach, ok } = ctrOf(scene);
		const { name, printed } = await detach([], "sh", "-c", "/probe sleep & exec /probe print-ready-then-wait");
		await waitFor(() => printed().includes("ready"), { what: "both processes", deadline: 60_000 });
		expect((await ok("task", "ps", name)).split("\n").length).toBe(3);
		const { pids } = JSON.parse(await ok("task", "metrics", "--format", "json", name));
		expect(pids).toMatchObject({ current: 2 });
	},

	"task kill sends signals; its status stays to be seen": async (scene) => {
		const { detach, ok, statusOf } = ctrOf(scene);
		const { name, printed } = await detach([], "/probe", "trap", "USR1", "TERM=5");
		const tells = (text: string) => waitFor(() => printed().includes(text), { what: text, deadline: 60_000 });
		await tells("ready");
		await ok("task", "kill", "--signal", "USR1", name);
		await tells("USR1");
		await ok("task", "kill", name);
		await waitFor(async () => (await statusOf(name)) === "STOPPED", { what: "its end", deadline: 60_000 });
		expect((await scene.engine.ctr("task", "kill", name)).stderr).toContain("process already finished");
	},

	"pause and resume": async (scene) => {
		const { detach, ok, statusOf } = ctrOf(scene);
		const { name, printed } = await detach([], "sh", "-c", "while true; do echo tick; sleep 0.02; done");
		await ok("task", "pause", name);
		expect(await statusOf(name)).toBe("PAUSED");
		const frozen = printed().length;
		expect((await ok("task", "list")).includes("PAUSED")).toBe(true);
		expect(printed().length).toBe(frozen);
		await ok("task", "resume", name);
		await waitFor(() => printed().length > frozen, { what: "it to go on", deadline: 60_000 });
	},

	"rights, limits, devices and files": async (scene) => {
		const { detach, output, run } = ctrOf(scene);
		const caps = JSON.parse(await output(["--cap-add", "CAP_SYS_TIME"], "/probe", "caps"));
		expect(BigInt(`0x${caps.effective}`) & (1n << 25n)).not.toBe(0n);
		expect(await output(["--read-only"], "sh", "-c", "touch /file 2>/dev/null || echo refused")).toBe("refused");
		expect(await output(["--seccomp"], "/probe", "seccomp")).toBe("2");
		const { name } = await detach(["--memory-limit", "33554432"], "/probe", "sleep");
		const limit = `/sys/fs/cgroup/memory/tests/${name}/memory.limit_in_bytes`;
		expect((await scene.engine.box.run(["cat", limit])).stdout).toBe("33554432\n");
		expect(await output(["--device", "/dev/fuse"], "/probe", "open", "/dev/fuse", "r")).toBe("OK");
		const folder = join(scene.engine.box.folder, scene.newName());
		mkdirSync(folder);
		writeFileSync(join(folder, "file"), "text");
		const mount = `type=bind,src=${folder},dst=/data,options=rbind:ro`;
		const sealed = await run(["--mount", mount], "sh", "-c", "cat /data/file; touch /data/new");
		expect(sealed).toMatchObject({ status: 1, stdout: "text", stderr: expect.stringContaining("Read-only") });
	},

	"privileged, with the host's network, without pivot_root": async (scene) => {
		const { output } = ctrOf(scene);
		expect(await output(["--privileged"], "sh", "-c", "mount -t tmpfs x /mnt && echo mounted")).toBe("mounted");
		const { stdout } = await scene.engine.box.run(["readlink", "/proc/self/ns/net"]);
		expect(await output(["--net-host"], "readlink", "/proc/self/ns/net")).toBe(stdout.trimEnd());
		expect(await output(["--no-pivot"], "ls", "-d", "/probe")).toBe("/probe");
	},

	"starts that fail say why": async (scene) => {
		const { run } = ctrOf(scene);
		const start = `OCI runtime create failed: ${scene.runtime} create failed: unable to start container process: `;
		const tries = {
			"/missing": 'exec: "/missing": stat /missing: no such file or directory: unknown',
			missing: 'exec: "missing": executable file not found in $PATH: unknown',
			"/etc/passwd": 'exec: "/etc/passwd": permission denied: unknown',
		};
		for (const [program, why] of Object.entries(tries)) {
			const { status, stderr } = await run([], program);
			// as of release 1.2, and so here, runc says of an error in init that it was there
			expect(stderr.replace("error during container init: ", "")).toContain(start + why);
			expect(status).toBe(1);
		}
	},

	"exec that fails says why": async (scene) => {
		const { detach, exec } = ctrOf(scene);
		const { name } = await detach([], "/probe", "sleep");
		const result = await exec([], name, "missing");
		const why = 'exec failed: unable to start container process: exec: "missing": executable file not found in $PATH';
		expect(result.stderr).toContain(why);
		expect(result.status).not.toBe(0);
	},

	"tasks go on while containerd is killed and started again": async (scene) => {
		const { detach, exec, statusOf, ok } = ctrOf(scene);
		const { name, printed } = await detach([], "/probe", "trap", "TERM=5");
		await waitFor(() => printed().includes("ready"), { what: "the program", deadline: 60_000 });
		await scene.engine.crashAndRestart();
		expect(await statusOf(name)).toBe("RUNNING");
		expect((await exec([], name, "echo", "still here")).stdout).toBe("still here\n");
		await ok("task", "kill", name);
		await waitFor(async () => (await statusOf(name)) === "STOPPED", { what: "its end", deadline: 60_000 });
	},

	"a shim that is killed takes its container with it": async (scene) => {
		const { detach, statusOf } = ctrOf(scene);
		const { name } = await detach([], "/probe", "sleep");
		await scene.engine.box.run(["sh", "-c", "kill -9 $(pidof containerd-shim-runc-v2)"]);
		await waitFor(async () => (await statusOf(name)) !== "RUNNING", { what: "containerd to see it", deadline: 60_000 });
	},

	"many containers at once": async (scene) => {
		const { output } = ctrOf(scene);
		const count = manyFor(scene.runtime, 20);
		const printed = await Promise.all(
			Array.from({ length: count }, (_, index) => output([], "sh", "-c", `sleep 0.2; echo ${index}`)),
		);
		expect(printed).toEqual(Array.from({ length: count }, (_, index) => `${index}`));
	},
};

testEngine<Containerd>({
	name: "containerd",
	needs: ["root", "cgroup v1", "containerd", "tini", "runc"],
	open: openContainerd,
	scenarios,
});
