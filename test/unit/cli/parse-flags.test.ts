import { describe, expect, it } from "vitest";
import { parseWholeNumber } from "../../../src/cli/arguments.js";
import { parseFlags } from "../../../src/cli/parse-flags.js";
import type { Flag } from "../../../src/cli/verb.js";

const pidFile: Flag = { name: "pid-file", value: "file", help: "" };
const env: Flag = { name: "env", short: "e", value: "name=value", repeats: true, help: "" };
const gid: Flag = { name: "additional-gids", value: "gid", repeats: true, parse: parseWholeNumber, help: "" };
const fds: Flag = { name: "preserve-fds", value: "N", parse: parseWholeNumber, help: "" };
const force: Flag = { name: "force", help: "" };
const noPivot: Flag = { name: "no-pivot", help: "" };

describe("parseFlags", () => {
	it("gives only what was given", () => {
		expect(parseFlags([{ flag: pidFile, value: "/p" }])).toEqual({ pidFile: "/p" });
	});

	it("collects what may be repeated, and keeps the last of the rest", () => {
		const given = [
			{ flag: env, value: "A=1" },
			{ flag: pidFile, value: "/p" },
			{ flag: env, value: "B=--x" },
			{ flag: pidFile, value: "/q" },
		];
		expect(parseFlags(given)).toEqual({ env: ["A=1", "B=--x"], pidFile: "/q" });
	});

	it("takes values that look like flags", () => {
		expect(parseFlags([{ flag: env, value: "--" }])).toEqual({ env: ["--"] });
		expect(parseFlags([{ flag: pidFile, value: "-x=1" }])).toEqual({ pidFile: "-x=1" });
	});

	it("turns text into what the flag means", () => {
		expect(parseFlags([{ flag: fds, value: "3" }])).toEqual({ preserveFds: 3 });
		expect(parseFlags([1, 2].map((value) => ({ flag: gid, value: String(value) })))).toEqual({
			additionalGids: [1, 2],
		});
	});

	it("passes the flag's own error on", () => {
		expect(() => parseFlags([{ flag: fds, value: "x" }])).toThrow(expect.objectContaining({ id: "usage" }));
	});

	it("tells a switch that is off from one that was not given", () => {
		expect(parseFlags([{ flag: force, value: true }])).toEqual({ force: true });
		expect(parseFlags([{ flag: force, value: false }])).toEqual({ force: false });
	});

	it("reads --no-x as x switched off", () => {
		expect(parseFlags([{ flag: noPivot, value: true }])).toEqual({ pivot: false });
		expect(parseFlags([{ flag: noPivot, value: false }])).toEqual({ pivot: true });
	});

	it("lets the last of two switches count", () => {
		const given = [true, false, true].map((value) => ({ flag: force, value }));
		expect(parseFlags(given)).toEqual({ force: true });
	});
});
