/** dist/tsrun-debug, with AddressSanitizer and UndefinedBehaviorSanitizer, for the tests that have them look on. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { repository } from "./paths.js";

/** Makes it, or what of it is out of date. */
export function makeDebugBuild(): void {
	execFileSync(process.execPath, ["scripts/build.mjs", "--debug"], {
		cwd: repository,
		stdio: ["ignore", "ignore", "inherit"],
	});
}

/** What runs it in the place of the runtime that is called. */
export const throughDebugBuild = ["sh", "-c", 'shift; exec "$0" "$@"', join(repository, "dist/tsrun-debug")];
