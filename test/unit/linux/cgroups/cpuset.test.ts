import { describe, expect, it } from "vitest";
import { cpusetWrites, fillCpuset } from "../../../../src/linux/cgroups/cpuset.js";
import { fakeCgroupfs } from "./fake-cgroupfs.js";

describe("cpusetWrites", () => {
	it("writes the lists that are given; empty is unset", () => {
		expect(cpusetWrites({ cpus: "0-1", mems: "0" })).toEqual([
			{ file: "cpuset.cpus", value: "0-1" },
			{ file: "cpuset.mems", value: "0" },
		]);
		expect(cpusetWrites({ cpus: "", shares: 3 })).toEqual([]);
	});
});

describe("fillCpuset", () => {
	const mounts = { "/cs": { version: 1, controllers: ["cpuset"] } } as const;

	it("copies from the nearest parent that has some, down through the empty ones", () => {
		const cgroups = fakeCgroupfs(mounts);
		cgroups.make("/cs/a");
		cgroups.make("/cs/a/b");
		fillCpuset("/cs/a/b", ["/cs/a/b"]);
		expect(cgroups.log).toEqual([
			"/cs/a/cpuset.cpus=0-1",
			"/cs/a/b/cpuset.cpus=0-1",
			"/cs/a/cpuset.mems=0",
			"/cs/a/b/cpuset.mems=0",
		]);
	});

	it("leaves what has CPUs alone", () => {
		const cgroups = fakeCgroupfs(mounts);
		cgroups.make("/cs/a");
		cgroups.set("/cs/a/cpuset.cpus", "1");
		cgroups.set("/cs/a/cpuset.mems", "0");
		fillCpuset("/cs/a", []);
		expect(cgroups.writes).toEqual([]);
	});

	it("says what it could not do", () => {
		fakeCgroupfs({ "/cs": { version: 1, controllers: [] } });
		expect(() => fillCpuset("/cs/a", [])).toThrow(
			"copy the CPUs and memory nodes of its parent to /cs/a: no such file",
		);
	});
});
