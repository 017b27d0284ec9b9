/** why: what is known of a container's end, while it is there and when it is gone. */
import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { test as base } from "../support/e2e.js";
import { failed, failureOf } from "../support/failure.js";
import type { RunResult, Runtime } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { awaitStatus, stateOf } from "../support/status.js";
import { waitFor } from "../support/wait.js";

const test = base.extend("only", { auto: true }, ({ skip }) => {
	needs(skip, "tsrun"); // a verb of its own
});

interface Explained {
	readonly cause: string;
	readonly summary: string;
	readonly events: readonly { readonly did: string; readonly time: string }[];
}

function why(runtime: Runtime, id: string): Explained {
	const { status, stdout, stderr } = runtime("why", "--json", id);
	expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
	return JSON.parse(stdout);
}

const chain = (explained: Explained) => explained.events.map(({ did }) => did);

function prints(container: RunResult, text: string): Promise<boolean> {
	return waitFor(() => container.later().stdout === text, { what: `${JSON.stringify(text)} from the container` });
}

describe("of a container that run has made", () => {
	test("the exit status is known, after it has gone", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--bundle", makeBundle({ args: ["/probe", "exit", "7"] }), id);
		const explained = why(runtime, id);
		expect(explained).toMatchObject({ cause: "exited", summary: "ended by itself with exit status 7" });
		expect(chain(explained)).toEqual(["start", "ended", "delete"]);
	});

	test("a crash is told from a signal, and one that was sent from one that was not", async ({
		runtime,
		makeBundle,
		newId,
	}) => {
		const [crashed, killed] = [newId(), newId()];
		const script = (text: string) => ["/bin/sh", "-c", text];
		// with the namespace's init out of the way, a signal has its default action
		const patch = ({ linux }: BaseConfig) => {
			linux.namespaces = linux.namespaces.filter(({ type }) => type !== "pid");
		};
		runtime("run", "--bundle", makeBundle({ args: script("kill -SEGV $$"), patch }), crashed);
		expect(why(runtime, crashed)).toMatchObject({ cause: "crashed", summary: expect.stringContaining("SIGSEGV") });
		const run = runtime.start(
			{},
			"run",
			"--bundle",
			makeBundle({ args: script("echo ready; exec /probe sleep"), patch }),
			killed,
		);
		await run.prints("ready");
		runtime("kill", killed, "TERM");
		await run.ended();
		expect(why(runtime, killed)).toMatchObject({
			cause: "signalled",
			summary: "was ended by SIGTERM, which kill had sent",
		});
	});

	test("a program that is not there is told, though nothing of the container was ever left", ({
		runtime,
		makeBundle,
		newId,
	}) => {
		const id = newId();
		const run = runtime("run", "--bundle", makeBundle({ args: ["/nope"] }), id);
		expect(run.status).toBe(1);
		expect(why(runtime, id)).toMatchObject({ cause: "never-made", summary: expect.stringContaining("/nope") });
	});

	test("and that somebody else deletes, both tell what they know", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const run = runtime.start({}, "run", "--bundle", makeBundle({ args: ["/probe", "print-ready-then-wait"] }), id);
		await run.prints("ready");
		runtime("delete", "--force", id);
		await run.ended();
		const explained = await waitFor(
			() => {
				const known = why(runtime, id);
				return chain(known).includes("ended") && known;
			},
			{ what: "run's part of the history" },
		);
		expect(explained).toMatchObject({ cause: "deleted", summary: "was killed by delete, while it was alive" });
		expect(chain(explained)).toEqual(expect.arrayContaining(["start", "ended", "delete"]));
	});
});

