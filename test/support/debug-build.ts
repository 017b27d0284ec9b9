/** dist/tsrun-debug, with AddressSanitizer and UndefinedBehaviorSanitizer, for the tests that have them look on. */
import { execFileSync } from "node:child_process";
import { repository } from "./paths.js";

/** Makes it, or what of it is out of date. */
export function makeDebugBuild(): void {
	execFileSync(process.execPath, ["scripts/build.mjs", "--debug"], {
		cwd: repository,
		stdio: ["ignore", "ignore", "inherit"],
	});
}
