import { describe, expect, it, vi } from "vitest";
import {
	awaitReadiness,
	managerSocket,
	saysReady,
	tellManager,
	withNotifySocket,
} from "../../../../src/runtime/process/notify.js";
import { POLLIN } from "../../../../src/sys/constants.js";
import { door } from "../../../support/door.js";

const readiness = { socket: 5, manager: "/run/manager", mainPid: 7 };
const directory = { id: "c1", path: "/run/tsrun/c1", fd: 9 };

/** These messages have come, and no more will. */
function hear(...messages: readonly string[]): void {
	const left = [...messages];
	door.answer("read", () => left.shift() ?? "");
	door.answer("poll", (items) => items.map(({ fd }) => (fd !== 5 || left.length > 0 ? POLLIN : 0)));
}

describe("the manager", () => {
	it("is the one of our environment, if any", () => {
		door.answer("environ", ["A=1", "NOTIFY_SOCKET=/run/manager"]);
		expect(managerSocket()).toBe("/run/manager");
		door.answer("environ", ["NOTIFY_SOCKET="]);
		expect(managerSocket()).toBeUndefined();
	});

	it("is told with a barrier by one who leaves", () => {
		const warn = vi.fn();
		door.answer("socket", 20);
		door.answer("socketpair", [21, 22]);
		tellManager(readiness, true, warn);
		expect(door.args("connect_unix")).toEqual([[20, "/run/manager"]]);
		expect(door.args("sendmsg")).toEqual([
			[20, "READY=1\n", []],
			[20, "MAINPID=7\n", []],
			[20, "BARRIER=1", [22]],
		]);
		expect(door.args("close")).toEqual([[22], [21], [20]]);
		expect(warn).not.toHaveBeenCalled();
	});

	it("may have an abstract name", () => {
		tellManager({ ...readiness, manager: "@name" }, false, vi.fn());
		expect(door.args("connect_unix")).toMatchObject([[expect.anything(), "\0name"]]);
	});

	it("that has gone is a warning", () => {
		const warn = vi.fn();
		door.fail("connect_unix", "ECONNREFUSED");
		tellManager(readiness, true, warn);
		expect(warn.mock.calls).toEqual([
			["could not tell /run/manager, the NOTIFY_SOCKET, that the container is ready: connect_unix: connection refused"],
		]);
	});
});

describe("the program's word", () => {
	it("may be any line of any message", () => {
		hear("STATUS=starting", "", "MAINPID=3\nREADY=1\n");
		expect(saysReady(5)).toBe(true);
	});

	it("is no other word", () => {
		hear("STATUS=READY=1", "XREADY=1");
		expect(saysReady(5)).toBe(false);
	});

	it("is awaited, and passed on, until the process has ended", () => {
		hear("READY=1");
		awaitReadiness(readiness, 6, vi.fn());
		expect(door.args("sendmsg").map(([, text]) => text)).toContain("READY=1\n");
	});

	it("that is not among a flood keeps nobody, and ends with the process", () => {
		door.answer("read", "STATUS=busy");
		door.answer("poll", (items) => items.map(() => POLLIN));
		expect(saysReady(5)).toBe(false);
		awaitReadiness(readiness, 6, vi.fn());
		expect(door.names).not.toContain("sendmsg");
	});

	it("that never comes is passed on to nobody", () => {
		hear("STATUS=failed");
		awaitReadiness(readiness, 6, vi.fn());
		expect(door.names).not.toContain("sendmsg");
	});
});

describe("the container", () => {
	const mount = {
		destination: "/run/notify/notify.sock",
		type: "bind",
		source: "/run/tsrun/c1/notify.sock",
		options: ["bind", "nosuid", "noexec", "nodev", "ro"],
	};

	it("gets the socket after its own mounts, and its program the name after its own environment", () => {
		const own = { destination: "/proc" };
		const config = { ociVersion: "1.3.0", root: { path: "r" }, mounts: [own], process: { cwd: "/", env: ["A=1"] } };
		expect(withNotifySocket(config, directory)).toEqual({
			...config,
			mounts: [own, mount],
			process: { cwd: "/", env: ["A=1", "NOTIFY_SOCKET=/run/notify/notify.sock"] },
		});
	});

	it("may be one without a program", () => {
		const config = { ociVersion: "1.3.0", root: { path: "r" } };
		expect(withNotifySocket(config, directory)).toEqual({ ...config, mounts: [mount] });
	});
});
