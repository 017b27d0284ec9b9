import { expect, it } from "vitest";
import { describeWaitStatus } from "../../../src/linux/wait-status.js";

it.each([
	[0, "with exit status 0"],
	[3 << 8, "with exit status 3"],
	[255 << 8, "with exit status 255"],
	[9, "by SIGKILL"],
	[11 | 0x80, "by SIGSEGV, with a core dump"],
])("wait status %i is an end %s", (status, words) => {
	expect(describeWaitStatus(status)).toBe(words);
});
