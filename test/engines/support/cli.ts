/** Engines with docker's command line: Docker and Podman. */
import type { Result, Watched } from "../../support/watched.js";
import type { RunOptions } from "./box.js";
import type { Engine, Scene } from "./engine.js";
import { image } from "./images.js";
import type { RuntimeName } from "./runtimes.js";

export interface CliEngine extends Engine {
	readonly kind: "docker" | "podman";
	/** The words of a command: `["docker", "run", "--runtime", "tsrun", …]`. */
	readonly words: (runtime: string, verb: string, ...args: string[]) => readonly string[];
	readonly env: Readonly<Record<string, string>>;
}

/** A command line bound to an engine and a runtime. */
export interface Cli {
	readonly kind: CliEngine["kind"];
	readonly runtime: RuntimeName;
	/** Runs a command to its end. */
	(verb: string, ...args: string[]): Promise<Result>;
	readonly with: (options: RunOptions, verb: string, ...args: string[]) => Promise<Result>;
	/** Runs one that has to succeed, and gives what it prints, without its last newline. */
	readonly ok: (verb: string, ...args: string[]) => Promise<string>;
	/** `run --rm` of the test's image: `run(["--user", "1000"], "id")`. */
	readonly run: (options: readonly string[], ...command: string[]) => Promise<Result>;
	/** The same, has to succeed. */
	readonly output: (options: readonly string[], ...command: string[]) => Promise<string>;
	/** `run --detach` with a new name, which it gives. */
	readonly detach: (options: readonly string[], ...command: string[]) => Promise<string>;
	/** On a terminal. */
	readonly terminal: (verb: string, ...args: string[]) => Watched;
	/** A field of `inspect`: `inspect(name, ".State.Status")`. */
	readonly inspect: (name: string, field: string) => Promise<string>;
}

export const terminalSize = { rows: 31, columns: 101 };

export function cliOf({ engine, runtime, newName }: Scene<CliEngine>): Cli {
	const { box, env, kind, words } = engine;
	const call = (options: RunOptions, verb: string, ...args: string[]) =>
		box.run(words(runtime, verb, ...args), { ...options, env: { ...env, ...options.env } });
	const cli = (verb: string, ...args: string[]) => call({}, verb, ...args);
	const ok = async (verb: string, ...args: string[]) => {
		const { status, stdout, stderr } = await cli(verb, ...args);
		if (status !== 0) throw new Error(`${kind} ${verb} ${args.join(" ")}: status ${status}: ${stderr}`);
		return stdout.trimEnd();
	};
	return Object.assign(cli, {
		kind,
		runtime,
		with: call,
		ok,
		run: (options: readonly string[], ...command: string[]) => cli("run", "--rm", ...options, image, ...command),
		output: (options: readonly string[], ...command: string[]) => ok("run", "--rm", ...options, image, ...command),
		detach: async (options: readonly string[], ...command: string[]) => {
			const name = newName();
			await ok("run", "--detach", "--name", name, ...options, image, ...command);
			return name;
		},
		terminal: (verb: string, ...args: string[]) =>
			box.start(words(runtime, verb, ...args), { env, terminal: terminalSize }),
		inspect: (name: string, field: string) => ok("inspect", "--format", `{{${field}}}`, name),
	});
}
