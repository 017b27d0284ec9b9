/** run with a terminal: keys go in, output comes out, the size follows, and the caller's own terminal is as before. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { test } from "../support/e2e.js";
import { pty, runtimeProgram } from "../support/paths.js";
import { needs } from "../support/skip.js";
import { stateOf } from "../support/status.js";
import { waitFor } from "../support/wait.js";
import { watch } from "../support/watched.js";

const size = { rows: 31, columns: 101 };

function withTerminal({ process }: BaseConfig): void {
	process.terminal = true;
}

describe("on a terminal", () => {
	test("the program has one of its own", async ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle({ args: ["/probe", "tty"], patch: withTerminal });
		const end = await runtime.start({ terminal: size }, "run", "--bundle", bundle, newId()).ended();
		expect(JSON.parse(end.stdout)).toMatchObject({
			stdin: true,
			stdout: true,
			stderr: true,
			name: "/dev/pts/0",
			onlcr: false,
			controlling: true,
		});
		expect(end.status).toBe(0);
	});

	test("it has the size of the caller's from the beginning", async ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun"); // runc sets it when the program may have looked already
		const bundle = makeBundle({ args: ["/bin/stty", "size"], patch: withTerminal });
		for (let round = 0; round < 5; round++) {
			const end = await runtime.start({ terminal: size }, "run", "--bundle", bundle, newId()).ended();
			expect(end.stdout).toBe("31 101\r\n");
		}
	});

	test("the program leads its session, in the foreground", async ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle({ args: ["/probe", "tty"], patch: withTerminal });
		const end = await runtime.start({ terminal: size }, "run", "--bundle", bundle, newId()).ended();
		const { pid, session, group, foreground } = JSON.parse(end.stdout);
		expect({ session, group, foreground }).toEqual({ session: pid, group: pid, foreground: pid });
	});

	test("consoleSize gives way to the size of the caller's terminal", async ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun"); // runc 1.1 takes consoleSize, which then is not the size of what the user sees
		const bundle = makeBundle({
			args: ["/probe", "tty"],
			patch: (config) => {
				withTerminal(config);
				config.process.consoleSize = { height: 5, width: 7 };
			},
		});
		const end = await runtime.start({ terminal: size }, "run", "--bundle", bundle, newId()).ended();
		expect(JSON.parse(end.stdout)).toMatchObject(size);
	});

	test("a new size reaches the program as SIGWINCH", async ({ runtime, makeBundle, newId }) => {
		const script = "trap 'stty size' WINCH; echo ready; while :; do read line && exit 0; done";
		const bundle = makeBundle({ args: ["/bin/sh", "-c", script], patch: withTerminal });
		const run = runtime.start({ terminal: size }, "run", "--bundle", bundle, newId());
		await run.prints("ready");
		run.resize(40, 120);
		await run.prints("40 120");
		run.write("\r");
		expect(await run.ended()).toMatchObject({ status: 0 });
	});

	test("what is typed arrives, and ^C is a signal for the program", async ({ runtime, makeBundle, newId }) => {
		const script = "trap 'echo interrupted' INT; echo ready; while :; do read line && echo got $line && exit 9; done";
		const bundle = makeBundle({ args: ["/bin/sh", "-c", script], patch: withTerminal });
		const run = runtime.start({ terminal: size }, "run", "--bundle", bundle, newId());
		await run.prints("ready");
		run.write("\x03");
		await run.prints("interrupted");
		run.write("word\r");
		await run.prints("got word");
		expect(await run.ended()).toMatchObject({ status: 9, stderr: "" });
	});

	test("all of much output comes through", async ({ runtime, makeBundle, newId }) => {
		const length = 1 << 20;
		const bundle = makeBundle({ args: ["/probe", "flood", String(length)], patch: withTerminal });
		const end = await runtime.start({ terminal: size }, "run", "--bundle", bundle, newId()).ended(20_000);
		const digest = (text: string) => createHash("sha256").update(text).digest("hex");
		const expected = "abcdefghijklmnopqrstuvwxyz".repeat(Math.ceil(length / 26)).slice(0, length);
		expect({ length: end.stdout.length, digest: digest(end.stdout) }).toEqual({ length, digest: digest(expected) });
	});

	test("the caller's modes are restored, also after a failure", async ({ runtime, makeBundle, newId, folder }) => {
		const good = makeBundle({ args: ["/probe", "exit", "5"], patch: withTerminal });
		const bad = makeBundle({ args: ["/none"], patch: withTerminal });
		const run = (bundle: string) =>
			`${runtimeProgram} --root ${runtime.root} run --bundle ${bundle} ${newId()} >&2; echo "status $?"; stty -g`;
		const script = `stty -g; ${run(good)}; ${run(bad)}`;
		const env = { PATH: process.env.PATH, TSRUN_E2E: folder };
		const shell = watch("a shell on a terminal", pty, ["run", "--size", "31x101", "sh", "-c", script], { env });
		const { stdout } = await shell.ended();
		const lines = stdout.replaceAll("\r", "").split("\n");
		const modes = lines.filter((line) => /^[0-9a-f]+(:[0-9a-f]+)+$/.test(line));
		expect(lines).toEqual(expect.arrayContaining(["status 5", "status 1"]));
		expect(modes).toEqual([modes[0], modes[0], modes[0]]);
	});

	test("a line ends as on any terminal, once", async ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle({ args: ["/bin/echo", "-e", "a\\nb"], patch: withTerminal });
		const end = await runtime.start({ terminal: size }, "run", "--bundle", bundle, newId()).ended();
		expect(end.stdout).toBe("a\r\nb\r\n");
	});

	test("a program may close it and open it again", async ({ runtime, makeBundle, newId }) => {
		const fifo = "/dev/shm/fifo";
		const script = `mkfifo ${fifo}; echo ready; exec <&- >&- 2>&-; read line <${fifo}; echo again >/dev/console; exit 3`;
		const id = newId();
		const bundle = makeBundle({ args: ["/bin/sh", "-c", script], patch: withTerminal });
		const run = runtime.start({ terminal: size }, "run", "--bundle", bundle, id);
		await run.prints("ready");
		const open = () => readdirSync(`/proc/${stateOf(runtime, id).pid}/fd`).some((fd) => Number(fd) < 3);
		await waitFor(() => !open(), { what: "the program to close its terminal" });
		expect(runtime("exec", id, "/bin/sh", "-c", `echo >${fifo}`).status).toBe(0);
		expect(await run.ended()).toMatchObject({ status: 3, stdout: expect.stringMatching(/ready\r\nagain\r\n$/) });
	});

	test("a child that outlives the program and prints does not keep run waiting", async ({
		runtime,
		makeBundle,
		newId,
	}) => {
		const script = "/bin/yes & echo bye";
		const bundle = makeBundle({
			args: ["/bin/sh", "-c", script],
			patch: (config) => {
				withTerminal(config);
				config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "pid");
			},
		});
		const end = await runtime.start({ terminal: size }, "run", "--bundle", bundle, newId()).ended();
		expect(end).toMatchObject({ status: 0, stdout: expect.stringContaining("bye") });
	});
});

describe("beside the caller's terminal", () => {
	/** A shell on a terminal, with the runtime in a pipeline. */
	function pipeline(folder: string, script: string) {
		const env = { PATH: process.env.PATH, TSRUN_E2E: folder };
		return watch("a shell on a terminal", pty, ["run", "--size", "31x101", "sh", "-c", script], { env }).ended();
	}

	test("the size is that of stdout when stdin is none", async ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun"); // with runc the program may be faster than its size
		const bundle = makeBundle({ args: ["/bin/stty", "size"], patch: withTerminal });
		const run = `${runtimeProgram} --root ${runtime.root} run --bundle ${bundle} ${newId()}`;
		expect((await pipeline(folder, `${run} </dev/null`)).stdout).toBe("31 101\r\n");
	});

	test("the program goes on when nobody reads its output any more", async ({ runtime, makeBundle, newId, folder }) => {
		const id = newId();
		const script = "echo one; read line; /probe flood 100000; exit 4";
		const bundle = makeBundle({ args: ["/bin/sh", "-c", script], patch: withTerminal });
		const run = `${runtimeProgram} --root ${runtime.root} run --bundle ${bundle} ${id}`;
		// the line that the program waits for comes when head has gone
		const fifo = join(folder, "fifo");
		execFileSync("mkfifo", [fifo]);
		const shell = `(read ended; echo go) <${fifo} | (${run}; echo "status $?" >&2) | (head -n 1; : >${fifo})`;
		const end = await pipeline(folder, shell);
		expect(end.stdout).toContain("one");
		expect(end.stdout).toContain("status 4");
	});
});

