import { beforeEach, describe, expect, it } from "vitest";
import {
	joinGroups,
	makeGroups,
	planResctrl,
	removeGroups,
	removeMadeGroups,
	setShares,
} from "../../../../src/linux/resctrl/group.js";
import type { IntelRdt } from "../../../../src/spec/types.js";
import { TsrunError } from "../../../../src/sys/errors.js";
import { door } from "../../../support/door.js";
import { watchFds } from "../../../support/open-fds.js";
import { fakeResctrl, resctrl } from "./fake-resctrl.js";

let undo: (() => void)[] = [];
beforeEach(() => {
	undo = [];
});

/** As create does. */
function make(rdt: IntelRdt, id = "c1") {
	const plan = planResctrl(rdt, id);
	makeGroups(plan, (_what, step) => undo.unshift(step));
	return plan;
}

const takeBack = () => undo.forEach((step) => void step());

function errorOf(step: () => unknown): TsrunError {
	try {
		step();
	} catch (error) {
		if (error instanceof TsrunError) return error;
		throw error;
	}
	throw new Error("nothing was thrown");
}

describe("resctrl", () => {
	it("RD-03 that is not mounted is told before anything is made", () => {
		fakeResctrl({ mounted: null });
		const error = errorOf(() => planResctrl({}, "c1"));
		expect(error).toMatchObject({
			id: "config-unsupported",
			message: "Intel RDT is asked for, but no resctrl file system is mounted",
		});
		expect(door.names).not.toContain("mkdirat");
	});

	it("is where the runtime's mounts say", () => {
		const fake = fakeResctrl({ mounted: "/mnt/rdt" });
		expect(make({}).control).toBe("/mnt/rdt/c1");
		expect(fake.groups()).toEqual(["", "c1"]);
	});
});

describe("without closID", () => {
	it("RD-18 RD-17 RD-01 a group of the container's id is made, and the process is put into it", () => {
		const fake = fakeResctrl();
		const groups = make({});
		joinGroups(groups, 70);
		expect(fake.groups()).toEqual(["", "c1"]);
		expect(fake.tasks("c1")).toEqual(["70"]);
		// no schema, no schemata file touched
		expect(fake.log).toEqual(['c1/tasks "70\\n"']);
	});

	it("RD-23 it goes with the container", () => {
		const fake = fakeResctrl();
		removeGroups(make({ l3CacheSchema: "L3:0=f", enableMonitoring: true }));
		expect(fake.groups()).toEqual([""]);
	});

	it("RD-24 one that was there stays", () => {
		const fake = fakeResctrl();
		fake.make("c1");
		removeGroups(make({}));
		expect(fake.groups()).toEqual(["", "c1"]);
	});

	it("RD-11 RD-12 RD-13 RD-15 RD-16 caches come first, then the memory bandwidth, then the schemata, one line in one write", () => {
		const fake = fakeResctrl();
		make({ schemata: ["L3:0=1f", "MB:1=10"], memBwSchema: "MB:0=20;1=70", l3CacheSchema: "L3:0=7f0;1=1f" });
		expect(fake.log).toEqual([
			'c1/schemata "L3:0=7f0;1=1f\\n"',
			'c1/schemata "MB:0=20;1=70\\n"',
			'c1/schemata "L3:0=1f\\n"',
			'c1/schemata "MB:1=10\\n"',
		]);
		expect(fake.schemata("c1")).toEqual({ L3: "0=1f;1=1f", MB: "0=20;1=10" });
	});
});

describe("with closID", () => {
	it('RD-05 "/" is the default group', () => {
		const fake = fakeResctrl();
		const groups = make({ closID: "/", enableMonitoring: true });
		joinGroups(groups, 70);
		expect(fake.groups()).toEqual(["", "mon_groups/c1"]);
		expect([fake.tasks(""), fake.tasks("mon_groups/c1")]).toEqual([["70"], ["70"]]);
		removeGroups(groups);
		expect(fake.groups()).toEqual([""]);
	});

	it("RD-14 RD-19 RD-24 with one schema a missing class is made, and stays when the container goes", () => {
		const fake = fakeResctrl();
		removeGroups(make({ closID: "a", l3CacheSchema: "L3:0=f" }));
		removeGroups(make({ closID: "b", memBwSchema: "MB:0=50" }));
		removeGroups(make({ closID: "c", schemata: ["MB:0=70"] }));
		expect(fake.log).toEqual(['a/schemata "L3:0=f\\n"', 'b/schemata "MB:0=50\\n"', 'c/schemata "MB:0=70\\n"']);
		expect(fake.groups()).toEqual(["", "a", "b", "c"]);
	});

	it("RD-02 RD-21 RD-22 without a schema it has to be there", () => {
		const fake = fakeResctrl();
		expect(errorOf(() => make({ closID: "gold", enableMonitoring: true }))).toMatchObject({
			id: "resctrl-failed",
			message: 'there is no class of service "gold", and nothing to make one of',
		});
		expect(fake.groups()).toEqual([""]);
		fake.make("gold");
		joinGroups(make({ closID: "gold" }), 70);
		expect(fake.tasks("gold")).toEqual(["70"]);
		expect(fake.log).toEqual(['gold/tasks "70\\n"']);
	});

	it("RD-20 a class that is there has to have the schemas, which are written all the same", () => {
		const fake = fakeResctrl();
		fake.make("gold");
		make({ closID: "gold", l3CacheSchema: "L3:0=7FF", memBwSchema: "MB:1=100" });
		expect(fake.log).toEqual(['gold/schemata "L3:0=7FF\\n"', 'gold/schemata "MB:1=100\\n"']);
		expect(errorOf(() => make({ closID: "gold", l3CacheSchema: "L3:0=f" }))).toMatchObject({
			id: "resctrl-failed",
			message: `"L3:0=f" is not what ${resctrl}/gold/schemata says`,
			details: { hint: "the class of service is there already; it has L3:0=7FF;1=7ff, MB:0=100;1=100" },
		});
	});

	it("RD-11 RD-15 schemata of 1.3 change a class that is there", () => {
		const fake = fakeResctrl();
		fake.make("gold");
		make({ closID: "gold", schemata: ["MB:0=30"] });
		expect(fake.schemata("gold").MB).toBe("0=30;1=100");
		takeBack();
		expect(fake.schemata("gold")).toEqual({ L3: "0=7ff;1=7ff", MB: "0=100;1=100" });
		expect(fake.groups()).toEqual(["", "gold"]);
	});
});

