/** Hooks that write down what they see, all into one file: its order is theirs. */
import { chmodSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Hook, Hooks, State } from "../../src/spec/types.js";
import { probe } from "./paths.js";

export type HookKind = keyof Hooks;

/** In the order in which they run. */
export const hookKinds: readonly HookKind[] = [
	"prestart",
	"createRuntime",
	"createContainer",
	"startContainer",
	"poststart",
	"poststop",
];

/** What the probe writes down when it is a hook. */
export interface Seen {
	readonly argv: readonly string[];
	readonly env: readonly string[];
	readonly cwd: string;
	readonly uid: number;
	readonly namespaces: Readonly<Record<string, string>>;
	readonly fds: Readonly<Record<string, string>>;
	readonly state: State;
}

export interface Diary {
	/** Anybody may write into it; the container needs it at /diary for its startContainer hooks. */
	readonly directory: string;
	/** A hook that writes down what it sees, and then ends with `status`. */
	readonly hook: (kind: HookKind, name?: string, status?: number) => Hook;
	readonly lines: () => readonly Seen[];
	/** argv[0] of the lines. */
	readonly names: () => readonly string[];
}

export function diaryIn(folder: string): Diary {
	const directory = join(folder, "diary");
	mkdirSync(directory);
	chmodSync(directory, 0o777);
	const file = join(directory, "hooks.jsonl");
	const lines = () => {
		const text = existsSync(file) ? readFileSync(file, "utf8").trim() : "";
		return text === "" ? [] : text.split("\n").map((line): Seen => JSON.parse(line));
	};
	return {
		directory,
		hook: (kind, name = kind, status = 0) =>
			kind === "startContainer"
				? { path: "/probe", args: [name, "hook", "/diary/hooks.jsonl", String(status)] }
				: { path: probe, args: [name, "hook", file, String(status)] },
		lines,
		names: () => lines().map(({ argv }) => argv[0] ?? ""),
	};
}