describe("without a terminal of the caller's", () => {
	test("stdin from /dev/null and output into a file do", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun"); // runc wants a terminal among its own streams, or /dev/tty
		const bundle = makeBundle({ args: ["/bin/sh", "-c", "tty; echo one; echo two >&2"], patch: withTerminal });
		const run = runtime("run", "--bundle", bundle, newId());
		expect(run).toMatchObject({ status: 0, stdout: "/dev/pts/0\none\ntwo\n", stderr: "" });
	});

	test("what stdin holds is typed", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun"); // likewise
		const bundle = makeBundle({
			args: ["/bin/sh", "-c", "stty -echo; echo; read line; echo got $line"],
			patch: withTerminal,
		});
		const run = runtime.with({ input: "word\n" }, "run", "--bundle", bundle, newId());
		expect(run).toMatchObject({ status: 0, stdout: expect.stringContaining("got word\n") });
	});

	test("nothing of a short-lived program's output is lost", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun"); // likewise
		const bundle = makeBundle({ args: ["/bin/echo", "brief"], patch: withTerminal });
		for (let round = 0; round < 10; round++) {
			expect(runtime("run", "--bundle", bundle, newId()).stdout).toBe("brief\n");
		}
	});
});

describe("exec -t", () => {
	test("gives the process a terminal beside the container's", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle(), id);
		const exec = runtime.start({ terminal: size }, "exec", "-t", id, "/probe", "tty");
		const end = await exec.ended();
		expect(JSON.parse(end.stdout)).toMatchObject({ stdin: true, stdout: true, stderr: true, onlcr: false });
		runtime("delete", "--force", id);
	});

	test("ends with the program's status", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle(), id);
		const end = await runtime.start({ terminal: size }, "exec", "--tty", id, "/probe", "exit", "6").ended();
		expect(end).toMatchObject({ status: 6, stdout: "" });
		runtime("delete", "--force", id);
	});
});
