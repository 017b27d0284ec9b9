/** Two kinds of tests: `unit` runs the real code on Node against a recording door; `e2e` drives dist/tsrun as root. */
import { defineConfig } from "vitest/config";

export default defineConfig({
	test: {
		projects: [
			{ test: { name: "unit", include: ["test/unit/**/*.test.ts"], setupFiles: ["test/support/door.ts"] } },
			{
				test: {
					name: "e2e",
					include: ["test/e2e/**/*.test.ts"],
					globalSetup: ["test/support/setup.ts"],
					testTimeout: 30_000,
					hookTimeout: 30_000,
				},
			},
		],
	},
});
