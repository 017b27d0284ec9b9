import { describe, expect, it } from "vitest";
import type { InitPlan } from "../../../../src/runtime/built-in-init/plan.js";
import { initWords } from "../../../../src/runtime/built-in-init/words.js";

const words = (plan: Partial<InitPlan>, preserveFds = 0) =>
	initWords(
		{ mode: "forward", remaps: [], deadline: 8000, stopSignal: null, commands: [], ...plan },
		{ path: "/bin/app", argv: ["app", "-x"], preserveFds },
	).join(" ");

describe("the command line of the init", () => {
	it("names the mode, the path of the program and its own name for itself", () => {
		expect(words({})).toBe("tsrun-init forward -- /bin/app app -x");
		expect(words({ mode: "group" })).toBe("tsrun-init group -- /bin/app app -x");
	});

	it("has no program to pause", () => {
		expect(words({ mode: "pause" })).toBe("tsrun-init pause");
	});

	it("has a deadline where one counts", () => {
		expect(words({ mode: "graceful", stopSignal: 37 })).toBe(
			"tsrun-init graceful deadline 8000 stop 37 -- /bin/app app -x",
		);
	});

	it("has remaps and descriptors", () => {
		const remaps = [
			[15, 3],
			[1, 0],
		] as const;
		expect(words({ remaps }, 2)).toBe("tsrun-init forward remap 15=3 remap 1=0 fds 2 -- /bin/app app -x");
	});

	it("has the commands with the number of their words, set-up first", () => {
		const commands = [
			{ kind: "helper", args: ["log", "a b"] },
			{ kind: "setup", args: ["one"] },
			{ kind: "watched", args: ["--"] },
			{ kind: "setup", args: ["two"] },
		] as const;
		expect(words({ mode: "supervise", commands })).toBe(
			"tsrun-init supervise deadline 8000 setup 1 one setup 1 two helper 2 log a b watched 1 -- -- /bin/app app -x",
		);
	});
});
