import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import { type Fate, fateOf, type Origin } from "../../../src/linux/signal-fate.js";

const { SIGTERM, SIGKILL, SIGSTOP, SIGCONT, SIGTSTP, SIGCHLD, SIGHUP } = constants.signals;
const bit = (signal: number) => 1n << BigInt(signal - 1);

interface Receiver {
	readonly pids?: readonly number[];
	readonly blocked?: bigint;
	readonly ignored?: bigint;
	readonly caught?: bigint;
	readonly awaited?: bigint;
}

function fate(receiver: Receiver, signal: number, from: Origin, depth = 2): Fate {
	return fateOf(
		{ pids: [500, 7], pending: 0n, blocked: 0n, ignored: 0n, caught: 0n, awaited: 0n, ...receiver },
		signal,
		from,
		depth,
	);
}

const init = { pids: [500, 1] };

describe("the init of a pid namespace", () => {
	it.each<[number, Origin, Fate]>([
		[SIGTERM, "host", "dropped"],
		[SIGTERM, "inside", "dropped"],
		[SIGTSTP, "host", "dropped"],
		[SIGKILL, "host", "ends"],
		[SIGKILL, "inside", "dropped"],
		[SIGSTOP, "host", "stops"],
		[SIGSTOP, "inside", "dropped"],
		[SIGCONT, "inside", "continues"],
		[SIGCHLD, "inside", "nothing"],
	])("with the default action: signal %i from %s: %s", (signal, from, expected) => {
		expect(fate(init, signal, from)).toBe(expected);
	});

	it("gets what it has a handler for, from everywhere", () => {
		expect(fate({ ...init, caught: bit(SIGTERM) }, SIGTERM, "host")).toBe("handler");
		expect(fate({ ...init, caught: bit(SIGTERM) }, SIGTERM, "inside")).toBe("handler");
	});

	it("gets what it waits for, and keeps what it blocks", () => {
		expect(fate({ ...init, awaited: bit(SIGTERM) }, SIGTERM, "host")).toBe("awaited");
		expect(fate({ ...init, blocked: bit(SIGTERM) }, SIGTERM, "host")).toBe("held");
	});

	it("of a namespace within the container's can be killed by the container's other processes", () => {
		const nested = { pids: [500, 7, 1] };
		expect(fate(nested, SIGKILL, "inside")).toBe("ends");
		expect(fate(nested, SIGSTOP, "inside")).toBe("stops");
		expect(fate(nested, SIGTERM, "inside")).toBe("dropped");
	});
});

describe("any other process", () => {
	it.each<[Receiver, number, Fate]>([
		[{}, SIGTERM, "ends"],
		[{}, SIGKILL, "ends"],
		[{}, SIGSTOP, "stops"],
		[{}, SIGTSTP, "stops"],
		[{ caught: bit(SIGTERM) }, SIGTERM, "handler"],
		[{ ignored: bit(SIGHUP) }, SIGHUP, "ignored"],
		[{ ignored: bit(SIGCONT) }, SIGCONT, "continues"],
		[{ blocked: bit(SIGTERM) }, SIGTERM, "held"],
		[{ blocked: bit(SIGTERM), ignored: bit(SIGTERM) }, SIGTERM, "held"],
		[{ blocked: bit(SIGKILL), ignored: bit(SIGSTOP) }, SIGKILL, "ends"],
		[{ pids: [500] }, SIGTERM, "ends"],
	])("%o: signal %i %s", (receiver, signal, expected) => {
		expect(fate(receiver, signal, "host")).toBe(expected);
		expect(fate(receiver, signal, "inside")).toBe(expected);
	});
});
