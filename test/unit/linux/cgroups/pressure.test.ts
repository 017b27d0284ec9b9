import { describe, expect, it } from "vitest";
import { readPressure } from "../../../../src/linux/cgroups/pressure.js";
import { nothing, readFrom } from "./read-from.js";

describe("readPressure", () => {
	it("reads both lines", () => {
		const text =
			"some avg10=0.97 avg60=0.30 avg300=0.19 total=52784096\nfull avg10=0.54 avg60=0.19 avg300=0.13 total=3\n";
		expect(readPressure(readFrom({ "io.pressure": text }), "io")).toEqual({
			some: { avg10: 0.97, avg60: 0.3, avg300: 0.19, total: 52784096 },
			full: { avg10: 0.54, avg60: 0.19, avg300: 0.13, total: 3 },
		});
	});

	it("has zeros for the full pressure of the CPU, which old kernels do not tell", () => {
		const text = "some avg10=1.00 avg60=0.00 avg300=0.00 total=5\n";
		expect(readPressure(readFrom({ "cpu.pressure": text }), "cpu")?.full).toEqual({
			avg10: 0,
			avg60: 0,
			avg300: 0,
			total: 0,
		});
	});

	it("is undefined where the kernel tells none", () => {
		expect(readPressure(nothing, "memory")).toBeUndefined();
	});
});
