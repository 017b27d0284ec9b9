import { describe, expect, it } from "vitest";
import { listenFds, withSockets } from "../../../../src/runtime/process/listen-fds.js";
import { door } from "../../../support/door.js";

function count(environment: string[]): number {
	door.answer("getpid", 77);
	door.answer("environ", environment);
	return listenFds();
}

describe("sockets of a service manager", () => {
	it("are as many as it says", () => {
		expect(count(["A=1", "LISTEN_PID=77", "LISTEN_FDS=3"])).toBe(3);
	});

	it("are none when they are meant for another process, or for nobody", () => {
		expect(count(["LISTEN_PID=78", "LISTEN_FDS=3"])).toBe(0);
		expect(count(["LISTEN_FDS=3"])).toBe(0);
		expect(count([])).toBe(0);
	});

	it("are none when their number is no number", () => {
		for (const number of ["", "-1", "x", "1e3"]) expect(count(["LISTEN_PID=77", `LISTEN_FDS=${number}`])).toBe(0);
	});
});

describe("the program", () => {
	const process = { cwd: "/", env: ["A=1"] };

	it("is told of them, with its own pid", () => {
		door.answer("getpid", 1);
		expect(withSockets(process, 2)).toEqual({ cwd: "/", env: ["A=1", "LISTEN_FDS=2", "LISTEN_PID=1"] });
	});

	it("is left alone when there are none", () => {
		expect(withSockets(process, 0)).toBe(process);
	});
});
