import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import { parseSignal, signalName } from "../../../src/linux/signals.js";
import { TsrunError } from "../../../src/sys/errors.js";

function errorOf(text: string): TsrunError {
	try {
		parseSignal(text);
	} catch (error) {
		if (error instanceof TsrunError) return error;
	}
	throw new Error(`${text} was taken for a signal`);
}

describe("parseSignal", () => {
	it.each(["TERM", "SIGTERM", "term", "sigterm", "SigTerm", "15"])("takes %s", (text) => {
		expect(parseSignal(text)).toBe(15);
	});

	it.each(Object.entries(constants.signals).filter(([name]) => name !== "SIGUNUSED"))("knows %s", (name, number) => {
		expect(parseSignal(name)).toBe(number);
	});

	it.each([
		["RTMIN", 34],
		["SIGRTMIN+3", 37],
		["rtmin+1", 35],
		["RTMAX", 64],
		["SIGRTMAX-1", 63],
		["RTMIN+30", 64],
		["RTMAX-30", 34],
		["CLD", 17],
		["IOT", 6],
		["POLL", 29],
		["0", 0],
		["64", 64],
	])("takes %s for %i", (text, number) => {
		expect(parseSignal(text)).toBe(number);
	});

	it.each(["NOSUCH", "", "SIG", "65", "-9", "9.5", "SIG15", "RTMIN+31", "RTMAX-31", "RTMIN-1", "TERM ", "CONSTRUCTOR"])(
		"refuses %j",
		(text) => {
			const error = errorOf(text);
			expect(error.id).toBe("signal-unknown");
			expect(error.message).toBe(`unknown signal ${JSON.stringify(text)}`);
		},
	);

	it.each([
		["TREM", "TERM"],
		["SIGTEM", "TERM"],
		["kil", "KILL"],
		["USER1", "USR1"],
		["SIGHUB", "HUP"],
	])("guesses that %s was to be %s", (text, meant) => {
		expect(errorOf(text).details.hint).toBe(`did you mean ${meant}?`);
	});

	it.each(["NOSUCH", "X", "99"])("does not guess at %s", (text) => {
		expect(errorOf(text).details.hint).toMatch("use a name such as TERM");
	});
});

describe("signalName", () => {
	it.each([
		[9, "SIGKILL"],
		[6, "SIGABRT"],
		[17, "SIGCHLD"],
		[29, "SIGIO"],
		[34, "SIGRTMIN"],
		[37, "SIGRTMIN+3"],
		[64, "SIGRTMAX"],
		[32, "32"],
		[0, "0"],
		[200, "200"],
	])("of %i is %s", (number, name) => {
		expect(signalName(number)).toBe(name);
	});

	it("is understood by parseSignal, for every number", () => {
		for (let number = 0; number <= 64; number++) expect(parseSignal(signalName(number))).toBe(number);
	});
});
