/** --console-socket: the terminal of a detached process goes to whoever listens, as one descriptor in one message. */
import { existsSync, linkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { listenForConsole } from "../support/console-socket.js";
import { test } from "../support/e2e.js";
import { failed, failureOf, programName } from "../support/failure.js";
import { needs } from "../support/skip.js";
import { awaitStatus } from "../support/status.js";

const silent = { status: 0, stdout: "", stderr: "" };

function withTerminal({ process }: BaseConfig): void {
	process.terminal = true;
}

const talk = ["/bin/sh", "-c", "stty -echo; echo ready; read line; echo got $line; /probe tty"];

describe("create --console-socket", () => {
	test("sends the terminal before start, and the program uses it", async ({ runtime, makeBundle, newId, folder }) => {
		const id = newId();
		const console = await listenForConsole(folder, { rows: 30, columns: 90 });
		const bundle = makeBundle({ args: talk, patch: withTerminal });
		const pidFile = join(folder, "pid");
		const create = runtime("create", "--console-socket", console.path, "--pid-file", pidFile, "--bundle", bundle, id);
		expect(create).toMatchObject(silent);
		expect(existsSync(pidFile)).toBe(true);
		expect(await console.received()).toMatch(/^\/dev\/(ptmx|pts\/0)$/);
		expect(runtime("start", id)).toMatchObject(silent);
		await console.prints("ready");
		console.write("word\n");
		const { stdout } = await console.ended();
		const tty = JSON.parse(stdout.slice(stdout.indexOf("{")));
		expect(tty).toMatchObject({ stdin: true, stdout: true, stderr: true, rows: 30, columns: 90, controlling: true });
		// as the kernel makes a terminal: whoever relays it without one of its own needs the carriage returns
		expect(stdout).toMatch(/^ready\r\ngot word\r\n\{/);
		await awaitStatus(runtime, id, "stopped");
		expect(create.later()).toMatchObject({ stdout: "", stderr: "" });
		expect(runtime("delete", id)).toMatchObject(silent);
	});

	test("takes consoleSize for the terminal's size", async ({ runtime, makeBundle, newId, folder }) => {
		const id = newId();
		const console = await listenForConsole(folder);
		const bundle = makeBundle({
			args: ["/bin/sh", "-c", "while :; do stty size; usleep 10000; done"],
			patch: (config) => {
				withTerminal(config);
				config.process.consoleSize = { height: 41, width: 121 };
			},
		});
		runtime("create", "--console-socket", console.path, "--bundle", bundle, id);
		await console.received();
		// the listener sets its own size upon receipt
		runtime("start", id);
		await console.prints("24 80");
		runtime("delete", "--force", id);
		await console.ended();
	});
});

describe("run --detach --console-socket", () => {
	test("does the same in one", async ({ runtime, makeBundle, newId, folder }) => {
		const id = newId();
		const console = await listenForConsole(folder);
		const bundle = makeBundle({ args: talk, patch: withTerminal });
		expect(runtime("run", "-d", "--console-socket", console.path, "--bundle", bundle, id)).toMatchObject(silent);
		await console.prints("ready");
		console.write("word\n");
		expect((await console.ended()).stdout).toContain("got word");
		await awaitStatus(runtime, id, "stopped");
		runtime("delete", id);
	});
});

describe("exec --detach --console-socket", () => {
	for (const way of ["flags", "a process file"] as const) {
		test(`sends a terminal asked for by ${way}`, async ({ runtime, makeBundle, newId, folder }) => {
			const id = newId();
			runtime("run", "--detach", "--bundle", makeBundle(), id);
			const console = await listenForConsole(folder, { rows: 30, columns: 90 });
			const file = join(folder, "process.json");
			writeFileSync(
				file,
				JSON.stringify({ terminal: true, cwd: "/", args: talk, env: ["PATH=/bin"], user: { uid: 0, gid: 0 } }),
			);
			const words = way === "flags" ? ["--tty", id, ...talk] : ["--process", file, id];
			const exec = runtime("exec", "--detach", "--console-socket", console.path, ...words);
			expect(exec).toMatchObject(silent);
			await console.prints("ready");
			console.write("word\n");
			const { stdout } = await console.ended();
			expect(JSON.parse(stdout.slice(stdout.indexOf("{")))).toMatchObject({ rows: 30, columns: 90, controlling: true });
			runtime("delete", "--force", id);
		});
	}
});

describe("a terminal and nobody to take it", () => {
	const refused = `cannot allocate tty if ${programName} will detach without setting console socket`;

	for (const verb of [["create"], ["run", "--detach"]]) {
		test(`is refused by ${verb.join(" ")}, which leaves nothing`, ({ runtime, makeBundle, newId }) => {
			const bundle = makeBundle({ patch: withTerminal });
			const call = runtime(...verb, "--bundle", bundle, newId());
			expect(failureOf(call)).toEqual(failed(`${programName} ${verb[0]} failed: ${refused}`));
		});
	}

	test("is refused by exec --detach", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle(), id);
		const exec = runtime("exec", "--detach", "--tty", id, "/bin/true");
		expect(failureOf(exec)).toEqual(failed(`exec failed: ${refused}`, 255));
		runtime("delete", "--force", id);
	});
});

