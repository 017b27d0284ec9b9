/** Starting programs in containers, and what becomes of their input, output and status. */
import { expect } from "vitest";
import { waitFor } from "../../support/wait.js";
import { type CliEngine, cliOf, terminalSize } from "../support/cli.js";
import { manyFor, type Scenarios } from "../support/engine.js";
import { image } from "../support/images.js";

export const running: Scenarios<CliEngine> = {
	"run passes on output, errors and status": async (scene) => {
		const { run } = cliOf(scene);
		const result = await run([], "sh", "-c", "echo out; echo err >&2; exit 7");
		expect(result).toMatchObject({ status: 7, stdout: "out\n", stderr: "err\n" });
	},

	"run --interactive passes on its input": async (scene) => {
		const cli = cliOf(scene);
		const result = await cli.with({ input: "one\ntwo\n" }, "run", "--rm", "--interactive", image, "cat");
		expect(result).toMatchObject({ status: 0, stdout: "one\ntwo\n" });
	},

	"run --interactive --tty gives a terminal of the caller's size, and keys go in": async (scene) => {
		const cli = cliOf(scene);
		const { rows, columns } = terminalSize;
		const sized = `until [ "$(stty size 2>/dev/null)" = "${rows} ${columns}" ]; do sleep 0.02; done; echo sized`;
		const script = `tty; ${sized}; read -r line; echo got $line; exit 4`;
		const session = cli.terminal("run", "--rm", "--interactive", "--tty", image, "sh", "-c", script);
		await session.prints(/\/dev\/pts\/0\s+sized/, 60_000);
		session.write("keys\r");
		await session.prints("got keys", 60_000);
		expect(await session.ended(60_000)).toMatchObject({ status: 4 });
	},

	"run --detach goes on; logs and wait tell the rest": async (scene) => {
		const cli = cliOf(scene);
		const name = await cli.detach([], "sh", "-c", "echo one; echo two >&2; exit 3");
		expect(await cli.ok("wait", name)).toBe("3");
		expect(await cli("logs", name)).toMatchObject({ stdout: "one\n", stderr: "two\n" });
	},

	"no output of a program that floods is lost": async (scene) => {
		const { stdout } = await cliOf(scene).run([], "/probe", "flood", "3000000");
		expect(stdout.length).toBe(3_000_000);
		expect(stdout.replaceAll("abcdefghijklmnopqrstuvwxyz", "")).toBe(
			"abcdefghijklmnopqrstuvwxyz".slice(0, 3_000_000 % 26),
		);
	},

	"the program has three streams, and nothing else of the engine's": async (scene) => {
		const { output } = cliOf(scene);
		expect(await output([], "ls", "/proc/self/fd")).toBe("0\n1\n2\n3");
		const environment = await output(["--env", "ADDED=1", "--hostname", "host"], "env");
		expect(
			environment
				.split("\n")
				.map((line) => line.split("=")[0])
				.sort(),
		).toEqual(expect.arrayContaining(["ADDED", "FROM_IMAGE", "HOME", "HOSTNAME", "PATH"]));
		expect(environment).not.toMatch(/TSRUN|NOTIFY|_OCI|XDG|GOMAXPROCS/);
	},

	"a user with groups, who may write to the streams": async (scene) => {
		const { output } = cliOf(scene);
		const id = JSON.parse(await output(["--user", "1000:5", "--group-add", "7"], "/probe", "id"));
		expect(id).toMatchObject({ euid: 1000, egid: 5, groups: expect.arrayContaining([7]) });
		expect(await output(["--user", "1000"], "sh", "-c", "echo text >/dev/stdout")).toBe("text");
	},

	"--init reaps as process 1": async (scene) => {
		const { output } = cliOf(scene);
		const processes = await output(["--init"], "sh", "-c", "ps; true");
		expect(processes).toMatch(/^ +1 root +\/\S+init -- sh -c ps; true$/m);
	},

	"start runs a stopped container again, in the same files": async (scene) => {
		const cli = cliOf(scene);
		const name = await cli.detach([], "sh", "-c", "echo run >>/runs; cat /runs");
		await cli.ok("wait", name);
		await cli.ok("start", name);
		await cli.ok("wait", name);
		expect((await cli("logs", name)).stdout).toBe("run\nrun\nrun\n");
	},

	"--restart on-failure tries as often as it was told": async (scene) => {
		const { detach, inspect } = cliOf(scene);
		const name = await detach(["--restart", "on-failure:2"], "sh", "-c", "exit 9");
		const settled = async () =>
			(await inspect(name, ".RestartCount")) === "2" && (await inspect(name, ".State.Status")) === "exited";
		await waitFor(settled, { what: "two restarts", deadline: 60_000 });
		expect(await inspect(name, ".State.ExitCode")).toBe("9");
	},

	"many containers at once": async (scene) => {
		const { detach, ok } = cliOf(scene);
		const count = manyFor(scene.runtime, 50);
		const names = await inGroups(10, count, () => detach([], "/probe", "sleep"));
		const running = (await ok("ps", "--quiet")).split("\n");
		expect(running.length).toBe(count);
		const printed = await inGroups(10, count, (index) => ok("exec", names[index] ?? "", "echo", `${index}`));
		expect(printed).toEqual(names.map((_, index) => `${index}`));
		await ok("kill", ...names);
	},
};

/** `count` of them, but no more than `width` at the same time. */
async function inGroups<T>(width: number, count: number, make: (index: number) => Promise<T>): Promise<T[]> {
	const made: T[] = [];
	const worker = async (first: number) => {
		for (let index = first; index < count; index += width) made[index] = await make(index);
	};
	await Promise.all(Array.from({ length: width }, (_, first) => worker(first)));
	return made;
}
