import { describe, expect, it } from "vitest";
import type { CgroupRecord } from "../../../../src/linux/cgroups/driver.js";
import { isCgroupFrozen } from "../../../../src/linux/cgroups/freeze.js";
import { killCgroup } from "../../../../src/linux/cgroups/kill.js";
import { SIGKILL, SIGTERM } from "../../../../src/sys/constants.js";
import { door } from "../../../support/door.js";
import { fakeCgroupfs } from "./fake-cgroupfs.js";

const v1: CgroupRecord = { version: 1, unifiedMountPoint: "", paths: { freezer: "/f/c" } };
const v2: CgroupRecord = { version: 2, unifiedMountPoint: "/f", paths: { "": "/f/c" } };
const withoutFreezer: CgroupRecord = { version: 1, unifiedMountPoint: "", paths: { devices: "/f/c" } };

function machine(version: 1 | 2, ...pids: readonly number[]) {
	const cgroups = fakeCgroupfs({ "/f": { version, controllers: version === 1 ? ["freezer"] : [] } });
	cgroups.make("/f/c");
	cgroups.make("/f/c/d");
	cgroups.enter("/f/c/d", ...pids);
	return cgroups;
}
const signals = () => door.args("pidfd_send_signal").map(([, signal]) => signal);

describe("killCgroup on v2", () => {
	it("lets the kernel kill with one write", () => {
		const cgroups = machine(2, 7, 8);
		killCgroup(v2, "/f/c", SIGKILL);
		expect(cgroups.log).toEqual(["/f/c/cgroup.kill=1"]);
		expect(signals()).toEqual([]);
	});

	it("freezes, signals and thaws on a kernel without cgroup.kill", () => {
		const cgroups = machine(2, 7, 8);
		cgroups.remove("/f/c/cgroup.kill");
		killCgroup(v2, "/f/c", SIGKILL);
		expect(cgroups.log).toEqual(["/f/c/cgroup.freeze=1", "/f/c/cgroup.freeze=0"]);
		expect(signals()).toEqual([SIGKILL, SIGKILL]);
	});

	it("sends other signals itself", () => {
		const cgroups = machine(2, 7, 8);
		killCgroup(v2, "/f/c", SIGTERM);
		expect(cgroups.log).toEqual(["/f/c/cgroup.freeze=1", "/f/c/cgroup.freeze=0"]);
		expect(signals()).toEqual([SIGTERM, SIGTERM]);
	});
});

describe("killCgroup on v1", () => {
	it("does nothing to an empty or vanished cgroup", () => {
		const cgroups = machine(1);
		killCgroup(v1, "/f/c", SIGKILL);
		killCgroup({ ...v1, paths: { freezer: "/f/gone" } }, "/f/gone", SIGKILL);
		expect(cgroups.writes).toEqual([]);
	});

	it("signals whoever has come by the time all are frozen", () => {
		const cgroups = machine(1, 7);
		let forked = false;
		door.answer("clock_gettime", () => {
			if (!forked) cgroups.enter("/f/c", 70);
			forked = true;
			return 0n;
		});
		killCgroup(v1, "/f/c", SIGTERM);
		expect(door.args("pidfd_open").map(([pid]) => pid)).toEqual([7, 70]);
	});

	it("leaves a paused container paused, unless it is killed", () => {
		const cgroups = machine(1, 7);
		cgroups.set("/f/c/freezer.state", "FROZEN");
		killCgroup(v1, "/f/c", SIGTERM);
		expect(signals()).toEqual([SIGTERM]);
		expect(isCgroupFrozen(v1)).toBe(true);
		killCgroup(v1, "/f/c", SIGKILL);
		expect(isCgroupFrozen(v1)).toBe(false);
	});

	it("thaws also when a signal is refused", () => {
		const cgroups = machine(1, 7);
		door.fail("pidfd_send_signal", "EPERM");
		expect(() => killCgroup(v1, "/f/c", SIGKILL)).toThrow("operation not permitted");
		expect(cgroups.content("/f/c/freezer.state")).toBe("THAWED");
	});
});

describe("killCgroup without a freezer", () => {
	it("kills until nobody new appears", () => {
		const cgroups = machine(1, 7);
		let next = 100;
		door.answer("pidfd_send_signal", () => {
			if (next < 103) cgroups.enter("/f/c", next++);
		});
		killCgroup(withoutFreezer, "/f/c", SIGKILL);
		expect(door.args("pidfd_open").map(([pid]) => pid)).toEqual([7, 100, 101, 102]);
	});

	it("ends also when somebody always does", () => {
		const cgroups = machine(1, 7);
		let next = 100;
		door.answer("pidfd_send_signal", () => cgroups.enter("/f/c", next++));
		killCgroup(withoutFreezer, "/f/c", SIGKILL);
		expect(signals().length).toBeLessThan(100);
	});

	it("sends other signals once", () => {
		machine(1, 7, 8);
		killCgroup(withoutFreezer, "/f/c", SIGTERM);
		expect(signals()).toEqual([SIGTERM, SIGTERM]);
	});
});
