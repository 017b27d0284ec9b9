/** The built-in init, mode by mode: what becomes of signals, of orphans, of the others at the end, and of the terminal. */
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { test as base, shell } from "../support/container.js";
import { all, linesOf, withInit } from "../support/inits.js";
import type { RunResult } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { awaitStatus, isAlive, stateOf } from "../support/status.js";
import { waitFor } from "../support/wait.js";

interface Started {
	readonly id: string;
	readonly run: RunResult;
	/** Waits until the container has printed so many lines. */
	readonly lines: (count: number) => Promise<readonly string[]>;
	readonly kill: (signal: string) => void;
	/** Waits for its end, and gives all that it has printed. */
	readonly ended: () => Promise<{ readonly stdout: readonly string[]; readonly stderr: string }>;
}

type Patch = (config: BaseConfig) => void;

const test = base
	.extend("onlyTsrun", { auto: true }, ({ skip }) => {
		needs(skip, "tsrun");
		return true;
	})
	/** A detached container. */
	.extend("start", ({ runtime, makeBundle, newId }, { onCleanup }) => {
		const ids: string[] = [];
		onCleanup(() => {
			for (const id of ids) runtime("delete", "--force", id);
		});
		return (args: readonly string[], patch: Patch): Started => {
			const id = newId();
			ids.push(id);
			const run = runtime("run", "--detach", "--bundle", makeBundle({ args, patch }), id);
			expect(run).toMatchObject({ status: 0, stderr: "" });
			return {
				id,
				run,
				lines: (count) => linesOf(run, count),
				kill: (signal) => expect(runtime("kill", id, signal)).toMatchObject({ status: 0, stderr: "" }),
				ended: async () => {
					await awaitStatus(runtime, id, "stopped");
					const { stdout, stderr } = run.later();
					return { stdout: stdout.split("\n").slice(0, -1), stderr };
				},
			};
		};
	})
	/** A container in the foreground, to its end. */
	.extend("run", ({ runtime, makeBundle, newId }) => (args: readonly string[], patch: Patch) => {
		const { status, stdout, stderr } = runtime("run", "--bundle", makeBundle({ args, patch }), newId());
		return { status, stdout, stderr };
	})
	/** The same beside the test, to signal it. */
	.extend("watch", ({ runtime, makeBundle, newId }) => (args: readonly string[], patch: Patch) => {
		const id = newId();
		const watched = runtime.start({}, "run", "--bundle", makeBundle({ args, patch }), id);
		return { ...watched, id, kill: (signal: string) => runtime("kill", id, signal) };
	});

const writable = ({ root }: BaseConfig): void => {
	root.readonly = false;
};

const supervise = (commands: readonly object[], details: Readonly<Record<string, string>> = {}) =>
	withInit("supervise", { ...details, supervise: JSON.stringify(commands) });

