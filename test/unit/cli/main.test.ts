import { beforeEach, expect, it, vi } from "vitest";
import { SIGCHLD, SIGPIPE, SIGXFSZ } from "../../../src/sys/constants.js";
import { door } from "../../support/door.js";
import { ProcessEnded } from "../../support/door-answers.js";

const start = () => import("../../../src/cli/main.js");

beforeEach(() => vi.resetModules());

it("ends the process with the command's status", async () => {
	door.answer("argv", ["tsrun", "frob"]);
	await expect(start()).rejects.toThrow(ProcessEnded);
	expect(door.args("exit")).toEqual([[3]]);
});

it("ignores SIGPIPE and SIGXFSZ, and learns of its children's end, before anything is written", async () => {
	door.answer("argv", ["tsrun", "frob"]);
	await expect(start()).rejects.toThrow(ProcessEnded);
	expect(door.names.indexOf("signal_ignore")).toBeLessThan(door.names.indexOf("write"));
	expect(door.args("signal_ignore")).toEqual([
		[SIGPIPE, true],
		[SIGXFSZ, true],
		[SIGCHLD, false],
	]);
});