describe("of a detached container", () => {
	test("it is told who asked, and what is known of the end", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const bundle = makeBundle({ args: ["/probe", "trap", "TERM=3"] });
		expect(runtime("create", "--bundle", bundle, id).status).toBe(0);
		expect(why(runtime, id)).toMatchObject({ cause: "alive", summary: "has not ended: it is created" });
		const { later } = runtime("start", id);
		expect(later().stderr).toBe("");
		await waitFor(() => readFileSync(`/proc/${stateOf(runtime, id).pid}/comm`, "utf8") === "probe\n", {
			what: "probe",
		});
		runtime("kill", id, "KILL");
		await awaitStatus(runtime, id, "stopped");
		expect(why(runtime, id)).toMatchObject({ cause: "killed", summary: "was killed: kill had sent SIGKILL" });
		runtime("delete", id);
		const explained = why(runtime, id);
		expect(explained).toMatchObject({ cause: "killed" });
		expect(chain(explained).filter((did) => did !== "ended")).toEqual(["start", "kill", "delete"]);
		expect(runtime("why", id).stdout).toMatch(/^kill was asked for by root, from \S+ \(\d+\)\.$/m);
	});

	test("a signal after the end is not to blame, though engines send one", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ args: ["/bin/true"] }), id);
		await awaitStatus(runtime, id, "stopped");
		expect(runtime("kill", "--all", id, "KILL").status).toBe(0);
		runtime("delete", "--force", id);
		expect(["exited", "unknown"]).toContain(why(runtime, id).cause);
	});

	test("stop tells of its patience, and of an end in time", async ({ runtime, makeBundle, newId }) => {
		const [deaf, good] = [newId(), newId()];
		runtime("run", "--detach", "--bundle", makeBundle(), deaf);
		const run = runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "trap", "TERM=0"] }), good);
		await prints(run, "ready\n");
		runtime("stop", "--time", "0.1", deaf, good);
		for (const id of [deaf, good]) runtime("delete", id);
		expect(why(runtime, deaf)).toMatchObject({
			cause: "timeout",
			summary: "was killed by stop: it had not ended 0.1 s after SIGTERM",
		});
		expect(why(runtime, good).summary).toMatch(/^ended.* after stop had sent SIGTERM(; how is not known)?$/);
	});

	test("one that was deleted before its start, or while it lived", ({ runtime, makeBundle, newId }) => {
		const [unstarted, alive] = [newId(), newId()];
		runtime("create", "--bundle", makeBundle(), unstarted);
		runtime("delete", unstarted);
		expect(why(runtime, unstarted)).toMatchObject({ cause: "never-started" });
		runtime("run", "--detach", "--bundle", makeBundle(), alive);
		runtime("delete", "--force", alive);
		expect(why(runtime, alive)).toMatchObject({ cause: "deleted" });
	});

	test("a start that failed is told, before and after delete", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const bundle = makeBundle({ args: ["/script"], files: { "/script": "#!/nope\n" } });
		const create = runtime("create", "--bundle", bundle, id);
		if (create.status === 0) {
			expect(runtime("start", id).status).toBe(1);
			expect(why(runtime, id).cause).toBe("start-failed");
			runtime("delete", "--force", id);
			expect(why(runtime, id).cause).toBe("start-failed");
		} else expect(why(runtime, id).cause).toBe("never-made");
	});

	test("want of memory is told, from the cgroup's own count", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const patch = ({ linux }: BaseConfig) => {
			linux.resources.memory = { limit: 16 << 20, swap: 16 << 20 };
		};
		runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "alloc", `${64 << 20}`], patch }), id);
		await awaitStatus(runtime, id, "stopped");
		expect(why(runtime, id)).toMatchObject({ cause: "oom", oomKills: 1 });
		runtime("delete", id);
		expect(why(runtime, id)).toMatchObject({ cause: "oom", oomKills: 1 });
	});

	test("what exec had put into it went with it", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle(), id);
		const guest = runtime.start({}, "exec", id, "/probe", "print-ready-then-wait");
		await guest.prints("ready");
		runtime("kill", id, "KILL");
		expect(await guest.ended()).toMatchObject({ status: 137 });
		expect(chain(why(runtime, id))).toContain("exec-killed");
		runtime("delete", id);
		expect(runtime("why", id).stdout).toContain("the kernel killed what exec had put into it: /probe.");
	});

	test("the end of the pid namespace that it had joined", async ({ runtime, makeBundle, newId }) => {
		const [pause, member] = [newId(), newId()];
		runtime("run", "--detach", "--bundle", makeBundle(), pause);
		const { pid } = stateOf(runtime, pause);
		const patch = ({ linux }: BaseConfig) => {
			const namespace = linux.namespaces.find(({ type }) => type === "pid");
			if (namespace) namespace.path = `/proc/${pid}/ns/pid`;
		};
		runtime("run", "--detach", "--bundle", makeBundle({ patch }), member);
		runtime("kill", pause, "KILL");
		await awaitStatus(runtime, member, "stopped");
		await awaitStatus(runtime, pause, "stopped");
		expect(why(runtime, member)).toMatchObject({ cause: "namespace" });
		for (const id of [pause, member]) runtime("delete", id);
		expect(why(runtime, member)).toMatchObject({ cause: "namespace" });
	});
});

