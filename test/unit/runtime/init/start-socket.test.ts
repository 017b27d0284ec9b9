import { describe, expect, it } from "vitest";
import { awaitStart, requestStart } from "../../../../src/runtime/init/start-socket.js";
import { door } from "../../../support/door.js";
import { ProcessEnded } from "../../../support/door-answers.js";
import { sysError } from "../../../support/errno.js";

const listener = 5;
const creator = 6;
const directory = { id: "c1", path: "/run/tsrun/c1", fd: 7 };
const hear = (...messages: readonly string[]) => {
	const left = [...messages];
	door.answer("recvmsg", () => ({ data: left.shift() ?? "", fds: [] }));
};
const start = '{"type":"start"}';

describe("awaitStart", () => {
	it("accepts the first that asks, tells it so, and gives it the socket for readiness", () => {
		hear(start);
		door.answer("accept4", 20);
		expect(awaitStart(listener, creator, 8)).toBe(20);
		expect(door.args("sendmsg")).toEqual([[20, '{"type":"accepted"}', [8]]]);
		expect(door.args("close")).toEqual([[creator]]);
	});

	it("passes over those that say nothing, hang or have gone", () => {
		const connections = [20, 21, 22, 23];
		door.answer("accept4", () => connections.shift() ?? -1);
		let asked = 0;
		door.answer("recvmsg", () => ({ data: asked++ === 0 ? "" : start, fds: [] }));
		door.answer("poll", (items) => items.map(({ fd, events }) => (fd === 21 ? 0 : events)));
		let now = 0n;
		door.answer("clock_gettime", () => {
			now += 61_000_000_000n;
			return now;
		});
		door.answer("sendmsg", (fd) => {
			if (fd === 22) throw sysError("sendmsg", "EPIPE", []);
			return 1;
		});
		expect(awaitStart(listener, creator, null)).toBe(23);
		expect(door.args("close").map(([fd]) => fd)).toEqual([creator, 20, 21, 22]);
	});

	it("waits for the creator itself where nobody else can start", () => {
		hear(start);
		expect(awaitStart(null, creator, null)).toBe(creator);
	});

	it("ends with a creator that ends without a word", () => {
		expect(() => awaitStart(null, creator, null)).toThrow(ProcessEnded);
	});
});

describe("requestStart", () => {
	it("gives the connection that init has accepted", () => {
		door.answer("socket", 30);
		hear('{"type":"accepted"}');
		expect(requestStart(directory)).toEqual({ socket: 30, notify: null });
		expect(door.args("connect_unix")).toEqual([[30, "/proc/self/fd/7/start.sock"]]);
	});

	it("gives nothing when init has gone on, or away", () => {
		door.answer("socket", 30);
		expect(requestStart(directory)).toBeNull();
		for (const code of ["ENOENT", "ECONNREFUSED"] as const) {
			door.fail("connect_unix", code);
			expect(requestStart(directory)).toBeNull();
		}
		expect(door.args("close")).toEqual([[30], [30], [30]]);
	});

	it("throws on what it does not expect", () => {
		door.fail("connect_unix", "EACCES");
		expect(() => requestStart(directory)).toThrow("Permission denied");
	});
});
