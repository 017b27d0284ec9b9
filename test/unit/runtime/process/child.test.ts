import { describe, expect, it } from "vitest";
import { type ChildRequest, inChild, startChild } from "../../../../src/runtime/process/child.js";
import { door } from "../../../support/door.js";
import { ProcessEnded } from "../../../support/door-answers.js";
import { sysError } from "../../../support/errno.js";

const request: ChildRequest = {
	path: "/hook",
	argv: ["hook"],
	envp: [],
	stdin: 10,
	stdout: 11,
	stderr: 11,
	errorFd: 12,
};

/** How the child ends, for the recording door's exit returns by an exception. */
function endOf(work: () => unknown): unknown {
	try {
		return work();
	} catch (error) {
		return error instanceof ProcessEnded ? [error.syscall, ...error.args] : error;
	}
}

describe("inChild", () => {
	it("ends the process, whatever is thrown: it must not go on as its parent", () => {
		const undo: string[] = [];
		const parent = () => {
			try {
				inChild(() => {
					throw sysError("close", "EIO");
				});
			} catch (error) {
				if (!(error instanceof ProcessEnded)) undo.push("the parent's clean-up ran in the child");
				throw error;
			}
		};
		expect(endOf(parent)).toEqual(["exit", 127]);
		expect(undo).toEqual([]);
	});
});

describe("startChild", () => {
	it("gives the parent the child", () => {
		door.answer("clone3", { pid: 7, pidfd: 8 });
		expect(startChild(request)).toEqual({ pid: 7, pidfd: 8 });
		expect(door.names).toEqual(["clone3"]);
	});

	it("tells which step failed in the child, and ends it", () => {
		door.answer("clone3", { pid: 0, pidfd: -1 });
		door.fail("chdir", "ENOENT");
		const prepare = () => door.native.chdir("/bundle");
		expect(endOf(() => startChild({ ...request, prepare }))).toEqual(["exit", 127]);
		expect(door.args("write")).toEqual([[12, "chdir\tENOENT\tNo such file or directory\t/hook\t"]]);
	});

	it("ends the child also when nobody hears that", () => {
		door.answer("clone3", { pid: 0, pidfd: -1 });
		door.fail("signals_reset", "EIO");
		door.fail("write", "EPIPE");
		expect(endOf(() => startChild(request))).toEqual(["exit", 127]);
	});
});
