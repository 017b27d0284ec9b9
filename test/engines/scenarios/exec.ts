/** Further programs in a running container, and looking at it from outside. */
import { expect } from "vitest";
import { waitFor } from "../../support/wait.js";
import { type CliEngine, cliOf } from "../support/cli.js";
import { manyFor, type Scenarios } from "../support/engine.js";

export const execution: Scenarios<CliEngine> = {
	"exec passes on input, output, errors and status": async (scene) => {
		const cli = cliOf(scene);
		const name = await cli.detach([], "/probe", "sleep");
		const result = await cli("exec", name, "sh", "-c", "echo out; echo err >&2; exit 3");
		expect(result).toMatchObject({ status: 3, stdout: "out\n", stderr: expect.stringContaining("err\n") });
		const cat = await cli.with({ input: "text" }, "exec", "--interactive", name, "cat");
		expect(cat).toMatchObject({ status: 0, stdout: "text" });
	},

	"exec as another user, elsewhere, with a variable": async (scene) => {
		const { detach, ok } = cliOf(scene);
		const name = await detach([], "/probe", "sleep");
		const options = ["--user", "1000:5", "--workdir", "/tmp", "--env", "ADDED=yes"];
		expect(await ok("exec", ...options, name, "sh", "-c", "id -u; id -g; pwd; echo $ADDED $FROM_IMAGE")).toBe(
			"1000\n5\n/tmp\nyes yes",
		);
	},

	"exec on a terminal": async (scene) => {
		const { detach, terminal } = cliOf(scene);
		const name = await detach([], "/probe", "sleep");
		const script = "tty; read -r line; echo got $line; exit 6";
		const session = terminal("exec", "--interactive", "--tty", name, "sh", "-c", script);
		await session.prints("/dev/pts/", 60_000);
		session.write("keys\r");
		expect(await session.ended(60_000)).toMatchObject({ status: 6, stdout: expect.stringContaining("got keys") });
	},

	"exec --detach goes on after the call": async (scene) => {
		const { detach, ok } = cliOf(scene);
		const name = await detach([], "/probe", "sleep");
		await ok("exec", "--detach", name, "sh", "-c", "echo done >/tmp/done");
		const done = async () => (await ok("exec", name, "sh", "-c", "cat /tmp/done; true")) === "done";
		await waitFor(done, { what: "the detached program to have run", deadline: 60_000 });
	},

	"exec many times leaves nothing in the container": async (scene) => {
		const { detach, ok } = cliOf(scene);
		const name = await detach([], "/probe", "sleep");
		for (let probe = 0; probe < manyFor(scene.runtime, 100); probe += 10) {
			await Promise.all(Array.from({ length: 10 }, () => ok("exec", name, "true")));
		}
		expect((await ok("exec", name, "ps", "-o", "pid,args")).split("\n").length).toBe(3);
	},

	"a health check runs in the container, and tells when it fails": async (scene) => {
		const cli = cliOf(scene);
		const { kind, detach, ok, inspect } = cli;
		const interval = kind === "docker" ? "200ms" : "disable";
		const check = "if [ -e /ill ]; then echo ill; exit 1; else echo fine; fi";
		const options = ["--health-cmd", check, "--health-interval", interval, "--health-retries", "1"];
		const name = await detach(options, "/probe", "sleep");
		const becomes = async (status: string, output: string) => {
			// without systemd, Podman has nobody to run it in its time
			if (kind === "podman") await cli("healthcheck", "run", name);
			const is = async () => (await inspect(name, ".State.Health.Status")) === status;
			await waitFor(is, { what: `the container to be ${status}`, deadline: 60_000 });
			const outputs = await inspect(name, "range .State.Health.Log}}{{.Output}}{{end");
			expect(outputs.trim().endsWith(output)).toBe(true);
		};
		await becomes("healthy", "fine");
		await ok("exec", name, "touch", "/ill");
		await becomes("unhealthy", "ill");
	},

	"top and stats see its processes": async (scene) => {
		const { kind, detach, ok } = cliOf(scene);
		const name = await detach([], "sh", "-c", "/probe sleep & exec /probe print-ready-then-wait");
		const columns = kind === "docker" ? ["-o", "pid,args"] : ["hpid", "args"];
		const both = async () => {
			const lines = (await ok("top", name, ...columns)).split("\n").slice(1);
			return (
				lines
					.map((line) => line.replace(/^\d+ +/, "").trim())
					.sort()
					.join() === "/probe print-ready-then-wait,/probe sleep"
			);
		};
		await waitFor(both, { what: "top to show both", deadline: 60_000 });
		expect(await ok("stats", "--no-stream", "--format", "{{.PIDs}}", name)).toBe("2");
	},

	"--pid=container: and its like share namespaces": async (scene) => {
		const { detach, output, ok } = cliOf(scene);
		const name = await detach(["--ipc", "shareable"], "/probe", "print-ready-then-wait");
		const sharing = ["--pid", `container:${name}`, "--network", `container:${name}`, "--ipc", `container:${name}`];
		const look = "for one in pid net ipc uts; do readlink /proc/self/ns/$one; done";
		const [own, shared] = [await ok("exec", name, "sh", "-c", look), await output(sharing, "sh", "-c", look)];
		expect(shared.split("\n").slice(0, 3)).toEqual(own.split("\n").slice(0, 3));
		expect(await output(sharing, "ps")).toMatch(/^ +1 root +\/probe print-ready/m);
		// one that is killed takes nobody with it
		const guest = await detach(sharing, "/probe", "sleep");
		await ok("kill", guest);
		await ok("wait", guest);
		expect(await ok("exec", name, "echo", "still here")).toBe("still here");
	},
};
