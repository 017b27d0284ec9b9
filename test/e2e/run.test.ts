/** run: create and start in one, and in the foreground the program's streams, signals and status (runc-run(8)). */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { test } from "../support/e2e.js";
import { failed, failureOf, programName } from "../support/failure.js";
import { needs } from "../support/skip.js";
import { awaitStatus, isAlive, stateOf } from "../support/status.js";
import { waitFor } from "../support/wait.js";

const silent = { status: 0, stdout: "", stderr: "" };

describe("in the foreground", () => {
	for (const status of [0, 1, 42, 126, 127, 255]) {
		test(`ends with the program's status ${status}`, ({ runtime, makeBundle, newId }) => {
			const bundle = makeBundle({ args: ["/probe", "exit", String(status)] });
			expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ ...silent, status });
		});
	}

	for (const [signal, status] of [
		["TERM", 143],
		["KILL", 137],
		["SEGV", 139],
	] as const) {
		test(`ends with ${status} when the program dies of ${signal}`, ({ runtime, makeBundle, newId }) => {
			const bundle = makeBundle({
				args: ["/probe", "kill-self", signal],
				patch: ({ linux }) => {
					// as PID 1 of a namespace it would not die
					linux.namespaces = linux.namespaces.filter(({ type }) => type !== "pid");
				},
			});
			expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ ...silent, status });
		});
	}

	test("leaves nothing when the program has ended", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--bundle", makeBundle({ args: ["/bin/true"] }), id);
		expect(failureOf(runtime("state", id))).toEqual(failed("container does not exist"));
	});

	test("keeps the three streams apart", ({ runtime, makeBundle, newId }) => {
		const script = "read line; echo out $line; echo err $line >&2; cat";
		const bundle = makeBundle({ args: ["/bin/sh", "-c", script] });
		const run = runtime.with({ input: "one\ntwo\nthree" }, "run", "--bundle", bundle, newId());
		expect(run).toMatchObject({ status: 0, stdout: "out one\ntwo\nthree", stderr: "err one\n" });
	});

	test("loses nothing of much output, through a file or a pipe", async ({ runtime, makeBundle, newId }) => {
		const size = 1 << 20;
		const bundle = makeBundle({ args: ["/probe", "flood", String(size)] });
		const digest = (text: string) => createHash("sha256").update(text).digest("hex");
		const expected = digest("abcdefghijklmnopqrstuvwxyz".repeat(Math.ceil(size / 26)).slice(0, size));
		expect(digest(runtime("run", "--bundle", bundle, newId()).stdout)).toBe(expected);
		const piped = await runtime.start({}, "run", "--bundle", bundle, newId()).ended();
		expect(digest(piped.stdout)).toBe(expected);
	});

	test("hands signals on to the program", async ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle({ args: ["/probe", "trap", "HUP", "INT", "USR1", "USR2", "TERM=7"] });
		const run = runtime.start({}, "run", "--bundle", bundle, newId());
		await run.prints("ready\n");
		for (const signal of ["HUP", "INT", "USR1", "USR2", "TERM"] as const) {
			run.signal(`SIG${signal}`);
			await run.prints(`${signal}\n`);
		}
		expect(await run.ended()).toMatchObject({ status: 7, stderr: "" });
	});

	test("ends with 137 when the container is killed, and still deletes it", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const run = runtime.start({}, "run", "--bundle", makeBundle({ args: ["/probe", "print-ready-then-wait"] }), id);
		await run.prints("ready\n");
		expect(runtime("kill", id, "KILL")).toMatchObject(silent);
		expect(await run.ended()).toMatchObject({ status: 137 });
		expect(failureOf(runtime("state", id))).toEqual(failed("container does not exist"));
	});

	test("buries the orphans that it adopts while the program runs", async ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle({
			args: ["/bin/sh", "-c", "(/bin/true &); (/bin/true &); echo ready; read line"],
			patch: ({ linux }) => {
				linux.namespaces = linux.namespaces.filter(({ type }) => type !== "pid");
			},
		});
		const run = runtime.start({}, "run", "--bundle", bundle, newId());
		await run.prints("ready\n");
		const children = () => readFileSync(`/proc/${run.pid}/task/${run.pid}/children`, "utf8").trim().split(" ");
		await waitFor(() => children().length === 1, { what: "the orphans to be buried" });
		run.write("\n");
		expect(await run.ended()).toMatchObject({ status: 0 });
	});

	test("does not end by a child of the program that ends", async ({ runtime, makeBundle, newId }) => {
		const script = "(sleep 0.01 &); for i in 1 2 3; do /bin/true; done; echo ready; read line";
		const run = runtime.start({}, "run", "--bundle", makeBundle({ args: ["/bin/sh", "-c", script] }), newId());
		await run.prints("ready\n");
		run.write("\n");
		expect(await run.ended()).toMatchObject({ status: 0 });
	});

	test("refuses an id that is in use, and its failure spares that container", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle(), id);
		const before = stateOf(runtime, id);
		const again = runtime("run", "--bundle", makeBundle({ args: ["/bin/true"] }), id);
		expect(failureOf(again)).toEqual(failed(`${programName} run failed: container with given ID already exists`));
		expect(stateOf(runtime, id)).toEqual(before);
		runtime("delete", "--force", id);
	});
});

