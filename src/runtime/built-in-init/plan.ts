/**
 * What a container's annotations, or `--init`, ask of the built-in init (docs/init.md). Pure: annotations in, plan out;
 * whatever is wrong in them is told before anything is made.
 */
import { parseSignal } from "../../linux/signals.js";
import { type Issue, memberPath } from "../../spec/issue.js";
import { parseJson } from "../../spec/json.js";
import type { Config } from "../../spec/types.js";
import { SIGKILL, SIGSTOP } from "../../sys/constants.js";
import { TsrunError } from "../../sys/errors.js";
import { nearest } from "../../sys/nearest.js";

export const initModes = ["forward", "group", "pause", "supervise", "graceful"] as const;
export type InitMode = (typeof initModes)[number];

const initAnnotation = "org.tsrun.init";
const annotations = {
	remap: `${initAnnotation}.remap`,
	deadline: `${initAnnotation}.deadline`,
	supervise: `${initAnnotation}.supervise`,
} as const;
const knownAnnotations: readonly string[] = [initAnnotation, ...Object.values(annotations)];
const stopSignalAnnotation = "org.opencontainers.image.stopSignal";

/** The annotations that have a meaning here; a final "." makes a prefix. */
export const initAnnotations: readonly string[] = [initAnnotation, `${initAnnotation}.`];

/** Of a command beside the program: it is done before the others start, its end is the container's, or neither. */
export const commandKinds = ["setup", "watched", "helper"] as const;

export interface InitCommand {
	readonly kind: (typeof commandKinds)[number];
	readonly args: readonly string[];
}

export interface InitPlan {
	readonly mode: InitMode;
	/** A signal that is to become another; 0 drops it. */
	readonly remaps: readonly (readonly [from: number, to: number])[];
	/** Milliseconds from the wish to end until KILL; for `supervise` and `graceful`. */
	readonly deadline: number;
	/** The image's own signal for the wish to end, besides TERM. */
	readonly stopSignal: number | null;
	readonly commands: readonly InitCommand[];
}

type Annotations = Readonly<Record<string, string>>;

/** Less than the ten seconds after which engines send KILL: the orderly end is over by then. */
const defaultDeadline = 8000;
const longestDeadline = 24 * 60 * 60 * 1000;

/** What native/init has room for, without the program. */
const mostCommands = 63;

/** `--init`: the annotation's mode or forward; `--init=MODE`: this mode, whatever the annotation says. */
export function withInitFlag(config: Config, flag: InitMode | true | undefined): Config {
	if (flag === undefined) return config;
	const mode = flag === true ? (config.annotations?.[initAnnotation] ?? "forward") : flag;
	return { ...config, annotations: { ...config.annotations, [initAnnotation]: mode } };
}

/**
 * null when none is asked for.
 *
 * @throws TsrunError config-invalid, config-syntax: what is wrong, and in which annotation
 */
export function planInit(config: Config): InitPlan | null {
	const given = config.annotations ?? {};
	const named = knownAnnotations.filter((name) => given[name] !== undefined);
	if (named.length === 0) return null;
	const mode = parseMode(given[initAnnotation], named);
	refuseUseless(given, mode);
	const lingers = mode === "supervise" || mode === "graceful";
	if (lingers) needOwnPidNamespace(config, mode);
	return {
		mode,
		remaps: parseRemaps(given),
		deadline: parseDeadline(given),
		stopSignal: lingers ? signalIn(given, stopSignalAnnotation, given[stopSignalAnnotation]) : null,
		commands: parseCommands(given),
	};
}

function wrong(annotation: string, problem: string, hint: string): TsrunError {
	return new TsrunError("config-invalid", `annotation ${JSON.stringify(annotation)}: ${problem}`, {
		stage: "bundle",
		object: annotation,
		jsonPath: `$.annotations${memberPath(annotation)}`,
		hint,
	});
}

/** AN-08: an annotation that nobody knows is ignored; one that was meant for us deserves a word. */
export function unknownInitAnnotations({ annotations: given = {} }: Config): readonly Issue[] {
	const ours = Object.keys(given).filter((name) => name.startsWith(`${initAnnotation}.`));
	const unknown = ours.filter((name) => !knownAnnotations.includes(name));
	return unknown.map((name) => {
		const near = nearest(name, knownAnnotations);
		return {
			path: `$.annotations${memberPath(name)}`,
			message: `is unknown, and ignored${near ? `; did you mean ${JSON.stringify(near)}?` : ""}`,
			rule: "AN-08",
			section: "config.md#annotations",
			severity: "warning",
		};
	});
}

/** One of {@link initModes}. */
export function isInitMode(text: string): text is InitMode {
	return (initModes as readonly string[]).includes(text);
}

