import { expect, it } from "vitest";
import { makeResctrlGroups, removeResctrlGroups, updateShares } from "../../../../src/runtime/lifecycle/intel-rdt.js";
import { readJournal } from "../../../../src/runtime/state/journal.js";
import type { ContainerRecord } from "../../../../src/runtime/state/record.js";
import type { Undo } from "../../../../src/runtime/undo.js";
import { door } from "../../../support/door.js";
import { fakeResctrl, resctrl } from "../../linux/resctrl/fake-resctrl.js";

const undo: Undo = { add: () => {}, atEnd: () => {} };

function directory() {
	door.files({ "/run/tsrun/c1/": "" });
	return { id: "c1", path: "/run/tsrun/c1", fd: door.open("/run/tsrun/c1") };
}

const record = (resctrl: ContainerRecord["resctrl"]) =>
	({ id: "c1", pid: 70, cgroup: null, resctrl }) as ContainerRecord;

it("without linux.intelRdt nobody looks for resctrl", () => {
	fakeResctrl();
	expect(makeResctrlGroups(undefined, directory(), undo)).toBe(null);
	expect(door.args("openat").map(([, path]) => path)).not.toContain("/proc/self/mountinfo");
});

it("groups are in the journal before they are made, so that a crash leaves none", () => {
	const fake = fakeResctrl();
	const state = directory();
	makeResctrlGroups({ closID: "gold", schemata: ["L3:0=f"], enableMonitoring: true }, state, undo);
	const journal = readJournal(state.fd);
	expect(journal.resctrl).toEqual({
		control: `${resctrl}/gold`,
		monitor: `${resctrl}/gold/mon_groups/c1`,
		exists: false,
	});
	const written = door.calls.findIndex(({ name, args }) => name === "write" && String(args[1]).includes("resctrl"));
	expect(written).toBeLessThan(door.calls.findIndex(({ name }) => name === "mkdirat"));
	removeResctrlGroups(null, journal);
	expect(fake.groups()).toEqual([""]);
});

it("at delete the record tells what goes: not a class of service that was named", () => {
	const fake = fakeResctrl();
	const state = directory();
	const groups = makeResctrlGroups({ closID: "gold", schemata: ["L3:0=f"], enableMonitoring: true }, state, undo);
	removeResctrlGroups(record(groups), readJournal(state.fd));
	expect(fake.groups()).toEqual(["", "gold"]);
});

it("update gives a container without groups one of its own, with all its threads, and writes that down", () => {
	const fake = fakeResctrl();
	const state = directory();
	door.files({ "/proc/70/task/70/": "", "/proc/70/task/71/": "" });
	const keep = updateShares(state, record(null), { memBwSchema: "MB:0=20" }, undo);
	expect(fake.tasks("c1")).toEqual(["70", "71"]);
	expect(fake.schemata("c1").MB).toBe("0=20;1=100");
	expect(door.content("/run/tsrun/c1/state.json")).toBeUndefined();
	keep();
	const kept = JSON.parse(door.content("/run/tsrun/c1/state.json") ?? "null") as ContainerRecord;
	expect(kept.resctrl).toMatchObject({ control: `${resctrl}/c1`, own: [`${resctrl}/c1`] });
	removeResctrlGroups(kept, {});
	expect(fake.groups()).toEqual([""]);
});

it("update of a container with groups writes there, and makes none", () => {
	const fake = fakeResctrl();
	const state = directory();
	const groups = makeResctrlGroups({}, state, undo);
	updateShares(state, record(groups), { l3CacheSchema: "L3:0=1f" }, undo)();
	expect(fake.schemata("c1").L3).toBe("0=1f;1=7ff");
	expect(fake.groups()).toEqual(["", "c1"]);
});
