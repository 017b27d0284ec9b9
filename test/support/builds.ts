/** The binaries that look at themselves, for tests that have them take the runtime's place. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { repository } from "./paths.js";

/** `debug` has AddressSanitizer and UndefinedBehaviorSanitizer, `valgrind` is for that program. */
type Build = "debug" | "valgrind";

/** Makes dist/tsrun-BUILD, or what of it is out of date. */
export function makeBuild(build: Build): void {
	execFileSync(process.execPath, ["scripts/build.mjs", `--${build}`], {
		cwd: repository,
		stdio: ["ignore", "ignore", "inherit"],
	});
}

/** For `through` of a call: it becomes that binary in the place of the runtime, `under` another program where one is named. */
export function throughBuild(build: Build, ...under: readonly string[]): readonly string[] {
	const words = under.map((word) => `'${word}'`).join(" ");
	// the runtime is the next word, and dropped
	return ["sh", "-c", `shift; exec ${words} "$0" "$@"`, join(repository, `dist/tsrun-${build}`)];
}
