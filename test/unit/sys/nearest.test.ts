import { describe, expect, it } from "vitest";
import { nearest } from "../../../src/sys/nearest.js";

describe("nearest", () => {
	it("finds the name behind a slip of the finger", () => {
		const names = ["create", "delete", "start", "state", "ps", "exec"];
		expect(nearest("crate", names)).toBe("create");
		expect(nearest("strat", names)).toBe("start");
		expect(nearest("statee", names)).toBe("state");
		expect(nearest("sp", names)).toBe("ps");
	});

	it("stays silent where the guess would be wild", () => {
		expect(nearest("frobnicate", ["create", "delete"])).toBeUndefined();
		expect(nearest("x", ["exec"])).toBeUndefined();
		expect(nearest("anything", [])).toBeUndefined();
	});
});
