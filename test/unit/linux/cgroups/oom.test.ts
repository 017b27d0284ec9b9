import { describe, expect, it } from "vitest";
import { oomKills, watchOom } from "../../../../src/linux/cgroups/oom.js";
import { door } from "../../../support/door.js";

const v1 = { version: 1, paths: { memory: "/v1/memory/a", "": "/v2/a" }, unifiedMountPoint: "/v2" } as const;
const v2 = { version: 2, paths: { "": "/v2/a" }, unifiedMountPoint: "/v2" } as const;

describe("oomKills", () => {
	it("counts in the hierarchy that has the controller", () => {
		door.files({
			"/v1/memory/a/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
			"/v2/a/memory.events": "oom 9\noom_kill 4\n",
		});
		expect([oomKills(v1), oomKills(v2)]).toEqual([3, 4]);
	});

	it("is 0 where nobody counts", () => {
		door.files({ "/v1/memory/a/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\n" });
		expect([oomKills(v1), oomKills(v2), oomKills({ ...v1, paths: {} })]).toEqual([0, 0, 0]);
		expect(watchOom({ ...v1, paths: {} })).toBeNull();
	});
});
