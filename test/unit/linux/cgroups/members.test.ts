import { beforeEach, describe, expect, it } from "vitest";
import { childrenOf, processesBelow, signalMembers } from "../../../../src/linux/cgroups/members.js";
import { SIGTERM } from "../../../../src/sys/constants.js";
import { door } from "../../../support/door.js";
import { sysError } from "../../../support/errno.js";
import { type FakeCgroupfs, fakeCgroupfs } from "./fake-cgroupfs.js";

let cgroups: FakeCgroupfs;
beforeEach(() => {
	cgroups = fakeCgroupfs({ "/d": { version: 1, controllers: ["devices"] } });
	for (const path of ["/d/x", "/d/x/a", "/d/x/a/b", "/d/other"]) cgroups.make(path);
	cgroups.enter("/d/x", 30, 4);
	cgroups.enter("/d/x/a/b", 100, 7);
	cgroups.enter("/d/other", 5);
});

describe("processesBelow", () => {
	it("lists the cgroup and all below, ascending", () => {
		expect(processesBelow("/d/x")).toEqual([4, 7, 30, 100]);
		expect(cgroups.open).toBe(0);
	});

	it("is empty for one that is gone", () => {
		expect(processesBelow("/d/gone")).toEqual([]);
	});

	it("does not list a leaf's directory", () => {
		processesBelow("/d/other");
		expect(door.names).not.toContain("getdents64");
	});

	it("leaves out processes that our pid namespace does not know", () => {
		let reads = 0;
		door.answer("read", () => (reads++ === 0 ? "0\n8\n" : ""));
		expect(processesBelow("/d/other")).toEqual([8]);
	});

	it("finds the processes of a threaded cgroup by its threads", () => {
		door.fail("read", "EOPNOTSUPP", () => asked === "/d/other/cgroup.procs");
		let asked = "";
		const texts: Record<string, string> = {
			"/d/other/cgroup.threads": "7\n8\n9\n",
			"/proc/7/status": "Name:\tx\nTgid:\t7\n",
			"/proc/8/status": "Name:\tx\nTgid:\t7\n",
		};
		door.answer("openat", (_fd, path) => {
			asked = path;
			if (path === "/proc/9/status") throw sysError("openat", "ENOENT");
			return 50;
		});
		door.answer("read", () => {
			const text = texts[asked] ?? "";
			delete texts[asked];
			return text;
		});
		expect(processesBelow("/d/other")).toEqual([7]);
	});
});

it("childrenOf names the cgroups right below", () => {
	expect(childrenOf("/d/x")).toEqual(["/d/x/a"]);
	expect(childrenOf("/d/x/a/b")).toEqual([]);
	expect(childrenOf("/d/gone")).toEqual([]);
});

describe("signalMembers", () => {
	const signalled = () => door.args("pidfd_send_signal").length;

	it("signals by pidfd and closes them", () => {
		signalMembers("/d/x", [4, 7, 30, 100], SIGTERM);
		expect(door.args("pidfd_open").map(([pid]) => pid)).toEqual([4, 7, 30, 100]);
		expect(signalled()).toBe(4);
		expect(cgroups.open).toBe(0);
	});

	it("does not signal a process that is in the cgroup no more, nor one that has ended", () => {
		signalMembers("/d/x", [4, 5, 999], SIGTERM);
		expect(signalled()).toBe(1);
	});

	it("takes hold of some hundred at a time", () => {
		const many = Array.from({ length: 600 }, (_, index) => 1000 + index);
		cgroups.enter("/d/x", ...many);
		let most = 0;
		door.answer("pidfd_send_signal", () => {
			most = Math.max(most, cgroups.open);
		});
		signalMembers("/d/x", many, SIGTERM);
		expect(signalled()).toBe(600);
		expect(most).toBeLessThan(300);
	});

	it("serves all others before it reports a refusal", () => {
		let count = 0;
		door.fail("pidfd_send_signal", "EPERM", () => count++ === 0);
		expect(() => signalMembers("/d/x", [4, 7, 30], SIGTERM)).toThrow(
			expect.objectContaining({ id: "signal-failed", message: "send signal 15 to process 4: operation not permitted" }),
		);
		expect(signalled()).toBe(3);
		expect(cgroups.open).toBe(0);
	});
});
