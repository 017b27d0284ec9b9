/** Before all end-to-end tests, once: builds the probe and the helpers, and the root filesystem of the bundles. */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { makeBusyboxRootfs } from "../../scripts/bundles.mjs";
import { built, probe, pty, repository, rootfs, runtimeProgram, stopAt } from "./paths.js";

const sources = join(repository, "test/probe");

function isNewer(target: string, files: readonly string[]): boolean {
	return existsSync(target) && files.every((file) => statSync(target).mtimeMs > statSync(file).mtimeMs);
}

function compile(target: string, files: readonly string[], libraries: readonly string[] = []): void {
	const dependencies = readdirSync(sources).filter((name) => name.endsWith(".h"));
	if (isNewer(target, [...files, ...dependencies.map((name) => join(sources, name))])) return;
	const warnings = ["-Wall", "-Wextra", "-Wshadow", "-Wswitch-enum", "-Wformat=2", "-Werror"];
	try {
		execFileSync("gcc", ["-std=gnu11", "-static", "-O2", "-s", ...warnings, "-o", target, ...files, ...libraries], {
			stdio: "inherit",
		});
	} catch (cause) {
		throw new Error(`cannot build ${target}: is there a C compiler (apt-get install gcc libc6-dev)?`, { cause });
	}
}

export default function setup(): void {
	if (runtimeProgram.includes("/") && !existsSync(runtimeProgram)) {
		throw new Error(`${runtimeProgram} is not there: run "npm run build" first, or set RUNTIME`);
	}
	const parts = readdirSync(sources).filter((name) => name.endsWith(".c") && !["pty.c", "stop-at.c"].includes(name));
	mkdirSync(built, { recursive: true });
	compile(
		probe,
		parts.map((name) => join(sources, name)),
	);
	compile(pty, [join(sources, "pty.c")]);
	compile(stopAt, [join(sources, "stop-at.c")], ["-lseccomp"]);
	makeBusyboxRootfs(rootfs);
	copyFileSync(probe, join(rootfs, "probe"));
}
