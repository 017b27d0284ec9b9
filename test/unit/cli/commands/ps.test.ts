import { beforeEach, describe, expect, it, vi } from "vitest";
import { keepProcesses } from "../../../../src/cli/commands/ps.js";
import { containerProcesses, runPs } from "../../../../src/runtime/processes.js";
import { call } from "../call.js";

vi.mock("../../../../src/runtime/processes.js", () => ({ containerProcesses: vi.fn(), runPs: vi.fn() }));

const table = `UID        PID  PPID  C STIME TTY          TIME CMD
root         1     0  0 21:59 ?        00:00:00 init
root       458     1  0 21:59 ?        00:00:00 sleep 1000
root      4580   458  0 21:59 ?        00:00:00 sleep 458
`;

beforeEach(() => {
	vi.clearAllMocks();
	vi.mocked(containerProcesses).mockReturnValue([458]);
	vi.mocked(runPs).mockReturnValue(table);
});

describe("ps", () => {
	it("shows the lines of ps -ef about the container", async () => {
		const lines = table.split("\n");
		expect((await call("ps c1")).stdout).toBe(`${lines[0]}\n${lines[2]}\n`);
		expect(runPs).toHaveBeenCalledWith(["-ef"]);
	});

	it("hands what follows the id to ps(1)", async () => {
		await call("ps --debug c1 -o pid,cmd -f json");
		expect(runPs).toHaveBeenCalledWith(["-o", "pid,cmd", "-f", "json"]);
	});

	it("is the pids as JSON, without ps(1)", async () => {
		vi.mocked(containerProcesses).mockReturnValue([458, 4580]);
		expect(await call("ps --format json c1")).toMatchObject({ status: 0, stdout: "[458,4580]\n", stderr: "" });
		expect(runPs).not.toHaveBeenCalled();
	});

	it("is null as JSON when nothing runs", async () => {
		vi.mocked(containerProcesses).mockReturnValue([]);
		expect((await call("ps -f json c1")).stdout).toBe("null\n");
	});

	it("refuses another format before it looks", async () => {
		expect((await call("ps -f yaml c1")).stderr).toBe("invalid format option\n");
		expect(containerProcesses).not.toHaveBeenCalled();
	});
});

describe("keepProcesses", () => {
	it("finds the PID column wherever it is", () => {
		expect(keepProcesses("CMD PID\na 1\nb 2\n", new Set([2]))).toBe("CMD PID\nb 2\n");
	});

	it("leaves the title alone when there is no such process", () => {
		expect(keepProcesses("  PID CMD\n    1 x\n", new Set())).toBe("  PID CMD\n");
	});

	it("fails without a PID column", () => {
		expect(() => keepProcesses("CMD\nx\n", new Set([1]))).toThrow("couldn't find PID field in ps output");
	});
});
