import { describe, expect, it } from "vitest";
import { readGlobals } from "../../../src/cli/global-flags.js";

const read = (given: Record<string, string | boolean>) => readGlobals(new Map(Object.entries(given)));

describe("readGlobals", () => {
	it("has defaults", () => {
		expect(read({})).toEqual({
			debug: false,
			log: undefined,
			logFormat: "text",
			root: undefined,
			cgroupManager: "cgroupfs",
			rootless: undefined,
		});
	});

	it("takes --rootless as runc does", () => {
		const modes = ["true", "1", "false", "F", "auto", "AUTO", ""];
		expect(modes.map((rootless) => read({ rootless }).rootless)).toEqual([
			true,
			true,
			false,
			false,
			undefined,
			undefined,
			undefined,
		]);
		expect(() => read({ rootless: "maybe" })).toThrow('invalid value "maybe" for flag -rootless');
	});

	it("takes an empty --log for none", () => {
		expect(read({ log: "" }).log).toBeUndefined();
	});

	it("knows two log formats", () => {
		expect(read({ "log-format": "json" }).logFormat).toBe("json");
		expect(() => read({ "log-format": "yaml" })).toThrow("invalid log-format: yaml");
	});

	it("switches off what was switched off", () => {
		expect(read({ debug: false, "systemd-cgroup": false })).toMatchObject({ debug: false, cgroupManager: "cgroupfs" });
	});
});