describe("every mode with a program", () => {
	for (const mode of ["forward", "group", "supervise", "graceful"]) {
		test(`${mode}: ends with the program's status, or 128 and its signal`, ({ run }) => {
			expect(run(["/probe", "exit", "42"], withInit(mode))).toEqual({ status: 42, stdout: "", stderr: "" });
			expect(run(["/probe", "kill-self", "SEGV"], withInit(mode))).toEqual({ status: 139, stdout: "", stderr: "" });
		});

		test(`${mode}: a signal becomes another, or nothing`, async ({ start }) => {
			const { lines, kill } = start(
				["/probe", "every-signal"],
				withInit(mode, { remap: "TERM=QUIT,HUP=0,USR1=RTMIN" }),
			);
			await lines(1);
			for (const signal of ["HUP", "TERM", "USR1", "USR2"]) kill(signal);
			// in no order but their own: pending ones are taken from the lowest number on
			expect(new Set(await lines(4))).toEqual(new Set(["ready", "3", "34", "12"]));
		});

		test(`${mode}: a swap is no circle`, async ({ start }) => {
			const { lines, kill } = start(["/probe", "every-signal"], withInit(mode, { remap: "USR1=USR2,USR2=USR1" }));
			await lines(1);
			kill("USR1");
			expect(await lines(2)).toEqual(["ready", "12"]);
			kill("USR2");
			expect(await lines(3)).toEqual(["ready", "12", "10"]);
		});

		test(`${mode}: orphans are waited for`, async ({ start, runtime }) => {
			const { id, lines } = start(["/probe", "orphans-that-end", "20"], withInit(mode));
			await lines(1);
			const { pid } = stateOf(runtime, id);
			const children = () => readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
			await waitFor(() => children().length === 1, { what: "nothing but the program to be the init's child" });
		});
	}

	test("a signal that comes right after start is not lost", async ({ start }) => {
		for (let round = 0; round < 10; round++) {
			const { kill, ended } = start(["/probe", "print-ready-then-wait"], withInit("forward"));
			kill("TERM");
			await ended();
		}
	});

	test("the program gets its own signal mask and nothing ignored", ({ run }) => {
		const { stdout } = run(["/probe", "signals"], withInit("forward"));
		expect(JSON.parse(stdout)).toEqual({ blocked: [], ignored: [], caught: [] });
	});

	test("a program that cannot be executed after all is 126, one that has gone 127", ({ run }) => {
		const gone = (...args: string[]) =>
			all(withInit("forward"), writable, (config) => {
				config.hooks = { startContainer: [{ path: "/bin/busybox", args }] };
			});
		expect(run(["/bin/true"], gone("rm", "/bin/true"))).toEqual({
			status: 127,
			stdout: "",
			stderr: 'tsrun-init: exec "/bin/true": no such file or directory\n',
		});
		expect(run(["/probe"], gone("chmod", "0", "/probe"))).toEqual({
			status: 126,
			stdout: "",
			stderr: 'tsrun-init: exec "/probe": permission denied\n',
		});
	});

	test("why execve may fail is told as a warning beforehand, since the init cannot know", ({
		runtime,
		makeBundle,
		newId,
	}) => {
		const bundle = makeBundle({ args: ["/odd"], files: { "/odd": "no program" }, patch: withInit("forward") });
		chmodSync(join(bundle, "rootfs/odd"), 0o755);
		const { status, stderr } = runtime("run", "--bundle", bundle, newId());
		expect(status).toBe(126);
		expect(stderr).toMatch(/\/odd: it is neither an ELF program nor a script that begins with #!/);
		expect(stderr).toMatch(/tsrun-init: exec "\/odd": exec format error/);
	});

	test("descriptors are the program's, and not kept open behind its back", ({ runtime, makeBundle, newId }) => {
		// the init lets go of it when the program runs, which is now
		const script = "/probe fds; until test $(ls /proc/1/fd | wc -w) = 3; do sleep 0.01; done";
		const bundle = makeBundle({ args: ["/bin/sh", "-c", script], patch: withInit("forward") });
		const { stdout, stderr } = runtime.with(
			{ fds: [1] },
			...["run", "--preserve-fds", "1", "--bundle", bundle, newId()],
		);
		expect({ fds: Object.keys(JSON.parse(stdout)), stderr }).toEqual({ fds: ["0", "1", "2", "3"], stderr: "" });
	});
});

describe("forward and group", () => {
	const family = shell("/probe trap USR1 & exec /probe trap USR1");

	/** Who gets a signal that is sent to process 1: a second one, sent to the other directly, comes after it. */
	async function receivers(start: (args: readonly string[], patch: Patch) => Started, mode: string, runtime: Ask) {
		const { id, lines, kill } = start(family, withInit(mode));
		await lines(2);
		kill("USR1");
		await lines(3);
		const script = "for name in /proc/[0-9]*; do echo $(cat $name/stat | cut -d' ' -f 1,2,4); done";
		const processes = runtime("exec", id, "/bin/sh", "-c", script).stdout.split("\n");
		const other = processes.find((line) => /\(probe\) 2$/.test(line))?.split(" ")[0] ?? "";
		runtime("exec", id, "/bin/kill", "-USR1", other);
		return lines;
	}
	type Ask = (...args: string[]) => RunResult;

	test("forward: a signal is for the program alone", async ({ start, runtime }) => {
		const lines = await receivers(start, "forward", runtime);
		expect(await lines(4)).toEqual(["ready", "ready", "USR1", "USR1"]);
	});

	test("group: it is for the program's process group", async ({ start, runtime }) => {
		const lines = await receivers(start, "group", runtime);
		expect(await lines(5)).toEqual(["ready", "ready", "USR1", "USR1", "USR1"]);
	});

	for (const mode of ["forward", "group"]) {
		test(`${mode}: the others do not outlive the program`, async ({ start, runtime }) => {
			const script = "/probe linger other 5000 & exec /probe trap INT=3";
			const { id, lines, kill, ended } = start(["/bin/sh", "-c", script], withInit(mode));
			await lines(2);
			kill("INT");
			expect((await ended()).stdout).not.toContain("other: asked");
			expect(stateOf(runtime, id).status).toBe("stopped");
		});
	}
});

describe("graceful", () => {
	/** The program ends with 3, whatever it has left behind is asked to end after it. */
	const withRest = (rest: string, program = "exec /probe trap TERM=3") => ["/bin/sh", "-c", `${rest} & ${program}`];

	test("the program first, then what it left, which has its time", async ({ watch }) => {
		const { kill, ...run } = watch(withRest("/probe linger rest 300"), withInit("graceful"));
		await run.prints(/ready[\s\S]*up|up[\s\S]*ready/);
		kill("TERM");
		const { status, stdout, stderr } = await run.ended();
		expect({ status, stderr, last: stdout.split("\n").slice(-3) }).toEqual({
			status: 3,
			stderr: "",
			last: ["TERM", "rest: asked", ""],
		});
	});

	test("the same when the program ends by itself", async ({ watch }) => {
		const patch = withInit("graceful");
		const { kill, ...run } = watch(withRest("/probe linger rest 300", "exec /probe trap TERM USR1=5"), patch);
		await run.prints(/ready[\s\S]*up|up[\s\S]*ready/);
		kill("USR1");
		const { status, stdout } = await run.ended();
		expect({ status, last: stdout.split("\n").slice(-3) }).toEqual({ status: 5, last: ["USR1", "rest: asked", ""] });
	});

	test("who ignores it is killed at the deadline", async ({ watch }) => {
		const deaf = withRest("trap '' TERM; echo up; while :; do sleep 100; done");
		const { kill, ...run } = watch(deaf, withInit("graceful", { deadline: "0.3" }));
		await run.prints(/ready[\s\S]*up|up[\s\S]*ready/);
		kill("TERM");
		expect(await run.ended()).toMatchObject({
			status: 3,
			stderr: "tsrun-init: what has not ended by the deadline is killed; it had milliseconds: 300\n",
		});
	});

	test("a program that ignores it counts as killed", async ({ watch }) => {
		const { kill, ...run } = watch(["/probe", "trap", "TERM"], withInit("graceful", { deadline: "0.3" }));
		await run.prints("ready");
		kill("TERM");
		expect(await run.ended()).toMatchObject({ status: 137, stdout: "ready\nTERM\n" });
	});

	test("the deadline runs from the image's stop signal, too", async ({ watch }) => {
		const patch = all(withInit("graceful", { deadline: "0.3" }), (config) => {
			config.annotations = { ...config.annotations, "org.opencontainers.image.stopSignal": "SIGRTMIN+3" };
		});
		const { kill, ...run } = watch(["/probe", "trap", "37"], patch);
		await run.prints("ready");
		kill("RTMIN+3");
		expect(await run.ended()).toMatchObject({ status: 137, stdout: "ready\n37\n" });
	});

	test("other signals begin no deadline", async ({ start }) => {
		const { lines, kill } = start(["/probe", "trap", "INT", "USR1"], withInit("graceful", { deadline: "0" }));
		await lines(1);
		kill("INT");
		kill("USR1");
		expect(new Set(await lines(3))).toEqual(new Set(["ready", "INT", "USR1"]));
	});

	test("what is left gets the signals that come later", async ({ start }) => {
		const rest = "/probe trap TERM INT=0 & ";
		const { lines, kill, ended } = start(["/bin/sh", "-c", `${rest} exec /probe trap USR1=3`], withInit("graceful"));
		await lines(2);
		kill("USR1");
		await lines(4);
		kill("INT");
		expect((await ended()).stdout).toEqual(["ready", "ready", "USR1", "TERM", "INT"]);
	});
});

describe("supervise", () => {
	const echo = (text: string, more = "") => ["/bin/sh", "-c", `echo ${text}; ${more}`];

	test("set-up commands run one after the other, before the others", ({ run }) => {
		const commands = [
			{ args: echo("helper", "exec /probe sleep") },
			{ args: echo("one", "sleep 0.2; echo one done"), kind: "setup" },
			{ args: ["mkdir", "/dev/shm/made"], kind: "setup" },
		];
		const { status, stdout, stderr } = run(
			["/bin/sh", "-c", "ls -d /dev/shm/made; sleep 0.2; exit 4"],
			supervise(commands),
		);
		expect({ status, stderr }).toEqual({ status: 4, stderr: "" });
		expect(stdout.split("\n").slice(0, 2)).toEqual(["one", "one done"]);
		expect(stdout).toContain("/dev/shm/made");
	});

	test("a set-up that fails is the end, with its status and its name", ({ run }) => {
		for (const [args, status, more] of [
			[["/bin/sh", "-c", "exit 9"], 9, ""],
			[["/probe", "kill-self", "KILL"], 137, ""],
			[["nowhere"], 127, 'tsrun-init: exec "nowhere": no such file or directory\n'],
		] as const) {
			const commands = [{ args, kind: "setup" }, { args: echo("second"), kind: "setup" }, { args: echo("helper") }];
			expect(run(echo("program"), supervise(commands))).toEqual({
				status,
				stdout: "",
				stderr: `${more}tsrun-init: set-up command failed: ${args[0]}\n`,
			});
		}
	});

	test("who asks for the end during the set-up gets it, and the program never starts", async ({ watch }) => {
		const setup = { args: ["/probe", "trap", "TERM=0"], kind: "setup" };
		const { kill, ...run } = watch(echo("program"), supervise([setup]));
		await run.prints("ready");
		kill("TERM");
		expect(await run.ended()).toMatchObject({ status: 143, stdout: "ready\nTERM\n" });
	});

	test("the end of a helper is nothing, the end of a watched command is everybody's", async ({ watch }) => {
		const commands = [
			{ args: ["/bin/true"] },
			{ args: ["/bin/false"], kind: "helper" },
			{ args: ["/bin/sh", "-c", "trap '' USR1; exec /probe linger helper 200"] },
			{ args: ["/probe", "trap", "TERM", "USR1=6"], kind: "watched" },
		];
		const { kill, ...run } = watch(["/probe", "trap", "TERM=0", "USR1"], supervise(commands));
		await run.prints(/(?=[\s\S]*up)(?=[\s\S]*ready[\s\S]*ready)/);
		kill("USR1");
		const { status, stdout } = await run.ended();
		expect(status).toBe(6);
		expect(stdout.split("\n").filter((line) => line === "USR1")).toHaveLength(2);
		expect(stdout).toContain("helper: asked\n");
		expect(stdout).toContain("TERM\n");
	});

	test("a signal goes to every command", async ({ start }) => {
		const commands = [{ args: ["/probe", "trap", "HUP"] }, { args: ["/probe", "trap", "HUP"], kind: "watched" }];
		const { lines, kill } = start(["/probe", "trap", "HUP"], supervise(commands));
		await lines(3);
		kill("HUP");
		expect((await lines(6)).slice(3)).toEqual(["HUP", "HUP", "HUP"]);
	});

	test("a command that is not there ends the container: half of it is no container", ({ run }) => {
		const { status, stderr } = run(["/probe", "sleep"], supervise([{ args: ["nowhere", "-x"] }]));
		expect({ status, stderr }).toEqual({
			status: 127,
			stderr: 'tsrun-init: exec "nowhere": no such file or directory\n',
		});
		const directory = run(["/probe", "sleep"], supervise([{ args: ["/bin"] }]));
		expect(directory).toMatchObject({ status: 126, stderr: 'tsrun-init: exec "/bin": permission denied\n' });
	});

	test("commands are looked for as the program is, in $PATH", ({ run }) => {
		const path = ({ process }: BaseConfig) => {
			process.env = ["PATH=/nowhere::/probe:/bin"];
		};
		const commands = [
			{ args: ["echo", "by name"], kind: "setup" },
			{ args: ["./bin/echo", "by path"], kind: "setup" },
			{ args: ["probe", "exit", "0"], kind: "setup" },
		];
		expect(run(["true"], all(supervise(commands), path))).toEqual({
			status: 0,
			stdout: "by name\nby path\n",
			stderr: "",
		});
	});

	test("many commands are no more trouble than one", ({ run }) => {
		const commands = Array.from({ length: 63 }, (_, index) => ({ args: ["/bin/echo", String(index)], kind: "setup" }));
		const { status, stdout } = run(["/bin/true"], supervise(commands));
		expect({ status, lines: stdout.split("\n").slice(0, -1).map(Number) }).toEqual({
			status: 0,
			lines: Array.from({ length: 63 }, (_, index) => index),
		});
	});
});

describe("pause", () => {
	for (const signal of ["TERM", "INT"]) {
		test(`ends with 0 at ${signal}, and needs no program`, async ({ watch, runtime }) => {
			const { kill, id, ...run } = watch(["/there/is/none"], withInit("pause"));
			await waitFor(() => runtime("state", id).stdout.includes('"running"'), { what: "the container to run" });
			for (const other of ["HUP", "USR1", "QUIT", "RTMIN+5", "CHLD"]) kill(other);
			expect(runtime("exec", id, "/bin/cat", "/proc/1/comm").stdout).toBe("tsrun-init\n");
			kill(signal);
			expect(await run.ended()).toMatchObject({ status: 0, stdout: "", stderr: "" });
		});
	}

	test("adopts what others leave in its namespace", async ({ start, runtime }) => {
		const { id } = start(["pause"], withInit("pause"));
		const { pid } = stateOf(runtime, id);
		runtime("exec", id, "/bin/sh", "-c", "/probe sleep & (/bin/true &)");
		const children = () => readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
		await waitFor(() => children().length === 1, { what: "one orphan to be adopted" });
		process.kill(Number(children()[0]), "SIGKILL");
		await waitFor(() => children().length === 0, { what: "it to be waited for" });
	});
});

describe("in a pid namespace of others", () => {
	const shared = ({ linux }: BaseConfig): void => {
		linux.namespaces = linux.namespaces.filter(({ type }) => type !== "pid");
	};

	test("orphans are the init's all the same", async ({ start, runtime }) => {
		const { id, lines } = start(["/probe", "orphans-that-end", "5"], all(withInit("forward"), shared));
		await lines(1);
		const { pid } = stateOf(runtime, id);
		const children = () => readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
		await waitFor(() => children().length === 1, { what: "the orphans to be waited for" });
	});

	test("the program does not outlive an init that was killed", async ({ start, runtime }) => {
		const { id, lines } = start(["/probe", "print-ready-then-wait"], all(withInit("forward"), shared));
		await lines(1);
		const { pid } = stateOf(runtime, id);
		const child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8"));
		process.kill(pid, "SIGKILL");
		await waitFor(() => !isAlive(child), { what: "the program to end" });
	});
});

describe("on a terminal", () => {
	const size = { rows: 31, columns: 101 };
	const terminal = ({ process }: BaseConfig): void => {
		process.terminal = true;
	};

	for (const mode of ["forward", "group", "supervise", "graceful"]) {
		test(`${mode}: the program leads a session with it, in the foreground`, async ({ runtime, makeBundle, newId }) => {
			const bundle = makeBundle({ args: ["/probe", "tty"], patch: all(withInit(mode), terminal) });
			const end = await runtime.start({ terminal: size }, "run", "--bundle", bundle, newId()).ended();
			expect(end).toMatchObject({ status: 0, stderr: "" });
			const { pid, session, group, foreground, controlling } = JSON.parse(end.stdout);
			expect({ session, group, foreground, controlling }).toEqual({
				session: pid,
				group: pid,
				foreground: pid,
				controlling: true,
			});
			expect(pid).not.toBe(1);
		});
	}

	test("each set-up command has it in turn, then the program", async ({ runtime, makeBundle, newId }) => {
		const commands = [
			{ args: shell("read line; echo one $line"), kind: "setup" },
			{ args: shell("read line; echo two $line"), kind: "setup" },
		];
		const patch = all(supervise(commands), terminal);
		const bundle = makeBundle({ args: shell("echo ready; read line; echo three $line; exit 6"), patch });
		const run = runtime.start({ terminal: size }, "run", "--bundle", bundle, newId());
		run.write("a\r");
		await run.prints("one a");
		run.write("b\r");
		await run.prints("two b");
		await run.prints("ready");
		run.write("c\r");
		await run.prints("three c");
		expect((await run.ended()).status).toBe(6);
	});

	test("a shell has its jobs: one is interrupted, one stopped and brought back", async ({
		runtime,
		makeBundle,
		newId,
	}) => {
		const bundle = makeBundle({ args: ["/bin/sh"], patch: all(withInit("forward"), terminal) });
		const run = runtime.start({ terminal: size }, "run", "--bundle", bundle, newId());
		await run.prints("/ # ");
		run.write("/probe trap INT=7\r");
		await run.prints("ready");
		run.write("\x03");
		await run.prints(/INT\r\n[\s\S]*# /);
		run.write("echo status $?\r");
		await run.prints("status 7");
		run.write("sh -c 'echo it runs; exec cat'\r");
		await run.prints("\nit runs");
		run.write("\x1a");
		await run.prints(/Stopped[\s\S]*# /);
		run.write("fg\r");
		await run.prints(/fg\r\n[\s\S]*exec cat/);
		run.write("again\r");
		await run.prints(/again\r\nagain\r\n/);
		run.write("\x04");
		await run.prints(/again\r\nagain\r\n[\s\S]*# /);
		run.write("exit 8\r");
		const { status, stdout } = await run.ended();
		expect(status).toBe(8);
		expect(stdout).not.toContain("job control turned off");
	});

	test("the stop key cannot stop a program for good", async ({ runtime, makeBundle, newId }) => {
		const script = "echo ready; while read line; do echo got $line; exit 9; done";
		const bundle = makeBundle({ args: ["/bin/sh", "-c", script], patch: all(withInit("forward"), terminal) });
		const run = runtime.start({ terminal: size }, "run", "--bundle", bundle, newId());
		await run.prints("ready");
		run.write("\x1a");
		run.write("word\r");
		await run.prints("got word");
		expect((await run.ended()).status).toBe(9);
	});

	test("a new size reaches the program", async ({ runtime, makeBundle, newId }) => {
		const script = "trap 'stty size' WINCH; echo ready; while :; do read line && exit 0; done";
		const bundle = makeBundle({ args: ["/bin/sh", "-c", script], patch: all(withInit("forward"), terminal) });
		const run = runtime.start({ terminal: size }, "run", "--bundle", bundle, newId());
		await run.prints("ready");
		run.resize(40, 120);
		await run.prints("40 120");
		run.write("\r");
		expect((await run.ended()).status).toBe(0);
	});

	test("giving up the terminal is not told to the program as a hang-up", async ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle({ args: ["/probe", "every-signal"], patch: all(withInit("forward"), terminal) });
		const id = newId();
		const run = runtime.start({ terminal: size }, "run", "--bundle", bundle, id);
		await run.prints("ready");
		runtime("kill", id, "RTMAX");
		await run.prints("64");
		expect(run.stdout()).toBe("ready\r\n64\r\n");
		runtime("kill", id, "HUP");
		await run.prints("64\r\n1\r\n");
		runtime("kill", id, "KILL");
		expect((await run.ended()).status).toBe(137);
	});
});
