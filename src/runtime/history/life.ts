/** What is known of a container's life: the record and the journal while it is there, a line of the history afterwards. */
import { CLOCK_REALTIME } from "../../sys/constants.js";
import { messageOf, TsrunError } from "../../sys/errors.js";
import { exhaustion } from "../../sys/exhaustion.js";
import { sys } from "../../sys/index.js";
import type { Journal } from "../state/journal.js";
import type { ContainerRecord } from "../state/record.js";
import type { Status } from "../status.js";

/** A hook may have printed a lot. */
const longestMessage = 1000;

/** Whoever called tsrun. */
export interface Actor {
	readonly uid: number;
	/** The parent process, "bash (1234)"; and in front of it who is behind sudo(8). */
	readonly by: string;
}

export type LifeEvent =
	| { readonly did: "start" | "restore" | "pause" | "resume" | "stop-killed"; readonly at: number }
	/** `left`: it went on running. */
	| { readonly did: "checkpoint"; readonly at: number; readonly left?: true }
	/** The program could not be executed, or a hook before it failed. */
	| { readonly did: "start-failed"; readonly at: number; readonly error: string; readonly message: string }
	| { readonly did: "kill"; readonly at: number; readonly signal: number; readonly all?: true; readonly who: Actor }
	/** `time`: seconds until KILL, null: never. */
	| {
			readonly did: "stop";
			readonly at: number;
			readonly signal: number;
			readonly time: number | null;
			readonly who: Actor;
	  }
	/** A process of exec that was killed as init had ended. */
	| { readonly did: "exec-killed"; readonly at: number; readonly program: string }
	/** `status` is the raw wait status, null when only the parent was told; `seen` by whom. */
	| {
			readonly did: "ended";
			readonly at: number;
			readonly status: number | null;
			readonly seen: "run" | "stop" | "zombie";
	  }
	/** `killed`: it was alive until then. */
	| { readonly did: "delete"; readonly at: number; readonly killed?: true; readonly who?: Actor }
	/** create or run did not succeed. */
	| { readonly did: "create-failed"; readonly at: number; readonly error: string; readonly message: string };

/** `at` is in milliseconds of CLOCK_REALTIME. */
export interface Life {
	readonly id: string;
	/** With `startTime` it tells one life of the id from another. Absent: it never came to a process. */
	readonly pid?: number;
	readonly startTime?: number;
	/** RFC 3339. Absent: it was never complete. */
	readonly created?: string;
	readonly bundle?: string;
	/** run has made it, which starts it at once. */
	readonly startedByRun?: true;
	readonly events: readonly LifeEvent[];
	/** Processes that the kernel has killed for want of memory. */
	readonly oomKills?: number;
	/** It had joined the pid namespace of another, whose init has ended. */
	readonly namespaceEnded?: true;
	/** While it exists. */
	readonly status?: Status;
}

export function lifeOf(id: string, record: ContainerRecord | null, journal: Journal): Life {
	const { pid, startTime } = record ?? journal.init ?? {};
	return {
		id,
		...(pid === undefined ? {} : { pid }),
		...(startTime === undefined ? {} : { startTime }),
		...(record === null ? {} : { created: record.created, bundle: record.bundle }),
		...(journal.run ? { startedByRun: true as const } : {}),
		events: journal.events ?? [],
	};
}

/** Of a container that was never made: how far it had come has been undone. */
export function failedLife(id: string, bundle: string, cause: unknown): Life {
	return { id, bundle, events: [{ did: "create-failed", at: now(), ...failureOf(cause) }] };
}

/** An error as an event has it. */
export function failureOf(thrown: unknown): { readonly error: string; readonly message: string } {
	const cause = exhaustion(thrown) ?? thrown;
	const error = cause instanceof TsrunError ? cause.id : "internal";
	return { error, message: messageOf(cause).slice(0, longestMessage) };
}

export function now(): number {
	return Number(sys.clock_gettime(CLOCK_REALTIME) / 1_000_000n);
}
