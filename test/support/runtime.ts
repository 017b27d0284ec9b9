/**
 * Running the runtime under test, with its state in the test's own folder.
 *
 * crun 1.8 refuses a machine with both cgroup versions; to try it there, hide version 2 from the whole run:
 *
 *   unshare -m --propagation private sh -c \
 *     'mount -t tmpfs none /sys/fs/cgroup/unified && RUNTIME=crun npm run test:e2e'
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pty, runtimeProgram } from "./paths.js";
import { type Result, type Watched, watch } from "./watched.js";

export interface RunOptions {
	readonly cwd?: string;
	/** Added to the environment; undefined takes a variable away. */
	readonly env?: Readonly<Record<string, string | undefined>>;
	/** Text for stdin; without it, stdin is /dev/null. */
	readonly input?: string;
	/** Milliseconds until the call fails; 20 seconds by default. */
	readonly deadline?: number;
	/** A program that becomes the runtime, and changes something of itself before: `["taskset", "-c", "0"]`. */
	readonly through?: readonly string[];
	/** Descriptors that the runtime finds open from 3 on. */
	readonly fds?: readonly number[];
}

export interface StartOptions extends Pick<RunOptions, "cwd" | "env"> {
	/** Gives the runtime a terminal of this size on all three streams. */
	readonly terminal?: { readonly rows: number; readonly columns: number };
}

/** A finished call, and what its files hold by now: a detached container goes on writing to them. */
export interface RunResult extends Result {
	readonly later: () => Pick<Result, "stdout" | "stderr">;
}

/** How tests call the runtime; made for one test's folder. */
export interface Runtime {
	/** Runs the runtime to its end: `runtime("state", id)`. */
	(...args: string[]): RunResult;
	/** The same, with input, environment, working directory or deadline. */
	with: (options: RunOptions, ...args: string[]) => RunResult;
	/** Starts it and goes on: to talk to it, to signal it, on a terminal, or to see what pipes get. */
	start: (options: StartOptions, ...args: string[]) => Watched;
	/** The state directory that every call is given. */
	readonly root: string;
}

/** Only what a runtime needs, so that no test depends on the developer's environment; the mark betrays leaked processes. */
function environment(folder: string, extra: RunOptions["env"]): NodeJS.ProcessEnv {
	const { PATH } = process.env;
	return { PATH, TMPDIR: join(folder, "tmp"), TSRUN_E2E: folder, ...extra };
}

/**
 * Runs to the end with output into files: a container that goes on keeps its output open, and a pipe would not end.
 */
function runToEnd(folder: string, program: string, options: RunOptions, args: readonly string[]): RunResult {
	const output = mkdtempSync(join(folder, "run-"));
	const files = { stdout: join(output, "stdout"), stderr: join(output, "stderr") };
	const fds = [openSync(files.stdout, "a"), openSync(files.stderr, "a")] as const;
	const { cwd = folder, deadline = 20_000, input, through = [] } = options;
	const [command = "", ...words] = [...through, program, ...args];
	const end = spawnSync(command, words, {
		cwd,
		env: environment(folder, options.env),
		timeout: deadline,
		killSignal: "SIGKILL",
		stdio: [input === undefined ? "ignore" : "pipe", ...fds, ...(options.fds ?? [])],
		...(input !== undefined && { input }),
	});
	for (const fd of fds) closeSync(fd);
	const later = () => ({ stdout: readFileSync(files.stdout, "utf8"), stderr: readFileSync(files.stderr, "utf8") });
	const result = { status: end.status, signal: end.signal, ...later(), later };
	if (end.error) {
		const why = "code" in end.error && end.error.code === "ETIMEDOUT" ? `did not end in ${deadline} ms` : end.error;
		throw new Error(`${program} ${args.join(" ")}: ${why}; stdout: ${result.stdout}; stderr: ${result.stderr}`);
	}
	return result;
}

/** The runtime for one test, whose folder it uses; another one beside it has its state apart. */
export function runtimeIn(folder: string, program = runtimeProgram): Runtime {
	const root = join(folder, program === runtimeProgram ? "state" : `state-${basename(program)}`);
	const withRoot = (args: readonly string[]) => ["--root", root, ...args];
	const run = (...args: string[]) => runToEnd(folder, program, {}, withRoot(args));
	return Object.assign(run, {
		root,
		with: (options: RunOptions, ...args: string[]) => runToEnd(folder, program, options, withRoot(args)),
		start: ({ terminal, cwd = folder, env }: StartOptions, ...args: string[]) => {
			const words = [program, ...withRoot(args)];
			const size = terminal && ["run", "--size", `${terminal.rows}x${terminal.columns}`];
			const [command = "", ...rest] = size ? [pty, ...size, ...words] : words;
			return watch(args.join(" "), command, rest, { cwd, env: environment(folder, env) });
		},
	});
}
