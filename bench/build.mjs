/** Builds the benchmark's C programs, when they are older than their sources. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const warnings = ["-Wall", "-Wextra", "-Wshadow", "-Wswitch-enum", "-Wformat=2", "-Werror"];

function compile(out, name, libraries = []) {
	const target = join(out, name);
	const source = join(here, `${name}.c`);
	if (!existsSync(target) || statSync(target).mtimeMs < statSync(source).mtimeMs) gcc(target, source, libraries);
	return target;
}

function gcc(target, source, more) {
	const args = ["-std=gnu11", "-static", "-O2", "-s", ...warnings, "-o", target, source, ...more];
	execFileSync("gcc", args, { stdio: "inherit" });
}

/** meter.c for one program. */
export function buildMeter(target, program, log) {
	const paths = `${target}.c`;
	const define = (name, text) => `extern const char ${name}[];\nconst char ${name}[] = ${JSON.stringify(text)};\n`;
	writeFileSync(paths, define("metered_program", program) + define("metered_log", log));
	gcc(target, join(here, "meter.c"), [paths]);
	return target;
}

const comparisons = ["", "NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"].map((name) => `SCMP_CMP_${name}`);

/** The profile as lines for seccomp-bpf.c. */
function rules({ defaultErrnoRet, syscalls }) {
	const actionOf = ({ action, errnoRet = 1 }) => (action === "SCMP_ACT_ALLOW" ? "allow" : errnoRet);
	const test = ({ index, op, value, valueTwo = 0 }) => `${index} ${comparisons.indexOf(op)} ${value} ${valueTwo}`;
	// SCMP_CMP_MASKED_EQ takes the mask first and the value second, as libseccomp does.
	const lines = syscalls.flatMap((rule) =>
		rule.names.map((name) => [name, actionOf(rule), ...(rule.args ?? []).map(test)].join(" ")),
	);
	return [`* ${defaultErrnoRet}`, ...lines].join("\n");
}

/**
 * @param {string} out the folder to build in
 * @returns paths of the timer, the floor, and the filter of docker-default.json as the kernel takes it
 */
export function buildTools(out) {
	mkdirSync(out, { recursive: true });
	const filter = join(out, "docker-default.bpf");
	const { linux } = JSON.parse(readFileSync(join(here, "docker-default.json"), "utf8"));
	const compiler = compile(out, "seccomp-bpf", ["-lseccomp"]);
	writeFileSync(filter, execFileSync(compiler, { input: rules(linux.seccomp) }));
	return { timer: compile(out, "timer"), floor: compile(out, "floor"), filter };
}
