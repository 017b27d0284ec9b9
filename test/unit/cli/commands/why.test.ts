import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Life } from "../../../../src/runtime/history/life.js";
import { verdictOf } from "../../../../src/runtime/history/verdict.js";
import { explainEnd, recentEnds } from "../../../../src/runtime/why.js";
import { call } from "../call.js";

vi.mock("../../../../src/runtime/why.js", () => ({ explainEnd: vi.fn(), recentEnds: vi.fn() }));

const who = { uid: 1000, by: "alice, through sudo, from bash (77)" };
const at = (second: number) => Date.UTC(2026, 10, 22, 3, 0, second);
const life: Life = {
	id: "web",
	pid: 42,
	startTime: 7,
	created: "2026-11-22T03:00:00.123456789Z",
	bundle: "/b",
	events: [
		{ did: "start", at: at(1) },
		{ did: "pause", at: at(2) },
		{ did: "kill", at: at(3), signal: 1, all: true, who },
		{ did: "stop", at: at(4), signal: 15, time: null, who },
		{ did: "exec-killed", at: at(5), program: "/bin/top" },
		{ did: "ended", at: at(5), status: 3 << 8, seen: "stop" },
		{ did: "delete", at: at(6) },
	],
};
const other: Life = {
	...life,
	pid: 41,
	events: [
		{ did: "start", at: at(0) },
		{ did: "delete", at: at(1), killed: true, who },
	],
};
const explained = (one: Life) => ({ life: one, verdict: verdictOf(one) });

beforeEach(() => {
	vi.resetAllMocks();
	vi.mocked(explainEnd).mockReturnValue({ last: explained(life), earlier: [explained(other)] });
});

const page = `Container web ended with exit status 3, 1.0 s after stop had sent SIGTERM.
stop was asked for by user 1000, from alice, through sudo, from bash (77).
The exit status is certain: stop had hold of the process as it ended.
As its init ended, the kernel killed what exec had put into it: /bin/top.

  2026-11-22 03:00:00.123   create: process 42 of bundle /b
  2026-11-22 03:00:01.000   start
  2026-11-22 03:00:02.000   pause
  2026-11-22 03:00:03.000   kill --all: SIGHUP, asked for by user 1000, from alice, through sudo, from bash (77)
  2026-11-22 03:00:04.000   stop: SIGTERM, no limit, asked for by user 1000, from alice, through sudo, from bash (77)
  2026-11-22 03:00:05.000   exec: /bin/top was killed, as the init had ended
  2026-11-22 03:00:05.000   ended with exit status 3
  2026-11-22 03:00:06.000   delete
`;

describe("why", () => {
	it("tells in a sentence, gives reasons, and shows what was done when", async () => {
		expect((await call("why web")).stdout).toBe(
			`${page}\n1 earlier container(s) of this id are remembered: why --all web\n`,
		);
	});

	it("tells of the earlier ones, too, when asked", async () => {
		const { stdout } = await call("why --all web");
		expect(stdout.startsWith(`${page}\nContainer web was killed by delete, while it was alive.\n`)).toBe(true);
		expect(stdout).toMatch(/delete --force: killed and removed, asked for by user 1000, from alice/);
		expect(stdout).not.toContain("earlier container");
	});

	it("is JSON for programs, with names for signals and times as RFC 3339", async () => {
		const one = JSON.parse((await call("why --json web")).stdout);
		expect(one).toMatchObject({ id: "web", cause: "exited", summary: expect.stringMatching(/^ended with/) });
		expect(one.events[2]).toEqual({ time: "2026-11-22T03:00:03.000Z", did: "kill", signal: "SIGHUP", all: true, who });
	});

	it("is a list in JSON for several", async () => {
		expect(JSON.parse((await call("why --all --json web")).stdout)).toHaveLength(2);
	});

	it("lists all that are remembered, without an id", async () => {
		vi.mocked(recentEnds).mockReturnValue([explained(life), explained(other)]);
		expect((await call("why")).stdout).toBe(
			`ID          TIME                      CAUSE       WHAT HAPPENED
web         2026-11-22 03:00:06.000   exited      ended with exit status 3, 1.0 s after stop had sent SIGTERM
web         2026-11-22 03:00:01.000   deleted     was killed by delete, while it was alive
`,
		);
	});

	it("lists them in JSON, too", async () => {
		vi.mocked(recentEnds).mockReturnValue([explained(life), explained(other)]);
		expect(JSON.parse((await call("why --json")).stdout)).toHaveLength(2);
	});

	it.each<[Life["events"][number], string]>([
		[{ did: "stop", at: at(9), signal: 15, time: 2.5, who }, "stop: SIGTERM, 2.5 s until KILL, asked for by"],
		[{ did: "stop-killed", at: at(9) }, "stop: the time is over, SIGKILL"],
		[{ did: "ended", at: at(9), status: null, seen: "stop" }, "ended\n"],
		[{ did: "ended", at: at(9), status: 9, seen: "zombie" }, "found ended by SIGKILL"],
		[{ did: "start-failed", at: at(9), error: "program-missing", message: "no" }, "failed (program-missing): no"],
		[{ did: "delete", at: at(9), killed: true }, "delete --force: killed and removed\n"],
	])("%o is shown as %j", async (event, text) => {
		vi.mocked(explainEnd).mockReturnValue({ last: explained({ ...life, events: [event] }), earlier: [] });
		expect((await call("why web")).stdout).toContain(`2026-11-22 03:00:09.000   ${text}`);
	});
});
