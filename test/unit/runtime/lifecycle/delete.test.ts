import { describe, expect, it } from "vitest";
import type { Host } from "../../../../src/runtime/host.js";
import { deleteContainer } from "../../../../src/runtime/lifecycle/delete.js";
import { door } from "../../../support/door.js";

const host: Host = {
	root: "/run/tsrun",
	rootIsExplicit: true,
	cgroupManager: "cgroupfs",
	rootless: false,
	debug: false,
	log: { debug: () => {}, warning: () => {}, error: () => {} },
};

const stat = (pid: number, state = "S") => `${pid} (tsrun) ${state} 1 ${Array(17).fill(0).join(" ")} 9 0\n`;
const line = (step: object) => `${JSON.stringify(step)}\n`;
const creator = line({ creator: { pid: 500, startTime: 9 } });
const init = line({ init: { pid: 600, startTime: 9 } });

/** Pids as descriptors, and the pids that got SIGKILL in turn. */
function killable(onKill: (pid: number) => void = () => {}): number[] {
	const killed: number[] = [];
	door.answer("pidfd_open", (pid) => pid);
	door.answer("pidfd_send_signal", (pid) => {
		killed.push(pid);
		door.files({ [`/proc/${pid}/stat`]: stat(pid, "Z") });
		onKill(pid);
	});
	return killed;
}

describe("delete --force of a container that is being created", () => {
	it("ends the creator first, and then what that had made until its last moment", () => {
		const folder = "/run/tsrun/c1";
		door.files({ [`${folder}/journal`]: creator, "/proc/500/stat": stat(500), "/proc/600/stat": stat(600) });
		const killed = killable((pid) => {
			if (pid === 500) door.files({ [`${folder}~1000.0/journal`]: creator + init });
		});
		deleteContainer(host, "c1", true);
		expect([...new Set(killed)]).toEqual([500, 600]);
		expect(door.list("/run/tsrun")).toEqual(["/run/tsrun/history~"]);
	});

	it("leaves a process alone that only has the pid", () => {
		door.files({
			"/run/tsrun/c1/journal": line({ creator: { pid: 500, startTime: 8 } }),
			"/proc/500/stat": stat(500),
		});
		const killed = killable();
		deleteContainer(host, "c1", true);
		expect(killed).toEqual([]);
		expect(door.list("/run/tsrun")).toEqual(["/run/tsrun/history~"]);
	});
});

describe("a deletion that was cut short", () => {
	const abandoned = { "/run/tsrun/c1~400.9/journal": init, "/proc/600/stat": stat(600) };

	it.each([true, false])("is completed by the next delete (force: %s)", (force) => {
		door.files(abandoned);
		const killed = killable();
		deleteContainer(host, "c1", force);
		expect([...new Set(killed)]).toEqual([600]);
		expect(door.list("/run/tsrun")).toEqual([]);
	});

	it("is completed after the container that has the id by now is gone", () => {
		const owned = { "/run/tsrun/c1/journal": line({ init: { pid: 700, startTime: 9 } }), "/proc/700/stat": stat(700) };
		door.files({ ...abandoned, ...owned });
		const killed = killable();
		deleteContainer(host, "c1", true);
		expect([...new Set(killed)]).toEqual([700, 600]);
		expect(door.list("/run/tsrun")).toEqual([]);
	});

	it("may have left an experiment's empty directory behind", () => {
		door.files({ "/run/tsrun/c1~400.9.bundle/": "" });
		deleteContainer(host, "c1", false);
		expect(door.mode("/run/tsrun/c1~400.9.bundle")).toBeUndefined();
	});

	it("is not what is kept beside the containers", () => {
		door.files({ "/run/tsrun/seccomp~/": "" });
		expect(() => deleteContainer(host, "seccomp", false)).toThrow("container does not exist");
		expect(door.mode("/run/tsrun/seccomp~")).toBeDefined();
	});

	it("of another container is not", () => {
		door.files(abandoned);
		killable();
		expect(() => deleteContainer(host, "c2", false)).toThrow("container does not exist");
		deleteContainer(host, "c2", true);
		expect(door.list("/run/tsrun")).toEqual(["/run/tsrun/c1~400.9/journal"]);
	});
});
