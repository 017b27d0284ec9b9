import { beforeEach, describe, expect, it, vi } from "vitest";
import { createContainer } from "../../../src/runtime/lifecycle/create.js";
import { execInContainer } from "../../../src/runtime/lifecycle/exec.js";
import { runContainer } from "../../../src/runtime/lifecycle/run.js";
import { startContainer } from "../../../src/runtime/lifecycle/start.js";
import { TsrunError } from "../../../src/sys/errors.js";
import { door } from "../../support/door.js";
import { sysError } from "../../support/errno.js";
import { call } from "./call.js";

vi.mock("../../../src/runtime/lifecycle/create.js", () => ({ createContainer: vi.fn() }));
vi.mock("../../../src/runtime/lifecycle/exec.js", () => ({ execInContainer: vi.fn() }));
vi.mock("../../../src/runtime/lifecycle/run.js", () => ({ runContainer: vi.fn() }));
vi.mock("../../../src/runtime/lifecycle/start.js", () => ({ startContainer: vi.fn() }));

const missing = new TsrunError("container-missing", "container does not exist", { object: "c1", hint: "look at list" });

function failing(step: unknown, error: unknown): void {
	vi.mocked(step as typeof startContainer).mockImplementation(() => {
		throw error;
	});
}

const logFlags = "--log /b/log --log-format json";

beforeEach(() => {
	vi.clearAllMocks();
	failing(startContainer, missing);
});

describe("a verb's failure", () => {
	it("is one plain line on stderr and status 1", async () => {
		expect(await call("start c1")).toMatchObject({ status: 1, stdout: "", stderr: "container does not exist\n" });
	});

	it("has the words that engines expect before it", async () => {
		for (const [step, line, prefix, status] of [
			[createContainer, "create c1", "tsrun create failed", 1],
			[runContainer, "run c1", "tsrun run failed", 1],
			[execInContainer, "exec c1 ls", "exec failed", 255],
		] as const) {
			door.reset();
			failing(step, missing);
			expect(await call(line)).toMatchObject({ status, stdout: "", stderr: `${prefix}: container does not exist\n` });
		}
	});

	it("uses the name that the program was called by", async () => {
		failing(createContainer, missing);
		expect((await call("create c1", "/usr/bin/runc")).stderr).toBe("runc create failed: container does not exist\n");
	});

	it("may bring its own exit status", async () => {
		failing(execInContainer, new TsrunError("program-missing", "no", { exitCode: 127 }));
		expect((await call("exec c1 ls")).status).toBe(127);
	});

	it("goes to the log and to stderr, once each", async () => {
		const { stderr, log } = await call(`${logFlags} start c1`);
		expect(stderr).toBe("container does not exist\n");
		expect(log).toEqual([
			{
				level: "error",
				msg: "container does not exist",
				time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
				id: "container-missing",
				object: "c1",
				hint: "look at list",
			},
		]);
	});

	it("is nothing but a JSON line on stderr when that was asked for without a file", async () => {
		const { stderr } = await call("--log-format json start c1");
		expect(stderr.trim().split("\n")).toHaveLength(1);
		expect(JSON.parse(stderr)).toMatchObject({ level: "error", msg: "container does not exist" });
	});

	it("comes after the lines of --debug", async () => {
		vi.mocked(startContainer).mockImplementation((host) => {
			host.log.debug("step");
			throw missing;
		});
		expect((await call("--debug start c1")).stderr).toMatch(
			/^time="[^"]+" level=debug msg=step\ncontainer does not exist\nhint: look at list\n$/,
		);
	});
});

describe("the hint", () => {
	it("is for people: on a terminal and with --debug", async () => {
		door.answer("isatty", (fd) => fd === 2);
		expect((await call("start c1")).stderr).toBe("container does not exist\nhint: look at list\n");
		door.reset();
		expect((await call("--debug start c1")).stderr).toBe("container does not exist\nhint: look at list\n");
	});

	it("is missing where there is none", async () => {
		failing(startContainer, new TsrunError("container-missing", "no"));
		expect((await call("--debug start c1")).stderr).toBe("no\n");
	});
});

describe("a message of several lines", () => {
	it("is one line for callers, as it is for people", async () => {
		failing(startContainer, new TsrunError("config-invalid", "two issues:\n  a\n  b\n"));
		const { stderr, log } = await call(`${logFlags} start c1`);
		expect(stderr).toBe("two issues:; a; b\n");
		expect(log[0]?.msg).toBe("two issues:; a; b");
		door.reset();
		door.answer("isatty", true);
		expect((await call("start c1")).stderr).toBe("two issues:\n  a\n  b\n");
	});
});

describe("a bug", () => {
	it("is told with its stack", async () => {
		failing(startContainer, new RangeError("too far"));
		const { status, stderr } = await call("start c1");
		expect(status).toBe(1);
		expect(stderr).toMatch(/^internal error: too far\n.*report-error\.test\.ts:\d+:\d+/s);
	});

	it("keeps the log's message on one line, and the stack in a member of its own", async () => {
		failing(startContainer, new RangeError("too far"));
		const { log } = await call(`${logFlags} start c1`);
		expect(log).toHaveLength(1);
		expect(log[0]).toMatchObject({
			id: "internal",
			msg: "internal error: too far",
			stack: expect.stringContaining("at "),
		});
	});

	it("may be a system call that nobody explained", async () => {
		failing(startContainer, sysError("mount", "EPERM", []));
		const { log } = await call(`${logFlags} start c1`);
		expect(log[0]).toMatchObject({
			id: "internal",
			msg: "internal error: mount: operation not permitted",
			syscall: "mount",
			errno: "EPERM",
		});
	});
});

describe("a failure of which the log cannot be told", () => {
	it("still reaches stderr", async () => {
		door.fail("openat", "EACCES");
		const { status, stderr } = await call("--log /l frob");
		expect({ status, stderr }).toEqual({ status: 3, stderr: "No help topic for 'frob'\n" });
	});

	it("is reported also when a global flag is what is wrong", async () => {
		const { status, stderr } = await call("--log-format yaml start c1");
		expect({ status, stderr }).toEqual({ status: 1, stderr: "invalid log-format: yaml\n" });
	});
});
