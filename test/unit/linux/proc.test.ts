import { describe, expect, it } from "vitest";
import { allProcesses, openProc, processStat } from "../../../src/linux/proc.js";
import { TMPFS_MAGIC } from "../../../src/sys/constants.js";
import { sys } from "../../../src/sys/index.js";
import { door } from "../../support/door.js";
import { watchFds } from "../../support/open-fds.js";

describe("openProc", () => {
	it("is a descriptor of a procfs", () => {
		door.files({ "/proc/": "" });
		const open = watchFds();
		expect([openProc()]).toEqual([...open]);
	});

	it("refuses whatever else is at /proc, and leaves nothing open", () => {
		door.files({ "/proc/": "" });
		door.answer("fstatfs", { type: TMPFS_MAGIC, flags: 0 });
		const open = watchFds();
		expect(() => openProc()).toThrow('"/proc" is not the root of a proc file system');
		expect(open.size).toBe(0);
	});

	it("refuses a part of one that is mounted there", () => {
		door.files({ "/proc/": "" });
		door.answer("fstat", { ...sys.fstat(door.open("/proc")), ino: 4_026_531_840 });
		expect(() => openProc()).toThrow('"/proc" is not the root of a proc file system');
	});

	it("says so when there is none", () => {
		door.files({});
		expect(() => openProc()).toThrow('open "/proc": no such file or directory');
	});
});

it("allProcesses are the directories with a number", () => {
	door.files({ "/proc/1/stat": "", "/proc/42/stat": "", "/proc/sys/": "", "/proc/4x/": "", "/proc/uptime": "" });
	expect(allProcesses()).toEqual([1, 42]);
});

describe("processStat", () => {
	/** Fields as in proc_pid_stat(5): pid, name, state, parent, group, session, tty, tpgid, flags … start time at 22, exit code at 52. */
	const line = (name: string, flags: number) =>
		`42 (${name}) S 7 42 42 0 -1 ${flags} 1 2 3 4 5 6 7 8 20 0 1 0 987654 ${Array(29).fill(0).join(" ")} 768\n`;

	it("tells state, parent and start time", () => {
		door.files({ "/proc/42/stat": line("program", 0) });
		expect(processStat(42)).toEqual({
			state: "S",
			parent: 7,
			neverExecuted: false,
			leaving: false,
			startTime: 987654,
			exitCode: 768,
		});
	});

	it.each(["a b", ")", "x) R 1 (y", "tab\tand\nnewline"])("is not confused by a program called %j", (name) => {
		door.files({ "/proc/42/stat": line(name, 0) });
		expect(processStat(42)).toMatchObject({ state: "S", parent: 7, startTime: 987654 });
	});

	it("tells a process that has been forked from one that has executed a program", () => {
		door.files({ "/proc/42/stat": line("tsrun:init", 0x400040) });
		expect(processStat(42)?.neverExecuted).toBe(true);
	});

	it("tells one that is leaving", () => {
		door.files({ "/proc/42/stat": line("sh", 0x400004) });
		expect(processStat(42)?.leaving).toBe(true);
	});

	it.each(["ENOENT", "ESRCH"] as const)("%s is a process that has gone", (code) => {
		door.files({ "/proc/42/stat": "" });
		door.fail(code === "ENOENT" ? "openat" : "read", code);
		expect(processStat(42)).toBeNull();
	});

	it("hides no other error", () => {
		door.fail("openat", "EACCES");
		expect(() => processStat(42)).toThrow("Permission denied");
	});
});
