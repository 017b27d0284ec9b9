import { describe, expect, it } from "vitest";
import { parseBoolean, parseWholeNumber, scanArguments } from "../../../src/cli/arguments.js";
import type { Flag } from "../../../src/cli/verb.js";

const flags: readonly Flag[] = [
	{ name: "bundle", short: "b", value: "dir", help: "" },
	{ name: "detach", short: "d", help: "" },
	{ name: "no-subreaper", help: "" },
	{ name: "trace", value: "file", valueOptional: true, help: "" },
	{ name: "criu", value: "path", hidden: true, help: "" },
];

/** What was given as `name=value`, and the operands. */
function scan(line: string, flagsEndAtOperand = false) {
	const given: string[] = [];
	const words = line.split(" ").filter((word) => word !== "");
	const operands = scanArguments(words, flags, flagsEndAtOperand, ({ flag, value }) => {
		given.push(`${flag.name}=${value}`);
	});
	return { given, operands };
}

describe("scanArguments", () => {
	it("takes a flag's value from the next word or after an equals sign, with one dash or two", () => {
		for (const form of ["--bundle /x", "--bundle=/x", "-bundle /x", "-bundle=/x", "-b /x", "-b=/x", "--b /x"]) {
			expect(scan(`${form} id`)).toEqual({ given: ["bundle=/x"], operands: ["id"] });
		}
	});

	it("takes the next word as a value whatever it looks like", () => {
		expect(scan("-b -- id").given).toEqual(["bundle=--"]);
		expect(scan("-b -1 id").given).toEqual(["bundle=-1"]);
		expect(scan("-b - id").given).toEqual(["bundle=-"]);
	});

	it("keeps equals signs and emptiness of a value", () => {
		expect(scan("--bundle=a=b").given).toEqual(["bundle=a=b"]);
		expect(scan("--bundle=").given).toEqual(["bundle="]);
	});

	it("switches on, and on or off with a value", () => {
		expect(scan("-d --detach=true -detach=0 --no-subreaper=F").given).toEqual([
			"detach=true",
			"detach=true",
			"detach=false",
			"no-subreaper=false",
		]);
	});

	it("does not take the next word for an optional value", () => {
		expect(scan("--trace id")).toEqual({ given: ["trace=true"], operands: ["id"] });
		expect(scan("--trace=f id").given).toEqual(["trace=f"]);
	});

	it("accepts flags after operands", () => {
		expect(scan("id -d TERM -b x")).toEqual({ given: ["detach=true", "bundle=x"], operands: ["id", "TERM"] });
	});

	it("leaves everything from the first operand on alone where that belongs to a program", () => {
		expect(scan("-d id -d -- --bundle", true)).toEqual({
			given: ["detach=true"],
			operands: ["id", "-d", "--", "--bundle"],
		});
	});

	it("ends flags at --, and takes a lone dash for an operand", () => {
		expect(scan("- -- -d --")).toEqual({ given: [], operands: ["-", "-d", "--"] });
		expect(scan("-- id -d", true)).toEqual({ given: [], operands: ["id", "-d"] });
	});

	it("refuses in the words of Go's flag package", () => {
		expect(() => scan("--frob")).toThrow("flag provided but not defined: -frob");
		expect(() => scan("-frob=1")).toThrow("flag provided but not defined: -frob");
		expect(() => scan("id --bundle")).toThrow("flag needs an argument: -bundle");
		expect(() => scan("-b")).toThrow("flag needs an argument: -b");
		expect(() => scan("--detach=maybe")).toThrow('invalid boolean value "maybe" for -detach: parse error');
		expect(() => scan("---detach")).toThrow("bad flag syntax: ---detach");
		expect(() => scan("--=x")).toThrow("bad flag syntax: --=x");
	});

	it("suggests the nearest flag, but no hidden one", () => {
		expect(() => scan("--bundel x")).toThrow(
			expect.objectContaining({ details: { object: "-bundel", hint: 'did you mean "--bundle"?' } }),
		);
		expect(() => scan("--cruu x")).toThrow(expect.objectContaining({ details: { object: "-cruu" } }));
	});

	it("prefers the first of two flags with one name", () => {
		const own: Flag = { name: "rootless", help: "" };
		const global: Flag = { name: "rootless", value: "mode", help: "" };
		const given: unknown[] = [];
		expect(scanArguments(["--rootless", "id"], [own, global], false, (each) => given.push(each))).toEqual(["id"]);
		expect(given).toEqual([{ flag: own, value: true }]);
	});
});

describe("parseBoolean", () => {
	it("knows the spellings of Go and no others", () => {
		expect(["1", "t", "T", "true", "TRUE", "True"].map(parseBoolean)).toEqual(Array(6).fill(true));
		expect(["0", "f", "F", "false", "FALSE", "False"].map(parseBoolean)).toEqual(Array(6).fill(false));
		expect(["yes", "", "tRUE", "2", "truetrue"].map(parseBoolean)).toEqual(Array(5).fill(undefined));
	});
});

describe("parseWholeNumber", () => {
	it("takes 32 bits", () => {
		expect([parseWholeNumber("0", "g"), parseWholeNumber("4294967295", "g")]).toEqual([0, 4294967295]);
	});

	it("names flag and value that are wrong", () => {
		for (const bad of ["4294967296", "-1", "1.5", "0x10", "", " 1"]) {
			expect(() => parseWholeNumber(bad, "preserve-fds")).toThrow(
				`invalid value ${JSON.stringify(bad)} for flag -preserve-fds: parse error`,
			);
		}
	});
});
