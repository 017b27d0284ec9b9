import { expect, it } from "vitest";
import { netClsWrites, netPrioWrites } from "../../../../../src/linux/cgroups/v1/network.js";

it("HP-05 the class of packets goes to net_cls; 0 is unset", () => {
	expect(netClsWrites({ classID: 1048577 })).toEqual([{ file: "net_cls.classid", value: "1048577" }]);
	expect(netClsWrites({ classID: 0 })).toEqual([]);
});

it("HP-06 priorities go to net_prio, one interface at a time", () => {
	const priorities = [
		{ name: "eth0", priority: 500 },
		{ name: "eth1", priority: 0 },
	];
	expect(netPrioWrites({ priorities }).map(({ value }) => value)).toEqual(["eth0 500", "eth1 0"]);
	expect(netPrioWrites({})).toEqual([]);
});
