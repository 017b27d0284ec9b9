/** Calls of the runtime beside each other. Output goes to files: a created container keeps its caller's open. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runtimeProgram } from "./paths.js";
import type { Runtime } from "./runtime.js";
import { within } from "./wait.js";
import type { Result } from "./watched.js";

/** Runs the runtime without waiting for it, and fails when it does not end in `deadline` milliseconds. */
export async function callAside(
	runtime: Runtime,
	folder: string,
	args: readonly string[],
	deadline = 20_000,
): Promise<Result> {
	const directory = mkdtempSync(join(folder, "aside-"));
	const files = { stdout: join(directory, "stdout"), stderr: join(directory, "stderr") };
	const fds = [openSync(files.stdout, "a"), openSync(files.stderr, "a")] as const;
	const child = spawn(runtimeProgram, ["--root", runtime.root, ...args], {
		env: { PATH: process.env.PATH, TSRUN_E2E: folder },
		stdio: ["ignore", ...fds],
	});
	for (const fd of fds) closeSync(fd);
	const [status, signal] = (await within(once(child, "exit"), { what: `${args.join(" ")} to end`, deadline }, () => {
		child.kill("SIGKILL");
		return "";
	})) as [number | null, NodeJS.Signals | null];
	return { status, signal, stdout: readFileSync(files.stdout, "utf8"), stderr: readFileSync(files.stderr, "utf8") };
}
