import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openLog } from "../../../src/cli/log.js";
import { F_DUPFD_CLOEXEC, O_APPEND, O_CLOEXEC, O_CREAT, O_WRONLY } from "../../../src/sys/constants.js";
import { door } from "../../support/door.js";

const toFile = { log: "/b/log.json", logFormat: "json", debug: false } as const;
const toStderr = { log: undefined, logFormat: "text", debug: true } as const;

beforeEach(() => {
	vi.useFakeTimers({ now: new Date("2026-01-02T03:04:05.678Z") });
});
afterEach(() => {
	vi.useRealTimers();
});

describe("the log file", () => {
	it("is opened at once, to be appended to", () => {
		openLog(toFile, 3);
		expect(door.args("openat")).toEqual([[-100, "/b/log.json", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644]]);
	});

	it("keeps what is in it", () => {
		door.files({ "/b/log.json": "before\n" });
		openLog(toFile, 3).warning("w");
		expect(door.content("/b/log.json")).toMatch(/^before\n\{/);
	});

	it("says why it cannot be opened", () => {
		door.fail("openat", "ENOENT");
		expect(() => openLog(toFile, 3)).toThrow("open /b/log.json: no such file or directory");
	});

	it("stops nothing when it cannot be written", () => {
		const log = openLog(toFile, 3);
		door.fail("write", "ENOSPC");
		expect(() => log.error("e")).not.toThrow();
	});

	it("is kept out of the descriptors that the container gets", () => {
		door.answer("openat", 3);
		door.answer("fcntl", 5);
		openLog(toFile, 5).warning("w");
		expect(door.args("fcntl")).toEqual([[3, F_DUPFD_CLOEXEC, 5]]);
		expect(door.args("close")).toEqual([[3]]);
		expect(door.args("write")[0]?.[0]).toBe(5);
	});
});

describe("JSON lines", () => {
	it("begin with level, msg and time, the way engines read them", () => {
		openLog(toFile, 3).error('no "x"\n', { id: "mount-failed", errno: "EPERM", hint: "do" });
		expect(door.args("write")[0]?.[1]).toBe(
			'{"level":"error","msg":"no \\"x\\"\\n","time":"2026-01-02T03:04:05Z","id":"mount-failed","errno":"EPERM","hint":"do"}\n',
		);
	});

	it("go to stderr when there is no file", () => {
		openLog({ ...toFile, log: undefined }, 3).warning("w");
		expect(door.args("write")).toEqual([[2, '{"level":"warning","msg":"w","time":"2026-01-02T03:04:05Z"}\n']]);
	});
});

describe("text lines", () => {
	it("quote what is not a bare word", () => {
		openLog(toStderr, 3).error('a "b"', { object: "/x-y_z.1" });
		expect(door.args("write")).toEqual([
			[2, 'time="2026-01-02T03:04:05Z" level=error msg="a \\"b\\"" object=/x-y_z.1\n'],
		]);
	});

	it("quote emptiness", () => {
		openLog(toStderr, 3).warning("");
		expect(door.args("write")[0]?.[1]).toContain('msg=""');
	});
});

describe("debug lines", () => {
	it("are there when asked for", () => {
		openLog(toStderr, 3).debug("step");
		expect(door.args("write")[0]?.[1]).toContain("level=debug msg=step");
	});

	it("are not there otherwise", () => {
		openLog({ ...toStderr, debug: false }, 3).debug("step");
		expect(door.args("write")).toEqual([]);
	});
});
