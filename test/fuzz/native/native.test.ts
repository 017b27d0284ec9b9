/**
 * The C of the binary under libFuzzer, with AddressSanitizer and UndefinedBehaviorSanitizer looking on: whatever it is given,
 * it stays in its own memory. Each program has its C file here; what it has found lies in `found/` and is tried each time.
 * `npm run fuzz` makes a hundred times as many inputs, others each time.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { makeBuild } from "../../support/builds.js";
import { repository } from "../../support/paths.js";
import { isMet, needs } from "../../support/skip.js";
import { factor, firstSeed } from "../fuzz.js";

const here = join(repository, "test/fuzz/native");
const native = join(repository, "native");
const built = join(repository, "build/fuzz/native");
const debugBuild = join(repository, "build/debug");

interface Target {
	/** What it is made of beside its own file here. */
	readonly sources: readonly string[];
	readonly flags: readonly string[];
	/** Inputs in the short form. */
	readonly runs: number;
}

const inFolder = (folder: string, wanted: RegExp) =>
	readdirSync(folder)
		.filter((name) => wanted.test(name))
		.map((name) => join(folder, name));

const include = (header: string) => ["-include", join(here, header)];

const doorSources = () => inFolder(native, /^(?:sys_.*|door|errors)\.c$/);
/** The engine is somebody else's code: as it is, but with its memory from the fuzzer. */
const engine = () => [...inFolder(join(debugBuild, "quickjs"), /\.o$/), join(debugBuild, "engine/substitutes.o")];

const targets: Readonly<Record<string, () => Target>> = {
	door: () => ({
		sources: [...doorSources(), join(here, "kernel.c"), ...engine(), "-lseccomp", "-lm"],
		flags: include("kernel.h"),
		runs: 4000,
	}),
	heap: () => ({ sources: [join(native, "heap.c")], flags: include("heap-memory.h"), runs: 20_000 }),
	payload: () => ({ sources: [join(native, "payload.c")], flags: include("payload-file.h"), runs: 200_000 }),
	init: () => ({
		sources: ["plan.c", "start.c", "text.c"].map((name) => join(native, "init", name)),
		flags: ["-DKERNEL_STANDS_IN"],
		runs: 200_000,
	}),
};

const sanitizers = ["-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"];

/** Warnings are for `npm run check`, and the build. */
const plainFlags = ["-std=gnu11", "-w", "-D_GNU_SOURCE", "-isystem", join(repository, "build/quickjs")];

function build(name: string, { sources, flags }: Target): string {
	const program = join(built, name);
	const words = [
		...plainFlags,
		"-O1",
		"-g",
		...sanitizers,
		...flags,
		join(here, `${name}.c`),
		...sources,
		"-o",
		program,
	];
	execFileSync("clang", words, { stdio: ["ignore", "ignore", "inherit"] });
	return program;
}

/** libFuzzer's report when it has found something, else "". */
function fuzz(program: string, ...words: string[]): string {
	const { status, stderr, error } = spawnSync(program, words, { encoding: "utf8", maxBuffer: 1 << 28 });
	if (error) throw error;
	return status === 0 ? "" : stderr.split("\n").slice(-60).join("\n");
}

beforeAll(() => {
	mkdirSync(built, { recursive: true });
	if (isMet("clang")) makeBuild("debug");
}, 300_000);

describe.each(Object.entries(targets))("native code: %s", (name, target) => {
	const found = join(here, "found", name);

	test("stays in its memory, and gives it back", { timeout: factor * 300_000 }, ({ skip }) => {
		needs(skip, "clang");
		const { runs, ...parts } = target();
		const program = build(name, { runs, ...parts });
		for (const file of inFolder(found, /./)) expect(fuzz(program, file), `the input ${file}`).toBe("");
		const inputs = mkdtempSync(join(built, "inputs-"));
		const words = [`-runs=${runs * factor}`, `-seed=${firstSeed}`, "-max_len=512", "-timeout=60"];
		expect(fuzz(program, ...words, `-artifact_prefix=${built}/${name}-`, inputs, found)).toBe("");
		rmSync(inputs, { recursive: true });
	});
});

test("no call of the door reaches the kernel under the fuzzer", { timeout: 120_000 }, ({ skip }) => {
	needs(skip, "clang");
	/** Of libc, what asks the kernel nothing but who we are and what time it is; all else would have to be in kernel.h. */
	const harmless = /^(?:clock_gettime|get(?:e?[ug]id|p?pid)|mem\w+|snprintf|str\w+|environ)$/;
	const ours =
		/^(?:JS_|js_|__|kernel_|seccomp_|door_|get_|field_|new_|error_|throw_|return_|payload_find|complete$|\w+_free$)/;
	const objects = mkdtempSync(join(built, "objects-"));
	execFileSync("clang", ["-c", "-O1", ...plainFlags, ...include("kernel.h"), ...doorSources()], { cwd: objects });
	const names = ["--undefined-only", "--format=just-symbols"];
	const listed = execFileSync("nm", [...names, ...inFolder(objects, /\.o$/)], { encoding: "utf8" });
	rmSync(objects, { recursive: true });
	const imports = listed.split("\n").filter((line) => line !== "" && !line.endsWith(".o:"));
	expect(imports.filter((name) => !harmless.test(name) && !ours.test(name))).toEqual([]);
	// names of the kind that is looked for are found
	expect(imports).toContain("clock_gettime");
});

test("the fuzzer's kernel answers each call that the door makes by number", () => {
	const made = doorSources().flatMap((file) => readFileSync(file, "utf8").match(/\bSYS_\w+/g) ?? []);
	const answered = new Set(readFileSync(join(here, "kernel.c"), "utf8").match(/\bSYS_\w+/g));
	expect(made.filter((name) => !answered.has(name))).toEqual([]);
	expect(made).toContain("SYS_clone3");
});
