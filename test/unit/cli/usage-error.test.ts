import { describe, expect, it } from "vitest";
import { nearest, unknownVerb } from "../../../src/cli/usage-error.js";

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

describe("unknownVerb", () => {
	it("has runc's words and exit status 3", () => {
		expect(unknownVerb("frob", ["create"])).toMatchObject({
			message: "No help topic for 'frob'",
			details: { exitCode: 3 },
		});
	});

	it("suggests a verb", () => {
		expect(unknownVerb("creat", ["create"]).details.hint).toBe('did you mean "create"?');
	});
});
