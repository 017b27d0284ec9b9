/** The tests on Node against a recording door, `unit`, and those that drive dist/tsrun as root, a project for each folder. */
import { delimiter } from "node:path";
import { defineConfig } from "vitest/config";
import { criuFolder } from "./test/support/paths.js";

const PATH = [criuFolder, process.env.PATH].join(delimiter);

/**
 * A project whose tests make containers: `test/NAME`. The gate shares its machine with others, whose load can starve any
 * deadline: a test that fails there is tried once more, and named at the end (scripts/second-tries.mjs). Not an attack: that
 * must not succeed even once.
 */
const containers = (name: string, setup = "test/support/setup.ts") => ({
	test: {
		name,
		retry: process.env.CI === "true" && name !== "security" ? 1 : 0,
		include: [`test/${name}/**/*.test.ts`],
		globalSetup: [setup],
		env: { PATH },
		testTimeout: 30_000,
		hookTimeout: 30_000,
	},
});

export default defineConfig({
	test: {
		projects: [
			{ test: { name: "unit", include: ["test/unit/**/*.test.ts"], setupFiles: ["test/support/door.ts"] } },
			{ test: { name: "fuzz", include: ["test/fuzz/**/*.test.ts"], setupFiles: ["test/support/door.ts"] } },
			containers("e2e"),
			containers("conformance"),
			containers("security"),
			containers("engines", "test/engines/support/setup.ts"),
		],
	},
});
