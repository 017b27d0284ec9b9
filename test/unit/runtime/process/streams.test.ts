import { describe, expect, it } from "vitest";
import { checkPreservedFds, checkTerminal, closeAllBut } from "../../../../src/runtime/process/streams.js";
import { door } from "../../../support/door.js";

describe("checkTerminal", () => {
	it.each([
		[false, undefined, false],
		[false, undefined, true],
		[true, undefined, false],
		[true, "/socket", true],
	] as const)("takes terminal %s, socket %s, detached %s", (terminal, socket, detached) => {
		expect(() => checkTerminal(terminal, socket, detached)).not.toThrow();
	});

	it("wants a socket for a terminal that nobody stays to serve", () => {
		expect(() => checkTerminal(true, undefined, true)).toThrow(
			"cannot allocate tty if tsrun will detach without setting console socket",
		);
	});

	it.each([
		[false, true],
		[true, false],
		[false, false],
	] as const)("refuses a socket with terminal %s, detached %s", (terminal, detached) => {
		expect(() => checkTerminal(terminal, "/socket", detached)).toThrow(
			"cannot use console socket if tsrun will not detach or allocate tty",
		);
	});
});

describe("checkPreservedFds", () => {
	it("looks at the descriptors after stderr, as many as are preserved", () => {
		checkPreservedFds(3);
		expect(door.args("fcntl").map(([fd]) => fd)).toEqual([3, 4, 5]);
	});

	it("names the first that is not there", () => {
		door.fail("fcntl", "EBADF", (fd) => fd > 3);
		expect(() => checkPreservedFds(3)).toThrow("please check that preserved-fd 4 (of 3) is present");
	});

	it("asks for nothing when none is preserved", () => {
		checkPreservedFds(0);
		expect(door.names).toEqual([]);
	});
});

describe("closeAllBut", () => {
	it.each([
		[0, [], [[3, -1, 0]]],
		[2, [], [[5, -1, 0]]],
		[0, [3], [[4, -1, 0]]],
		[
			0,
			[7],
			[
				[3, 6, 0],
				[8, -1, 0],
			],
		],
		[
			0,
			[9, 5, 4],
			[
				[3, 3, 0],
				[6, 8, 0],
				[10, -1, 0],
			],
		],
		[
			4,
			[5, 9],
			[
				[7, 8, 0],
				[10, -1, 0],
			],
		],
	])("keeps %i after stderr and %j", (preserved, kept, calls) => {
		closeAllBut(preserved, kept);
		expect(door.args("close_range")).toEqual(calls);
	});
});
