import { beforeEach, describe, expect, it } from "vitest";
import { awaitProgram } from "../../../../src/runtime/lifecycle/await-program.js";
import type { State } from "../../../../src/spec/types.js";
import { TsrunError } from "../../../../src/sys/errors.js";
import { door } from "../../../support/door.js";

const state: State = { ociVersion: "1.3.0", id: "c", status: "created", pid: 70, bundle: "/b" };
const socket = 5;
const PF_FORKNOEXEC = 0x40;

/** What comes over the socket, then its end. */
function hear(...messages: readonly (string | { readonly data: string; readonly fds: readonly number[] })[]) {
	const left = [...messages];
	door.answer("recvmsg", () => {
		const next = left.shift() ?? "";
		return typeof next === "string" ? { data: next, fds: [] } : next;
	});
}

/** proc(5): flags are field 9. */
const stat = (flags: number) =>
	door.files({ "/proc/70/stat": `70 (init) S 1 1 1 0 -1 ${flags} ${Array(12).fill(0).join(" ")} 9 0\n` });

function errorOf(): TsrunError {
	try {
		awaitProgram(socket, { pid: 70, state });
	} catch (error) {
		if (error instanceof TsrunError) return error;
		throw error;
	}
	throw new Error("nothing was thrown");
}

beforeEach(() => stat(0));

describe("awaitProgram", () => {
	it("returns at the end of the connection, which execve has closed", () => {
		hear();
		expect(() => awaitProgram(socket, { pid: 70, state })).not.toThrow();
	});

	it("takes a process that has been waited for already for one that ran", () => {
		hear();
		door.fail("openat", "ENOENT");
		expect(() => awaitProgram(socket, { pid: 70, state })).not.toThrow();
	});

	it("says when the process has ended instead", () => {
		hear();
		stat(PF_FORKNOEXEC);
		expect(errorOf()).toMatchObject({
			id: "init-died",
			message: "the process was killed before it could execute its program",
		});
	});

	it.each([
		["execve\tENOENT\tNo such file or directory\t/x\t", "program-missing", "exec /x: no such file or directory"],
		[
			"execve\tENOEXEC\tExec format error\t/x\tthe file is empty",
			"program-not-executable",
			"exec /x: exec format error: the file is empty",
		],
		["seccomp\tEINVAL\tInvalid argument\t/x\t", "program-not-executable", "seccomp before exec /x: invalid argument"],
	])("throws what the last step says: %j", (line, id, message) => {
		hear(line);
		expect(errorOf()).toMatchObject({ id, message });
	});

	it("throws the process's own error as it was", () => {
		hear(JSON.stringify({ type: "error", id: "hook-failed", text: "why", details: { object: "/hook" } }));
		expect(errorOf()).toMatchObject({ id: "hook-failed", message: "why", details: { object: "/hook" } });
	});
});

describe("a process whose filter has an agent", () => {
	const call = '{"type":"agent","path":"/agent","metadata":"m"}';
	const listener = { data: '{"type":"listener"}', fds: [77] };

	it("gets the agent when it asks, and each filter's descriptor goes there over a connection of its own", () => {
		hear(call, listener, call, { ...listener, fds: [78] });
		const sockets = [40, 41];
		door.answer("socket", () => sockets.shift() ?? -1);
		awaitProgram(socket, { pid: 70, state });
		expect(door.args("connect_unix")).toEqual([
			[40, "/agent"],
			[41, "/agent"],
		]);
		expect(door.args("sendmsg").map(([fd, , fds]) => [fd, fds])).toEqual([
			[socket, []],
			[40, [77]],
			[socket, []],
			[41, [78]],
		]);
		expect(JSON.parse(String(door.args("sendmsg")[1]?.[1]))).toMatchObject({ pid: 70, metadata: "m", state });
		expect(door.args("close").map(([fd]) => fd)).toEqual(expect.arrayContaining([40, 77, 41, 78]));
	});

	it("is not answered when the agent is not there", () => {
		hear(call, listener);
		door.fail("connect_unix", "ENOENT");
		expect(errorOf()).toMatchObject({ id: "seccomp-failed" });
		expect(door.names).not.toContain("sendmsg");
	});

	it("cannot send a descriptor that nobody asked for", () => {
		hear(listener);
		expect(errorOf().id).toBe("internal");
	});
});
