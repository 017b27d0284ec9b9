/**
 * `create` without its doing: the real code runs against a recording door in this very process, once as the runtime and
 * once as the container's process, and both recordings become one story.
 */
import type { Config } from "../../spec/types.js";
import type { Door } from "../../sys/door.js";
import { type ErrorId, isSysError, messageOf, TsrunError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import type { Host, Logger } from "../host.js";
import { asError, type Message } from "../init/sync.js";
import { launch } from "../lifecycle/launch.js";
import type { CreateOptions } from "../options.js";
import type { Undo } from "../undo.js";
import { fileAnswers } from "./answer-files.js";
import { mountAnswers } from "./answer-mounts.js";
import { processAnswers } from "./answer-processes.js";
import { type Actor, closeOpen, type Event, newRecorder, type Pass, type Recorder, theEnd } from "./recorder.js";

export interface Failure {
	readonly actor: Actor;
	readonly error: TsrunError;
}

export interface Rehearsal {
	readonly events: readonly Event[];
	readonly failure: Failure | null;
	readonly warnings: readonly string[];
}

export interface Request {
	readonly host: Host;
	readonly id: string;
	readonly options: CreateOptions;
	/** Of the bundle; null when it cannot be read, which the code will find out itself. */
	readonly config: Config | null;
	readonly asRoot: boolean;
}

/** What the two sides say to each other (init/sync.ts), as far as the configuration decides it. */
function messages(config: Config | null): {
	readonly toRuntime: readonly string[];
	readonly toContainer: readonly string[];
} {
	const { hooks, linux, process } = config ?? {};
	const namespaces = linux?.namespaces ?? [];
	const joins = namespaces.some(({ path, type }) => path || type === "time");
	const setUpFirst =
		namespaces.some(({ type, path }) => type === "user" && !path) || Object.keys(linux?.netDevices ?? {}).length > 0;
	const hasHooks = (hooks?.prestart?.length ?? 0) + (hooks?.createRuntime?.length ?? 0) > 0;
	const some = (...list: readonly (string | false)[]) =>
		list.filter((type) => type !== false).map((type) => JSON.stringify({ type }));
	return {
		toRuntime: [
			...(joins ? [JSON.stringify({ type: "pid", pid: sys.getpid() + 1 })] : []),
			...some(process?.terminal === true && "terminal", hasHooks && "hooks", "ready"),
		],
		toContainer: some(setUpFirst && "go", "cgroup", hasHooks && "hooks-done", "start"),
	};
}

export function rehearse(request: Request): Rehearsal {
	const { toRuntime, toContainer } = messages(request.config);
	const { asRoot } = request;
	const stateRoot = request.host.root;
	const runtime = perform(request, { side: "runtime", asRoot, stateRoot, incoming: toRuntime });
	const clone = runtime.recorder.cloneAt;
	if (clone < 0) return { events: runtime.recorder.events, failure: runtime.failure, warnings: runtime.warnings };
	// cgroups that the runtime makes after the clone are there when the process enters them
	const carried = (key: string) => key.includes("cgroup");
	const container = perform(request, { side: "container", asRoot, stateRoot, incoming: toContainer }, (recorder) => {
		for (const [key, made] of runtime.recorder.world.made) if (carried(key)) recorder.world.made.set(key, made);
	});
	const inside = container.recorder.events.filter(({ actor }) => actor !== "runtime");
	const told = inside.find(({ name, text }) => name === "sendmsg" && text?.includes('"type":"error"'))?.text;
	const failed = told ? (JSON.parse(told) as Extract<Message, { type: "error" }>) : null;
	const failure: Failure | null = failed
		? { actor: inside.at(-1)?.actor ?? "container", error: asError(failed) }
		: container.failure?.actor !== "runtime" && container.failure
			? container.failure
			: null;
	const events = interleave(runtime.recorder.events, clone, inside, runtime.failure !== null, failure !== null);
	const warnings = [...runtime.warnings, ...warningsIn(inside)];
	return {
		events: events.filter(({ text }) => !text?.includes('"type":"error"')),
		failure: runtime.failure ?? failure,
		warnings,
	};
}

function warningsIn(events: readonly Event[]): readonly string[] {
	return events.flatMap(({ name, text = "" }) =>
		name === "sendmsg" && text.startsWith('{"type":"warning"') ? [(JSON.parse(text) as { text: string }).text] : [],
	);
}

/** Each side waits for the other's word: what one says comes before the other hears it. */
function interleave(
	runtime: readonly Event[],
	clone: number,
	inside: readonly Event[],
	runtimeFails: boolean,
	containerFails: boolean,
): readonly Event[] {
	const story = runtime.slice(0, clone + 1);
	const rest = runtime.slice(clone + 1);
	for (const event of inside) {
		if (event.name === "recvmsg" && event.text && !event.text.includes('"start"')) {
			const said = rest.findIndex(({ name, text }) => name === "sendmsg" && text === event.text);
			if (said < 0 && runtimeFails) break;
			story.push(...rest.splice(0, said + 1));
		}
		if (event.name === "recvmsg" && event.text?.includes('"start"')) story.push(...rest.splice(0));
		story.push(event);
	}
	return containerFails && !runtimeFails ? story : [...story, ...rest];
}

function perform(
	request: Request,
	pass: Pass,
	onClone: (recorder: Recorder) => void = () => {},
): { readonly recorder: Recorder; readonly failure: Failure | null; readonly warnings: readonly string[] } {
	const { host, id, options } = request;
	const real = copyOfTheDoor();
	const recorder = newRecorder(real, pass);
	const warnings: string[] = [];
	const log: Logger = { debug: () => {}, warning: (text) => warnings.push(text), error: () => {} };
	// what is left is thrown away, so nothing has to be undone
	const undo: Undo = { add: () => {}, atEnd: () => {} };
	let failure: Failure | null = null;
	install(real, recorder, onClone);
	try {
		launch(
			{ ...host, rootless: host.rootless, log, debug: false },
			id,
			options,
			{ detached: false, ownStart: false },
			undo,
		);
	} catch (error) {
		if (error !== theEnd) failure = { actor: recorder.actor, error: asOurs(error) };
	} finally {
		Object.assign(sys, real);
		for (const fd of [...recorder.open.keys()]) closeOpen(recorder, fd);
	}
	return { recorder, failure, warnings };
}

/** Its functions do not show up when they are only listed. */
function copyOfTheDoor(): Door {
	const names = Object.getOwnPropertyNames(sys) as (keyof Door)[];
	return Object.fromEntries(names.map((name) => [name, sys[name]])) as unknown as Door;
}

function asOurs(error: unknown): TsrunError {
	if (error instanceof TsrunError) return error;
	const id: ErrorId = isSysError(error) ? "process-failed" : "internal";
	return new TsrunError(
		id,
		messageOf(error),
		isSysError(error) ? { syscall: error.syscall, errno: error.code, cause: error } : { cause: error },
	);
}

/** Questions that have the same answer whoever asks, and change nothing. */
const passed: readonly (keyof Door)[] = [
	...([
		"argv",
		"environ",
		"embedded",
		"embedded_bytes",
		"fnv1a64",
		"clock_gettime",
		"throw_errno",
		"uname",
		"getppid",
	] as const),
	...([
		"getrlimit",
		"sched_getaffinity",
		"getgroups",
		"tcgetattr",
		"ioctl_winsize_get",
		"seccomp_action_available",
	] as const),
	...([
		"seccomp_init",
		"seccomp_attr_set",
		"seccomp_arch_resolve_name",
		"seccomp_arch_native",
		"seccomp_arch_add",
	] as const),
	...([
		"seccomp_syscall_resolve_name",
		"seccomp_syscall_resolve_name_arch",
		"seccomp_rule_add",
		"seccomp_export_bpf",
	] as const),
	...(["seccomp_release", "seccomp_version"] as const),
];

type AnyFunction = (...args: readonly unknown[]) => unknown;

/** Puts answers into the door's place; a function without one is a bug, and says so. */
function install(real: Door, recorder: Recorder, onClone: (recorder: Recorder) => void): void {
	const answers = { ...fileAnswers(recorder), ...mountAnswers(recorder), ...processAnswers(recorder) } as Record<
		string,
		AnyFunction
	>;
	const door = sys as unknown as Record<string, AnyFunction>;
	for (const name of Object.keys(real) as (keyof Door)[]) {
		if (passed.includes(name)) continue;
		const answer = answers[name];
		door[name] = (...args) => {
			if (recorder.over) throw theEnd;
			if (answer === undefined) throw new TsrunError("internal", `explain has no answer for ${name}`);
			const result = answer(...args);
			if (name === "clone3" && recorder.side === "container" && (result as { pid: number }).pid === 0)
				onClone(recorder);
			return result;
		};
	}
}
