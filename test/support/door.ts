/**
 * The recording door: what unit tests on Node have in the kernel's place. As a setup file it is in the global
 * scope before any module of src/ is imported, and it is empty again before each test.
 *
 *     import { door } from "../../support/door.js";
 *     door.files({ "/proc/sys/kernel/hostname": "old" });        // files in memory
 *     door.answer("getuid", 1000);                               // a value, or a function of the arguments
 *     door.fail("mkdirat", "EEXIST", (_fd, path) => path === "x"); // a kernel that says no
 *     expect(door.args("mount")).toEqual([["tmpfs", "/run", "tmpfs", 0, null]]);
 */
import { beforeEach } from "vitest";
import type { Door } from "../../src/sys/door.js";
import { type Answers, defaultAnswers } from "./door-answers.js";
import { type ErrnoName, sysError } from "./errno.js";
import { createFileTree, type Files, type FileTree } from "./file-tree.js";

type Name = keyof Door;
type Args<N extends Name> = Parameters<Door[N]>;
type Answer = (...args: readonly never[]) => unknown;

export interface Call {
	readonly name: Name;
	readonly args: readonly unknown[];
}

interface State {
	calls: Call[];
	answers: Map<Name, Answer>;
	failures: { name: Name; code: ErrnoName; when: (...args: never[]) => boolean }[];
	defaults: Answers;
	tree: FileTree | undefined;
	nextFd: () => number;
}

function freshState(): State {
	let fd = 10;
	const nextFd = () => fd++;
	return {
		calls: [],
		answers: new Map(),
		failures: [],
		defaults: defaultAnswers(nextFd),
		tree: undefined,
		nextFd,
	};
}

function answerCall(state: State, name: Name, args: readonly unknown[]): unknown {
	state.calls.push({ name, args });
	const failure = state.failures.find((each) => each.name === name && each.when(...(args as never[])));
	if (failure) throw sysError(name, failure.code, args);
	const answer = state.answers.get(name) ?? state.tree?.calls[name] ?? state.defaults[name];
	return (answer as Answer | undefined)?.(...(args as never[]));
}

function createDoor() {
	let state = freshState();
	// what code under test puts into the door (as tracing does) stays until the next test
	const native = new Proxy({} as Record<string | symbol, unknown>, {
		get: (own, name) => {
			if (typeof name === "symbol" || Object.hasOwn(own, name)) return own[name];
			return (...args: unknown[]) => answerCall(state, name as Name, args);
		},
	});
	const tree = () => {
		if (!state.tree) throw new Error("door.files() was not called in this test");
		return state.tree;
	};
	return {
		native: native as unknown as Door,
		/** Every call so far, in order. */
		get calls(): readonly Call[] {
			return state.calls;
		},
		/** The names of the calls so far, in order. */
		get names(): readonly Name[] {
			return state.calls.map((call) => call.name);
		},
		/** The arguments of each call of that name. */
		args<N extends Name>(name: N): readonly Args<N>[] {
			return state.calls.filter((call) => call.name === name).map((call) => call.args as Args<N>);
		},
		/** Answers a call with a value, or with what a function makes of the arguments. */
		answer<N extends Name>(name: N, answer: ReturnType<Door[N]> | ((...args: Args<N>) => ReturnType<Door[N]>)): void {
			state.answers.set(name, typeof answer === "function" ? (answer as Answer) : () => answer);
		},
		/** Makes a call fail, always or when `when` says so of its arguments; wins over every answer. */
		fail<N extends Name>(name: N, code: ErrnoName, when: (...args: Args<N>) => boolean = () => true): void {
			state.failures.push({ name, code, when: when as State["failures"][number]["when"] });
		},
		/** Puts files in memory behind openat, read, write, getdents64 and their kin; may be called again to add more. */
		files(files: Files): void {
			state.tree ??= createFileTree(state.nextFd);
			state.tree.add(files);
		},
		/** A descriptor of a directory or file in memory, as code under test would be handed it. */
		open(path: string): number {
			return (tree().calls.openat as Door["openat"])(-100, path, 0, 0);
		},
		/** What the files in memory answer to a call, for an answer that goes on to them. */
		fileCall<N extends Name>(name: N): Door[N] {
			return tree().calls[name] as Door[N];
		},
		/** The content of a file in memory now, undefined when there is none. */
		content: (path: string) => tree().content(path),
		/** Type and permission bits of a file in memory, undefined when there is none. */
		mode: (path: string) => tree().mode(path),
		/** The files below a directory in memory, sorted absolute paths. */
		list: (directory: string) => tree().list(directory),
		/** What was written, in order: `{path, data}`. */
		get writes() {
			return tree().writes;
		},
		/** Forgets calls, scripts and files. */
		reset(): void {
			state = freshState();
			for (const name of Object.keys(native)) delete native[name];
		},
	};
}

type RecordingDoor = ReturnType<typeof createDoor>;

declare global {
	var recordingDoor: RecordingDoor | undefined;
}

// A test imports this file after the setup has run it: both must hold the same door.
if (!globalThis.recordingDoor) {
	globalThis.recordingDoor = createDoor();
	globalThis.tsrunDoor = globalThis.recordingDoor.native;
}

export const door: RecordingDoor = globalThis.recordingDoor;

beforeEach(() => door.reset());
