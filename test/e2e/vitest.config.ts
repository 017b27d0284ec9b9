/** End-to-end tests: root, a real kernel, and the runtime that RUNTIME names (default dist/tsrun). */
import { defineConfig } from "vitest/config";

export default defineConfig({
	test: {
		name: "e2e",
		root: import.meta.dirname,
		globalSetup: ["../support/setup.ts"],
		testTimeout: 30_000,
		hookTimeout: 30_000,
	},
});
