import { describe, expect, it } from "vitest";
import { unknownVerb } from "../../../src/cli/usage-error.js";

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
