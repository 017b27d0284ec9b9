import { describe, expect, it } from "vitest";
import type { Life, LifeEvent } from "../../../../src/runtime/history/life.js";
import { type Cause, verdictOf } from "../../../../src/runtime/history/verdict.js";

const who = { uid: 0, by: "bash (77)" };
const start: LifeEvent = { did: "start", at: 1000 };
const ended = (status: number | null, at = 9000): LifeEvent => ({ did: "ended", at, status, seen: "run" });
const kill = (signal: number, at = 8000): LifeEvent => ({ did: "kill", at, signal, who });
const stop = (signal = 15): LifeEvent => ({ did: "stop", at: 8000, signal, time: 10, who });
const deletion: LifeEvent = { did: "delete", at: 10_000 };

function life(events: readonly LifeEvent[], more: Partial<Life> = {}): Life {
	return { id: "web", pid: 42, startTime: 7, created: "2026-11-22T00:00:00.000000000Z", bundle: "/b", events, ...more };
}

describe("with the exit status", () => {
	it.each<[string, Life, Cause, string]>([
		["by itself", life([start, ended(0)]), "exited", "ended by itself with exit status 0"],
		[
			"asked to",
			life([start, stop(), ended(3 << 8)]),
			"exited",
			"ended with exit status 3, 1.0 s after stop had sent SIGTERM",
		],
		[
			"asked to",
			life([start, kill(2, 8988), ended(0)]),
			"exited",
			"ended with exit status 0, 12 ms after kill had sent SIGINT",
		],
		["by what kill sent", life([start, kill(15), ended(15)]), "signalled", "was ended by SIGTERM, which kill had sent"],
		["by a stranger", life([start, ended(15)]), "signalled", "was ended by SIGTERM, which was not sent through tsrun"],
		["by a fault", life([start, ended(11 | 0x80)]), "crashed", "crashed: it was ended by SIGSEGV, with a core dump"],
		["kill KILL", life([start, kill(9), ended(9)]), "killed", "was killed: kill had sent SIGKILL"],
		[
			"stop's patience",
			life([start, stop(), { did: "stop-killed", at: 8900 }, ended(9)]),
			"timeout",
			"was killed by stop: it had not ended 10 s after SIGTERM",
		],
		["memory", life([start, ended(9)], { oomKills: 1 }), "oom", "was killed by the kernel, for want of memory"],
		[
			"memory of a child",
			life([start, ended(137 << 8)], { oomKills: 2 }),
			"exited",
			"ended by itself with exit status 137",
		],
		[
			"the end of the namespace",
			life([start, ended(9)], { namespaceEnded: true }),
			"namespace",
			"was killed by the kernel: the PID namespace that it had joined ended with its init",
		],
		["a KILL from nowhere", life([start, ended(9)]), "killed", "was killed by SIGKILL, but not through tsrun"],
		[
			"run, which notes no start",
			life([ended(0)], { startedByRun: true }),
			"exited",
			"ended by itself with exit status 0",
		],
	])("%s", (_what, known, cause, summary) => {
		expect(verdictOf(known)).toMatchObject({ cause, summary });
	});

	it("blames no signal that ends nobody, and none of long ago", () => {
		expect(verdictOf(life([start, kill(18), ended(0)])).summary).toBe("ended by itself with exit status 0");
		expect(verdictOf(life([start, kill(1, 1000), ended(0, 100_000)])).summary).toBe(
			"ended by itself with exit status 0",
		);
	});

	it("tells what the numbers above 128 mean, who asked, what memory and exec have to do with it, how it is known", () => {
		const known = life([start, kill(15), { did: "exec-killed", at: 8500, program: "/bin/top" }, ended(143 << 8)], {
			oomKills: 1,
		});
		expect(verdictOf(known).reasons).toEqual([
			"kill was asked for by root, from bash (77).",
			"143 is how shells and inits tell that a program of theirs was ended by SIGTERM.",
			"The exit status is certain: run was the parent.",
			"Its cgroup counts 1 process(es) that the kernel killed for want of memory (memory.events).",
			"As its init ended, the kernel killed what exec had put into it: /bin/top.",
		]);
	});

	it("tells no time since for a zombie, which was found later than it ended", () => {
		const zombie: LifeEvent = { did: "ended", at: 9000, status: 0, seen: "zombie" };
		expect(verdictOf(life([start, kill(15), zombie])).summary).toBe(
			"ended with exit status 0, after kill had sent SIGTERM",
		);
	});
});

describe("without the exit status", () => {
	it.each<[string, Life, Cause, string]>([
		["KILL leaves no doubt", life([start, kill(9), deletion]), "killed", "was killed: kill had sent SIGKILL"],
		[
			"nor does stop's",
			life([start, stop(), { did: "stop-killed", at: 9000 }, ended(null), deletion]),
			"timeout",
			"was killed by stop: it had not ended 10 s after SIGTERM",
		],
		[
			"nor delete's",
			life([start, { did: "delete", at: 10_000, killed: true, who }]),
			"deleted",
			"was killed by delete, while it was alive",
		],
		[
			"memory is likely",
			life([start, deletion], { oomKills: 1 }),
			"oom",
			"most likely was killed by the kernel, for want of memory",
		],
		[
			"a request is told",
			life([start, kill(15), deletion]),
			"unknown",
			"ended, after kill had sent SIGTERM; how is not known",
		],
		[
			"and when there was none",
			life([start, deletion]),
			"unknown",
			"ended, and nobody had asked tsrun for it; how is not known",
		],
	])("%s", (_what, known, cause, summary) => {
		expect(verdictOf(known)).toMatchObject({ cause, summary });
	});

	it("says where it went", () => {
		expect(verdictOf(life([start, deletion])).reasons.join(" ")).toContain("told to its parent alone");
	});
});

describe("of one that never ran its program", () => {
	it.each<[Life, Cause, string]>([
		[life([], { status: "created" }), "alive", "has not ended: it is created"],
		[life([start], { status: "paused" }), "alive", "has not ended: it is paused"],
		[
			life([{ did: "start-failed", at: 1, error: "program-missing", message: "exec /app: no such file" }, deletion]),
			"start-failed",
			"has not run its program: exec /app: no such file",
		],
		[
			life([{ did: "delete", at: 1, killed: true }]),
			"never-started",
			"was never started: delete ended it while it waited",
		],
		[life([kill(15), deletion]), "never-started", "was never started: kill ended it while it waited"],
		[life([deletion]), "never-started", "was never started: it ended while it waited"],
		[
			{ id: "web", events: [{ did: "create-failed", at: 1, error: "mount-failed", message: "no" }] },
			"never-made",
			"was never made: no",
		],
		[{ id: "web", events: [deletion] }, "never-made", "was never completely made: whoever made it died meanwhile"],
	])("%#", (known, cause, summary) => {
		expect(verdictOf(known)).toMatchObject({ cause, summary });
	});
});
