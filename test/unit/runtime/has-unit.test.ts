import { describe, expect, it } from "vitest";
import { hasUnit } from "../../../src/runtime/has-unit.js";
import type { Host } from "../../../src/runtime/host.js";
import { door } from "../../support/door.js";

const silent = () => {};
const host: Host = {
	root: "/run/tsrun",
	rootIsExplicit: false,
	cgroupManager: "cgroupfs" as const,
	rootless: false,
	debug: false,
	log: { debug: silent, warning: silent, error: silent },
};

const cgroup = (isUser: boolean) => `{"cgroup":{"paths":{},"unit":{"name":"a.scope","isUser":${isUser}}}}`;

describe("hasUnit", () => {
	it("looks into the record, or the journal of a container that is not complete", () => {
		door.files({
			"/run/tsrun/root/state.json": cgroup(false),
			"/run/tsrun/user/state.json": cgroup(true),
			"/run/tsrun/half/journal": cgroup(false),
			"/run/tsrun/files/state.json": '{"cgroup":{"paths":{}},"annotations":{"a":"\\"unit\\":{"}}',
		});
		const answers = (id: string) => [hasUnit(host, id, false), hasUnit(host, id, true)];
		expect(answers("root")).toEqual([true, false]);
		expect(answers("user")).toEqual([true, true]);
		expect(answers("half")).toEqual([true, false]);
		expect(answers("files")).toEqual([false, false]);
		expect(answers("none")).toEqual([false, false]);
	});

	it("leaves nothing open, which exec --preserve-fds would hand on", () => {
		door.files({ "/run/tsrun/root/state.json": cgroup(false) });
		hasUnit(host, "root", true);
		expect(door.names.filter((name) => name === "openat")).toHaveLength(door.args("close").length);
	});
});
