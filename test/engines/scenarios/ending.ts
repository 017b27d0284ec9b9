/** Stopping, signalling and freezing containers, and their ends. */
import { expect } from "vitest";
import { waitFor } from "../../support/wait.js";
import { type Cli, type CliEngine, cliOf } from "../support/cli.js";
import type { Scenarios } from "../support/engine.js";

/** The program has said so: its handlers are set. */
async function ready(cli: Cli, name: string): Promise<void> {
	await logs(cli, name, "ready");
}

async function logs(cli: Cli, name: string, text: string): Promise<void> {
	const told = async () => (await cli("logs", name)).stdout.includes(text);
	await waitFor(told, { what: `logs to have ${text}`, deadline: 60_000 });
}

export const ending: Scenarios<CliEngine> = {
	"stop asks with TERM, and the program may take leave": async (scene) => {
		const cli = cliOf(scene);
		const name = await cli.detach([], "/probe", "trap", "TERM=5");
		await ready(cli, name);
		await cli.ok("stop", name);
		expect(await cli.inspect(name, ".State.ExitCode")).toBe("5");
		expect((await cli("logs", name)).stdout).toContain("TERM");
	},

	"stop kills what does not listen": async (scene) => {
		const cli = cliOf(scene);
		const name = await cli.detach([], "/probe", "deaf", "/probe", "print-ready-then-wait");
		await ready(cli, name);
		await cli.ok("stop", "--time", "1", name);
		expect(await cli.inspect(name, ".State.ExitCode")).toBe("137");
	},

	"kill sends the signal by name and by number": async (scene) => {
		const cli = cliOf(scene);
		const name = await cli.detach([], "/probe", "trap", "USR1", "USR2", "TERM=8");
		await ready(cli, name);
		await cli.ok("kill", "--signal", "USR1", name);
		await logs(cli, name, "USR1");
		await cli.ok("kill", "--signal", "12", name);
		await logs(cli, name, "USR2");
		await cli.ok("kill", "--signal", "SIGTERM", name);
		expect(await cli.ok("wait", name)).toBe("8");
		const again = await cli("kill", name);
		expect(again.status).not.toBe(0);
		expect(again.stderr).toMatch(/not running|can only kill running containers/);
	},

	"a program that a signal ends has a status that tells": async (scene) => {
		const { detach, ok } = cliOf(scene);
		const name = await detach(["--init"], "/probe", "kill-self", "ABRT");
		expect(await ok("wait", name)).toBe("134");
	},

	"restart is stop and start": async (scene) => {
		const cli = cliOf(scene);
		const name = await cli.detach([], "/probe", "trap", "TERM=0");
		await ready(cli, name);
		const first = await cli.inspect(name, ".State.Pid");
		await cli.ok("restart", name);
		expect(await cli.inspect(name, ".State.Status")).toBe("running");
		expect(await cli.inspect(name, ".State.Pid")).not.toBe(first);
	},

	"rm --force takes a running one away, and a paused one": async (scene) => {
		const { kind, detach, ok } = cliOf(scene);
		const now = kind === "podman" ? ["--time", "0"] : [];
		for (const paused of [false, true]) {
			const name = await detach([], "/probe", "sleep");
			if (paused) await ok("pause", name);
			await ok("rm", "--force", ...now, name);
		}
		expect(await ok("ps", "--all", "--quiet")).toBe("");
	},

	"pause freezes, unpause goes on": async (scene) => {
		const cli = cliOf(scene);
		const name = await cli.detach([], "sh", "-c", "while true; do echo tick; sleep 0.02; done");
		const ticks = async () => (await cli("logs", name)).stdout.length;
		await logs(cli, name, "tick");
		await cli.ok("pause", name);
		expect(await cli.inspect(name, ".State.Status")).toBe("paused");
		const frozen = await ticks();
		expect((await cli("exec", name, "true")).status).not.toBe(0);
		expect(await ticks()).toBe(frozen);
		await cli.ok("unpause", name);
		await waitFor(async () => (await ticks()) > frozen, { what: "it to go on", deadline: 60_000 });
		expect((await cli("unpause", name)).stderr).toContain("is not paused");
	},

	"a program that eats more memory than it may is killed, and it is told": async (scene) => {
		const { kind, detach, ok, inspect } = cliOf(scene);
		// the engine looks for it only once the runtime's start has ended
		const script = "until [ -e /go ]; do sleep 0.1; done; exec /probe alloc 60000000";
		const limits = ["--memory", "16m", "--memory-swap", "16m"];
		const name = await detach(limits, "sh", "-c", script);
		await ok("exec", name, "touch", "/go");
		expect(await ok("wait", name)).toBe("137");
		// conmon 2.1.6 looks where the cgroup is no more, whichever the runtime
		expect(await inspect(name, ".State.OOMKilled")).toBe(kind === "docker" ? "true" : "false");
	},
};
