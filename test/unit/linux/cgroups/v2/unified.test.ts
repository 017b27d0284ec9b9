import { describe, expect, it } from "vitest";
import { unifiedControllers, unifiedWrites, writeUnified } from "../../../../../src/linux/cgroups/v2/unified.js";
import { fakeCgroupfs } from "../fake-cgroupfs.js";

describe("unifiedWrites", () => {
	it("writes values as they are, lines one by one", () => {
		expect(unifiedWrites({ "memory.high": "1000", "io.max": "8:0 rbps=1\n8:16 rbps=2\n" })).toEqual([
			{ file: "memory.high", value: "1000" },
			{ file: "io.max", value: "8:0 rbps=1" },
			{ file: "io.max", value: "8:16 rbps=2" },
		]);
	});

	it("takes file names only", () => {
		const invalid = (message: string) => expect.objectContaining({ id: "config-invalid", message });
		expect(() => unifiedWrites({ "../memory.max": "1" })).toThrow(
			invalid('unified resource "../memory.max" must be a file name (no slashes)'),
		);
		for (const key of ["memory", ".", "..", ""]) {
			expect(() => unifiedWrites({ [key]: "1" })).toThrow(
				invalid(`unified resource "${key}" must be in the form CONTROLLER.PARAMETER`),
			);
		}
	});
});

it("unifiedControllers names each controller once, without the core", () => {
	expect(unifiedControllers({ "memory.high": "1", "memory.max": "1", "cgroup.freeze": "0", "io.max": "" })).toEqual([
		"memory",
		"io",
	]);
});

describe("writeUnified", () => {
	const machine = () => {
		const cgroups = fakeCgroupfs({ "/u": { version: 2, controllers: ["memory"] } });
		cgroups.make("/u/x");
		return cgroups;
	};

	it("writes files that it knows nothing of", () => {
		const cgroups = machine();
		cgroups.set("/u/x/memory.newthing", "");
		writeUnified("/u/x", { "memory.newthing": "7" });
		expect(cgroups.content("/u/x/memory.newthing")).toBe("7");
	});

	it("names the controller that is not there, and why", () => {
		machine();
		expect(() => writeUnified("/u/x", { "misc.max": "1" })).toThrow(
			expect.objectContaining({
				id: "cgroup-failed",
				message: 'invalid configuration: unified resource "misc.max" can\'t be set: controller "misc" not available',
				details: expect.objectContaining({ hint: "the kernel does not offer the controller misc to cgroup v2 here" }),
			}),
		);
	});

	it("names a file that its controller does not have", () => {
		const cgroups = machine();
		cgroups.set("/u/x/cgroup.controllers", "memory");
		expect(() => writeUnified("/u/x", { "memory.nothing": "1" })).toThrow(
			'unable to set unified resource "memory.nothing": write "1" to /u/x/memory.nothing: no such file or directory',
		);
	});
});