function parseMode(text: string | undefined, named: readonly string[]): InitMode {
	if (text === undefined) {
		throw wrong(named[0] ?? "", `there is no init for it: ${initAnnotation} is not set`, "set it, or give --init");
	}
	if (isInitMode(text)) return text;
	const near = nearest(text, initModes);
	const hint = near ? `did you mean ${near}?` : "docs/init.md tells what each of them does";
	throw wrong(initAnnotation, `expected ${initModes.join(", ")}; found ${JSON.stringify(text)}`, hint);
}

/** An annotation without effect is a misunderstanding. */
function refuseUseless(given: Annotations, mode: InitMode): void {
	const users: readonly (readonly [name: string, modes: readonly InitMode[]])[] = [
		[annotations.remap, ["forward", "group", "supervise", "graceful"]],
		[annotations.deadline, ["supervise", "graceful"]],
		[annotations.supervise, ["supervise"]],
	];
	const useless = users.find(([name, modes]) => given[name] !== undefined && !modes.includes(mode));
	if (useless === undefined) return;
	const [name, modes] = useless;
	throw wrong(name, `has no meaning for the mode ${mode}`, `it is for the modes ${modes.join(", ")}`);
}

/** They ask every other process to end, which only process 1 of a namespace may dare. */
function needOwnPidNamespace({ linux }: Config, mode: InitMode): void {
	if (linux?.namespaces?.some(({ type, path }) => type === "pid" && !path)) return;
	throw wrong(
		initAnnotation,
		`the mode ${mode} needs a pid namespace of the container's own`,
		'add {"type": "pid"} to linux.namespaces, or use the mode forward or group',
	);
}

function signalIn(given: Annotations, annotation: string, text: string | undefined): number | null {
	if (text === undefined || given[annotation] === undefined) return null;
	try {
		return parseSignal(text.trim());
	} catch (error) {
		if (!(error instanceof TsrunError)) throw error;
		throw wrong(annotation, error.message, error.details.hint ?? "");
	}
}

function parseRemaps(given: Annotations): InitPlan["remaps"] {
	const name = annotations.remap;
	const remaps: (readonly [number, number])[] = [];
	for (const pair of given[name]?.split(",") ?? []) {
		const [, before, after] = /^([^=]+)=([^=]+)$/.exec(pair) ?? [];
		if (before === undefined || after === undefined) {
			throw wrong(name, `expected FROM=TO; found ${JSON.stringify(pair)}`, 'for example "TERM=QUIT,HUP=0"; 0 drops it');
		}
		const [from, to] = [signalIn(given, name, before) ?? 0, signalIn(given, name, after) ?? 0];
		if (from === 0 || from === SIGKILL || from === SIGSTOP) {
			throw wrong(
				name,
				`${before.trim()} never reaches the init`,
				"KILL and STOP are the kernel's own, 0 is no signal",
			);
		}
		if (remaps.some(([other]) => other === from)) {
			throw wrong(name, `${before.trim()} is remapped twice`, "a signal becomes one other");
		}
		remaps.push([from, to]);
	}
	return remaps;
}

function parseDeadline(given: Annotations): number {
	const text = given[annotations.deadline];
	if (text === undefined) return defaultDeadline;
	const deadline = /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Math.round(Number(text) * 1000) : Number.NaN;
	if (deadline <= longestDeadline) return deadline;
	throw wrong(
		annotations.deadline,
		`expected seconds up to ${longestDeadline / 1000}; found ${JSON.stringify(text)}`,
		'for example "30", or "0.5"',
	);
}

function parseCommands(given: Annotations): readonly InitCommand[] {
	const name = annotations.supervise;
	const text = given[name];
	if (text === undefined) return [];
	const example = '[{"args": ["/bin/logger"], "kind": "helper"}]';
	const list = parseJson(text, `annotation ${JSON.stringify(name)}`);
	if (!Array.isArray(list)) throw wrong(name, "expected a JSON array of commands", `for example ${example}`);
	if (list.length > mostCommands) {
		throw wrong(name, `expected up to ${mostCommands} commands; found ${list.length}`, "start some from a script");
	}
	return list.map((value, index) => parseCommand(value, (problem) => wrong(name, `[${index}]${problem}`, example)));
}

function parseCommand(value: unknown, complain: (problem: string) => TsrunError): InitCommand {
	if (typeof value !== "object" || value === null || Array.isArray(value)) throw complain(": expected an object");
	const { args, kind = "helper", ...others } = value as Readonly<Record<string, unknown>>;
	const [other] = Object.keys(others);
	if (other !== undefined) throw complain(`${memberPath(other)}: is not known; a command has args and kind`);
	if (!Array.isArray(args) || args.length === 0 || !args.every((each) => typeof each === "string")) {
		throw complain(".args: expected the program and its arguments, a list of strings");
	}
	if (args[0] === "" || args.some((each: string) => each.includes("\0"))) {
		throw complain(".args: a program has a name, and no string a NUL character");
	}
	const found = commandKinds.find((each) => each === kind);
	if (found === undefined) throw complain(`.kind: expected ${commandKinds.join(", ")}; found ${JSON.stringify(kind)}`);
	return { kind: found, args };
}