describe("enableMonitoring", () => {
	it("RD-25 RD-26 makes mon_groups/ID, which the process enters after the control group", () => {
		const fake = fakeResctrl();
		fake.make("gold");
		joinGroups(make({ closID: "gold", enableMonitoring: true }), 70);
		expect(fake.log).toEqual(['gold/tasks "70\\n"', 'gold/mon_groups/c1/tasks "70\\n"']);
	});

	it("RD-27 the group goes with the container, and no other", () => {
		const fake = fakeResctrl();
		fake.make("gold");
		fake.make("gold/mon_groups/c2");
		removeGroups(make({ closID: "gold", enableMonitoring: true }));
		expect(fake.groups()).toEqual(["", "gold", "gold/mon_groups/c2"]);
	});

	it("RD-28 a machine that cannot monitor is an error, and what was made before goes", () => {
		const fake = fakeResctrl({ monitoring: false });
		expect(errorOf(() => make({ enableMonitoring: true }))).toMatchObject({
			id: "resctrl-failed",
			message: `make the resctrl group ${resctrl}/c1/mon_groups/c1: no such file or directory`,
		});
		takeBack();
		expect(fake.groups()).toEqual([""]);
	});

	it("RD-28 no group left is an error", () => {
		fakeResctrl();
		door.fail("mkdirat", "ENOSPC", (_fd, path) => path.includes("mon_groups"));
		expect(errorOf(() => make({ enableMonitoring: true })).details.hint).toContain("num_rmids");
	});
});

describe("what fails", () => {
	it("a line that the kernel refuses is told with the kernel's words, and the group goes", () => {
		const fake = fakeResctrl();
		const open = watchFds();
		expect(errorOf(() => make({ schemata: ["L3:0=f", "L9:0=f"] }))).toMatchObject({
			id: "resctrl-failed",
			message: `write "L9:0=f" to ${resctrl}/c1/schemata: invalid argument (Unknown or unsupported resource name 'L9')`,
			details: { errno: "EINVAL", object: `${resctrl}/c1/schemata` },
		});
		takeBack();
		expect(fake.groups()).toEqual([""]);
		expect(open.size).toBe(0);
	});

	it("no class of service left", () => {
		fakeResctrl({ room: 0 });
		const error = errorOf(() => make({}));
		expect(error.message).toBe(`make the resctrl group ${resctrl}/c1: no space left on device`);
		expect(error.details.hint).toContain("num_closids");
	});

	it("a thread that has ended is no failure where that can be", () => {
		fakeResctrl();
		const groups = make({});
		door.fail("write", "ESRCH");
		expect(errorOf(() => joinGroups(groups, 70)).message).toBe(`write 70 to ${resctrl}/c1/tasks: no such process`);
		expect(() => joinGroups(groups, 70, { mayHaveEnded: true })).not.toThrow();
	});

	it("update's shares are taken back line by line", () => {
		const fake = fakeResctrl();
		const { root, control } = make({});
		const step = () =>
			setShares(root, control, ["MB:0=20", "MB:7=20"], (_what, back) => {
				undo.unshift(back);
			});
		expect(errorOf(step).message).toContain("(Parsing error: unknown domain)");
		expect(fake.schemata("c1").MB).toBe("0=20;1=100");
		undo[0]?.();
		expect(fake.schemata("c1").MB).toBe("0=100;1=100");
	});
});

describe("a creation that was cut short", () => {
	it("leaves nothing of what it made", () => {
		const fake = fakeResctrl();
		const plan = make({ closID: "gold", l3CacheSchema: "L3:0=f", enableMonitoring: true });
		removeMadeGroups(plan);
		expect(fake.groups()).toEqual([""]);
		expect(() => removeMadeGroups(plan)).not.toThrow();
	});

	it("leaves a class that others have taken up, and one that it had found", () => {
		const fake = fakeResctrl();
		const plan = make({ closID: "gold", l3CacheSchema: "L3:0=f" });
		joinGroups({ ...plan, monitor: null }, 99);
		removeMadeGroups(plan);
		fake.make("silver");
		removeMadeGroups(make({ closID: "silver" }));
		expect(fake.groups()).toEqual(["", "gold", "silver"]);
	});
});
