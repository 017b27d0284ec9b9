import { expect, test } from "vitest";
import { capabilityNames } from "../../../src/spec/capability-names.js";
import * as constants from "../../../src/sys/constants.js";

test("a name's place in the list is its number in the kernel's headers", () => {
	const numbers: Readonly<Record<string, unknown>> = constants;
	for (const [index, name] of capabilityNames.entries())
		if (name in numbers) expect([name, numbers[name]]).toEqual([name, index]);
	expect(capabilityNames.indexOf("CAP_CHOWN")).toBe(constants.CAP_CHOWN);
	expect(capabilityNames.length - 1).toBe(constants.CAP_LAST_CAP);
});