describe("--detach", () => {
	test("returns as soon as the program runs, not before", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun"); // runc is a moment too early
		const id = newId();
		expect(runtime("run", "-d", "--bundle", makeBundle(), id)).toMatchObject(silent);
		const { status, pid } = stateOf(runtime, id);
		expect(status).toBe("running");
		expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).toBe("/probe\0sleep\0");
		runtime("delete", "--force", id);
	});

	test("does not delete the container when its program ends", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const run = runtime("run", "--detach", "--bundle", makeBundle({ args: ["/bin/echo", "bye"] }), id);
		await awaitStatus(runtime, id, "stopped");
		expect(run.later().stdout).toBe("bye\n");
		expect(runtime("delete", id)).toMatchObject(silent);
	});

	test("tells of a program that is not there, and leaves nothing", ({ runtime, makeBundle, newId, folder }) => {
		const id = newId();
		const pidFile = join(folder, "pid");
		const run = runtime("run", "--detach", "--pid-file", pidFile, "--bundle", makeBundle({ args: ["/none"] }), id);
		expect(failureOf(run)).toEqual(
			failed(expect.stringMatching(/exec: "\/none": stat \/none: no such file or directory$/)),
		);
		expect(existsSync(pidFile)).toBe(false);
		expect(failureOf(runtime("state", id))).toEqual(failed("container does not exist"));
	});
});

describe("--keep", () => {
	test("leaves the stopped container for delete", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		expect(runtime("run", "--keep", "--bundle", makeBundle({ args: ["/probe", "exit", "3"] }), id).status).toBe(3);
		expect(stateOf(runtime, id)).toMatchObject({ status: "stopped", pid: 0 });
		expect(runtime("delete", id)).toMatchObject(silent);
	});
});

describe("--pid-file", () => {
	test("has the pid while the program runs", async ({ runtime, makeBundle, newId, folder }) => {
		const id = newId();
		const pidFile = join(folder, "pid");
		const bundle = makeBundle({ args: ["/probe", "print-ready-then-wait"] });
		const run = runtime.start({}, "run", "--pid-file", pidFile, "--bundle", bundle, id);
		await run.prints("ready\n");
		const text = readFileSync(pidFile, "utf8");
		expect(text).toBe(String(stateOf(runtime, id).pid));
		runtime("kill", id, "KILL");
		await run.ended();
		expect(isAlive(Number(text))).toBe(false);
	});
});

describe("a runtime that is killed", () => {
	test("leaves the container running, and delete finds it", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const run = runtime.start({}, "run", "--bundle", makeBundle({ args: ["/probe", "print-ready-then-wait"] }), id);
		await run.prints("ready\n");
		run.signal("SIGKILL");
		await waitFor(() => !isAlive(run.pid), { what: "the runtime to die" });
		expect(stateOf(runtime, id).status).toBe("running");
		expect(runtime("delete", "--force", id)).toMatchObject(silent);
		await run.ended();
	});
});
