import { describe, expect, it } from "vitest";
import { unknownVerb } from "../../../src/cli/usage-error.js";

describe("unknownVerb", () => {
	it("says of runc's verbs why they are not here", () => {
		for (const verb of ["checkpoint", "restore"]) {
			expect(unknownVerb(verb, ["create"])).toMatchObject({
				message: `${verb} is not supported: this version does not drive CRIU`,
				details: { exitCode: 1 },
			});
		}
	});

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