describe("the history", () => {
	test("tells several lives of one id, and lists all", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		for (const code of ["1", "2"]) {
			runtime("run", "--bundle", makeBundle({ args: ["/probe", "exit", code] }), id);
		}
		expect(why(runtime, id).summary).toBe("ended by itself with exit status 2");
		const all: readonly Explained[] = JSON.parse(runtime("why", "--all", "--json", id).stdout);
		expect(all.map(({ summary }) => summary.slice(-1))).toEqual(["2", "1"]);
		expect(runtime("why").stdout.match(/exit status \d/g)).toEqual(["exit status 2", "exit status 1"]);
	});

	test("is unknown of whom there never was", ({ runtime, newId }) => {
		expect(failureOf(runtime("why", newId()))).toEqual(
			failed("container does not exist, and no deleted one of that id is remembered"),
		);
		expect(runtime("why")).toMatchObject({ status: 0, stderr: "" });
	});

	test("that cannot be written fails no verb, and is a warning", ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle({ args: ["/bin/true"] });
		runtime("run", "--bundle", bundle, newId());
		const history = join(runtime.root, "history~");
		expect(statSync(history).mode & 0o777).toBe(0o600);
		rmSync(history);
		mkdirSync(history);
		const run = runtime("run", "--bundle", bundle, newId());
		expect(run).toMatchObject({
			status: 0,
			stdout: "",
			stderr: expect.stringMatching(
				/level=warning msg="the history of container \S+ could not be written: openat: is a directory"\n$/,
			),
		});
	});

	test("stays within bounds, and what was torn harms nobody", ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle({ args: ["/bin/true"] });
		const [first, second] = [newId(), newId()];
		runtime("run", "--bundle", bundle, first);
		const history = join(runtime.root, "history~");
		appendFileSync(history, `\n{"id":"torn","events":[${" ".repeat(1 << 20)}`);
		runtime("run", "--bundle", bundle, second);
		runtime("run", "--bundle", bundle, newId());
		expect(statSync(history).size).toBeLessThan(10_000);
		for (const id of [first, second]) expect(why(runtime, id).cause).toBe("exited");
	});

	test("keeps every line of containers that end at the same time", async ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle({ args: ["/bin/true"] });
		const ids = Array.from({ length: 12 }, newId);
		const runs = ids.map((id) => runtime.start({}, "run", "--bundle", bundle, id));
		for (const run of runs) expect(await run.ended(30_000)).toMatchObject({ status: 0, stderr: "" });
		for (const id of ids) expect(why(runtime, id).cause, id).toBe("exited");
	});

	test("does not tell of the copies that signals --try makes", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle(), id);
		expect(runtime("signals", "--try", "TERM", id).status).toBe(0);
		runtime("delete", "--force", id);
		expect(JSON.parse(runtime("why", "--json").stdout)).toHaveLength(1);
	});
});
