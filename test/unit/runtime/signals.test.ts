import { describe, expect, it } from "vitest";
import type { ProcessSignals } from "../../../src/linux/process-signals.js";
import { membersOf } from "../../../src/runtime/signals.js";
import { aProcess } from "../../support/process-signals.js";

const init = aProcess();
const one = (pid: number, change: Partial<ProcessSignals>) => aProcess({ pid, pids: [pid, pid - 499], ...change });
const roles = (...others: ProcessSignals[]) => membersOf(init, [init, ...others]).map(({ role }) => role);

describe("membersOf tells", () => {
	it("the init, its child, and that one's child", () => {
		const child = one(501, { parent: 500 });
		const grandchild = one(502, { parent: 501 });
		expect(membersOf(init, [init, child, grandchild])).toEqual([
			{ process: init, role: "init", parent: null },
			{ process: child, role: "child", parent: init },
			{ process: grandchild, role: "child", parent: child },
		]);
	});

	it("a daemon that left init's session for one of its own from an orphan in somebody else's", () => {
		expect(roles(one(501, { parent: 500, session: 501 }), one(503, { parent: 500, session: 502 }))).toEqual([
			"init",
			"child",
			"adopted",
		]);
	});

	it("one that was put in, and its child, which nobody has adopted yet", () => {
		const session = 501;
		expect(roles(one(501, { parent: 77, session }), one(502, { parent: 501, session }))).toEqual([
			"init",
			"joined",
			"child",
		]);
	});
});