describe("a console socket without need", () => {
	const refused = `cannot use console socket if ${programName} will not detach or allocate tty`;

	test("is refused when there is no terminal", ({ runtime, makeBundle, newId, folder }) => {
		const call = runtime("create", "--console-socket", join(folder, "s"), "--bundle", makeBundle(), newId());
		expect(failureOf(call)).toEqual(failed(`${programName} create failed: ${refused}`));
	});

	test("is refused when run stays", ({ runtime, makeBundle, newId, folder }) => {
		const bundle = makeBundle({ patch: withTerminal });
		const call = runtime("run", "--console-socket", join(folder, "s"), "--bundle", bundle, newId());
		expect(failureOf(call)).toEqual(failed(`${programName} run failed: ${refused}`));
	});
});

describe("a console socket that does not work", () => {
	/** A socket's path that nobody listens at any more. */
	async function abandonedSocket(folder: string): Promise<string> {
		const path = join(folder, "abandoned");
		const server = await new Promise<Server>((resolve) => {
			const listening = createServer().listen(path, () => resolve(listening));
		});
		// a server removes its socket when it closes
		const kept = join(folder, "kept");
		linkSync(path, kept);
		await new Promise((resolve) => server.close(resolve));
		return kept;
	}

	const kinds: [string, (folder: string) => string | Promise<string>, RegExp][] = [
		["is not there", (folder) => join(folder, "none"), /no such file or directory$/],
		["is no socket", (folder) => join(folder, "run-file"), /connection refused$/],
		["has nobody listening", abandonedSocket, /connection refused$/],
		[
			"has a name too long for a socket",
			(folder) => join(folder, "x".repeat(120)),
			/file name too long$|invalid argument$/,
		],
	];
	for (const [kind, make, reason] of kinds) {
		test(`because it ${kind}: create fails and leaves nothing`, async ({ runtime, makeBundle, newId, folder }) => {
			writeFileSync(join(folder, "run-file"), "");
			const path = await make(folder);
			const [id, pidFile] = [newId(), join(folder, "pid")];
			const bundle = makeBundle({ patch: withTerminal });
			const create = runtime("create", "--console-socket", path, "--pid-file", pidFile, "--bundle", bundle, id);
			const failure = failureOf(create);
			expect(failure).toEqual(failed(expect.stringMatching(reason)));
			expect(failure.message).toContain(path);
			expect(failureOf(runtime("state", id))).toEqual(failed("container does not exist"));
			expect(existsSync(pidFile)).toBe(false);
		});
	}

	test("fails exec, whose process ends", ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun"); // runc 1.1 words it differently
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle(), id);
		const path = join(folder, "none");
		const exec = runtime("exec", "--detach", "--tty", "--console-socket", path, id, "/probe", "sleep");
		expect(failureOf(exec)).toEqual(
			failed(`exec failed: send the terminal to socket "${path}": no such file or directory`, 255),
		);
		expect(JSON.parse(runtime("ps", "--format", "json", id).stdout).length).toBe(1);
		runtime("delete", "--force", id);
	});
});
