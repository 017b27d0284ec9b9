import { describe, expect, it } from "vitest";
import { hasSignal, processSignals, signalsIn } from "../../../src/linux/process-signals.js";
import { SYS_rt_sigtimedwait } from "../../../src/sys/constants.js";
import { door } from "../../support/door.js";
import { watchFds } from "../../support/open-fds.js";

const status = (fields: Readonly<Record<string, string>>) =>
	Object.entries({
		Name: "sh",
		State: "S (sleeping)",
		Pid: "42",
		PPid: "7",
		NSpid: "42\t1",
		Threads: "1",
		SigPnd: "0000000000000000",
		ShdPnd: "0000000000000000",
		SigBlk: "0000000000000000",
		SigIgn: "0000000000000000",
		SigCgt: "0000000000010002",
		...fields,
	})
		.map(([name, value]) => `${name}:\t${value}\n`)
		.join("");

/** As in proc_pid_stat(5): the session is field 6. */
const stat = () => "42 (a) b) S 7 40 41 0\n";

describe("processSignals", () => {
	it("reads who a process is and what it does with signals", () => {
		door.files({
			"/proc/42/status": status({ SigPnd: "0000000000000001", ShdPnd: "0000000000004000", SigIgn: "8000000000001000" }),
			"/proc/42/stat": stat(),
		});
		const open = watchFds();
		expect(processSignals(42)).toEqual({
			pid: 42,
			name: "sh",
			state: "S",
			parent: 7,
			session: 41,
			pids: [42, 1],
			threads: 1,
			pending: 0x4001n,
			blocked: 0n,
			ignored: 0x8000000000001000n,
			caught: 0x10002n,
			awaited: 0n,
		});
		expect(open.size).toBe(0);
	});

	it("counts as blocked what every thread blocks, as pending what any thread has", () => {
		door.files({
			"/proc/42/status": status({ Threads: "2", SigBlk: "000000000000000f" }),
			"/proc/42/stat": stat(),
			"/proc/42/task/42/status": status({ SigBlk: "000000000000000f" }),
			"/proc/42/task/43/status": status({ SigBlk: "0000000000000005", SigPnd: "0000000000000200" }),
		});
		expect(processSignals(42)).toMatchObject({ threads: 2, blocked: 5n, pending: 0x200n });
	});

	it("is not confused by a thread that ends meanwhile", () => {
		door.files({
			"/proc/42/status": status({ Threads: "2" }),
			"/proc/42/stat": stat(),
			"/proc/42/task/42/status": status({ SigBlk: "000000000000000f" }),
			"/proc/42/task/43/": "",
		});
		expect(processSignals(42)).toMatchObject({ blocked: 0xfn });
	});

	it("finds what a thread waits for in its memory, as /proc shows it nowhere", () => {
		door.files({
			"/proc/42/status": status({ SigBlk: "0000000000000200" }),
			"/proc/42/stat": stat(),
			"/proc/42/task/42/syscall": `${SYS_rt_sigtimedwait} 0x7ffc00001000 0x0 0x0 0x8 0x0 0x0 0x7ffc 0x7f\n`,
			"/proc/42/task/42/mem": "",
		});
		door.answer("read_bytes", new Uint8Array([0, 0x41, 0, 0, 0, 0, 0, 0x80]).buffer);
		expect(processSignals(42)).toMatchObject({ blocked: 0x200n, awaited: 0x8000000000004000n });
		expect(door.args("lseek")).toEqual([[expect.any(Number), 0x7ffc00001000, 0]]);
	});

	it.each(["EACCES", "EPERM", "ENOENT"] as const)("does without that where it may not look (%s)", (code) => {
		door.files({ "/proc/42/status": status({}), "/proc/42/stat": stat() });
		door.fail("openat", code, (_fd, path) => path.endsWith("/syscall"));
		expect(processSignals(42)).toMatchObject({ awaited: 0n });
	});

	it.each(["ENOENT", "ESRCH"] as const)("%s is a process that has gone", (code) => {
		door.files({ "/proc/42/status": status({}) });
		door.fail(code === "ENOENT" ? "openat" : "read", code);
		expect(processSignals(42)).toBeNull();
	});

	it("hides no other error", () => {
		door.fail("openat", "EACCES");
		expect(() => processSignals(42)).toThrow("Permission denied");
	});
});

describe("a set", () => {
	it("has signal N as bit N-1, up to 64", () => {
		expect(signalsIn(0x8000000000010002n)).toEqual([2, 17, 64]);
		expect(signalsIn(0n)).toEqual([]);
		expect([0, 1, 2, 17, 64].map((signal) => hasSignal(0x8000000000010002n, signal))).toEqual([
			false,
			false,
			true,
			true,
			true,
		]);
	});
});
