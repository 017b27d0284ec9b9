import { describe, expect, it } from "vitest";
import type { Host } from "../../../../src/runtime/host.js";
import {
	claimAbandonedDeletion,
	claimForDeletion,
	claimStateDirectory,
	isBeingDeleted,
	isInPlace,
	removeStateDirectory,
} from "../../../../src/runtime/state/store.js";
import { door } from "../../../support/door.js";

const host: Host = {
	root: "/run/tsrun",
	rootIsExplicit: true,
	systemdCgroup: false,
	rootless: false,
	debug: false,
	log: { debug: () => {}, warning: () => {}, error: () => {} },
};

const us = 1000;

/** /proc/PID/stat of a process that started at the given tick. */
const stat = (pid: number, startTime: number, state = "S") =>
	`${pid} (tsrun) ${state} 1 ${Array(17).fill(0).join(" ")} ${startTime} 0\n`;

function machine(files: Record<string, string> = {}): void {
	door.files({ "/run/": "", "/proc/self/": "", [`/proc/${us}/stat`]: stat(us, 77), ...files });
}

describe("claimStateDirectory", () => {
	it("shows a folder that names its creator already", () => {
		machine();
		const directory = claimStateDirectory(host, "c1");
		expect(directory.path).toBe("/run/tsrun/c1");
		expect(door.list("/run/tsrun")).toEqual(["/run/tsrun/c1/journal"]);
		expect(door.content("/run/tsrun/c1/journal")).toBe('{"creator":{"pid":1000,"startTime":77}}\n');
		expect(door.mode("/run/tsrun/c1")?.toString(8)).toBe("40700");
		expect(isInPlace(directory)).toBe(true);
	});

	it("takes no id that somebody has, and leaves nothing", () => {
		machine({ "/run/tsrun/c1/": "" });
		expect(() => claimStateDirectory(host, "c1")).toThrow("container with given ID already exists");
		expect(door.list("/run/tsrun")).toEqual([]);
		expect(door.mode("/run/tsrun/c1~1000.77")).toBeUndefined();
	});

	it.each([
		["openat", 'make state directory "/run/tsrun/c1"'],
		["write", "write the container's journal"],
		["renameat2", 'make state directory "/run/tsrun/c1"'],
	] as const)("leaves nothing when %s fails", (call, doing) => {
		machine({ "/run/tsrun/": "" });
		door.fail(call, "EIO", (...args) => !JSON.stringify(args).includes("/proc/"));
		expect(() => claimStateDirectory(host, "c1")).toThrow(`${doing}: input/output error`);
		expect(door.mode("/run/tsrun/c1")).toBeUndefined();
		expect(door.mode("/run/tsrun/c1~1000.77")).toBeUndefined();
	});
});

describe("a folder that is being deleted", () => {
	it("is out of sight under the name of its deleter, and one deleter has it", () => {
		machine({ "/run/tsrun/c1/state.json": "{}" });
		const before = door.open("/run/tsrun/c1");
		const claimed = claimForDeletion(host, "c1");
		expect(claimed?.path).toBe("/run/tsrun/c1~1000.77");
		expect(claimForDeletion(host, "c1")).toBeNull();
		expect(isInPlace({ id: "c1", path: "/run/tsrun/c1", fd: before })).toBe(false);
	});

	it("is left to its deleter while that lives", () => {
		machine({ "/run/tsrun/c1~500.9/journal": "", "/proc/500/stat": stat(500, 9) });
		expect(isBeingDeleted(host, "c1")).toBe(true);
		expect(claimAbandonedDeletion(host, "c1")).toBeNull();
	});

	it.each([
		["has gone", {}],
		["is a zombie", { "/proc/500/stat": stat(500, 9, "Z") }],
		["is another process by now", { "/proc/500/stat": stat(500, 10) }],
	])("is taken over when its deleter %s", (_title, files) => {
		machine({ "/run/tsrun/c1~500.9/journal": "", "/run/tsrun/c10~500.9/": "", ...files });
		expect(isBeingDeleted(host, "c1")).toBe(false);
		const directory = claimAbandonedDeletion(host, "c1");
		expect(directory?.path).toBe("/run/tsrun/c1~1000.77");
		expect(claimAbandonedDeletion(host, "c2")).toBeNull();
		if (directory) removeStateDirectory(directory);
		expect(door.list("/run/tsrun")).toEqual([]);
		expect(door.mode("/run/tsrun/c10~500.9")).toBeDefined();
	});

	it("does not exist below a root that does not", () => {
		machine();
		expect(claimAbandonedDeletion(host, "c1")).toBeNull();
		expect(isBeingDeleted(host, "c1")).toBe(false);
	});
});
