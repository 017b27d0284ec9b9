/**
 * `test` for end-to-end tests: each test has a folder, the runtime with its state in it, bundles and ids, and fails when
 * it leaves a process, mount, cgroup, container or file behind.
 *
 * ```ts
 * test("run returns the program's status", ({ runtime, makeBundle, newId }) => {
 *   const bundle = makeBundle({ args: ["/probe", "exit", "7"] });
 *   expect(runtime("run", "--bundle", bundle, newId()).status).toBe(7);
 * });
 * ```
 */
import { basename } from "node:path";
import { test as base } from "vitest";
import { type BundleOptions, makeBundleIn } from "./bundle.js";
import { makeFolder } from "./folder.js";
import { expectNoLeaks, removeFolder, removeLeaks } from "./leaks.js";
import { runtimeIn } from "./runtime.js";

export const test = base
	.extend("folder", { auto: true }, async ({ task }, { onCleanup }) => {
		const folder = makeFolder();
		onCleanup(async () => {
			// A test that failed half-way could not tidy up: its own error says more than the rest that it left.
			const lenient = task.result?.state === "fail" || process.env.LEAKS === "removed";
			await (lenient ? removeLeaks(folder) : expectNoLeaks(folder)).finally(() => removeFolder(folder));
		});
		return folder;
	})
	.extend("runtime", ({ folder }) => runtimeIn(folder))
	.extend(
		"makeBundle",
		({ folder }) =>
			(options?: BundleOptions) =>
				makeBundleIn(folder, options),
	)
	.extend("newId", ({ folder }) => {
		const given: string[] = [];
		return () => {
			const id = `${basename(folder)}-${given.length + 1}`;
			given.push(id);
			return id;
		};
	});
