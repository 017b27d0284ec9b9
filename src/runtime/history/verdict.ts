/** Why a container ended, in a sentence, from what is known of its life. Pure; what cannot be known is said, too. */
import { signalName } from "../../linux/signals.js";
import { describeWaitStatus } from "../../linux/wait-status.js";
import {
	SIGABRT,
	SIGBUS,
	SIGCHLD,
	SIGCONT,
	SIGFPE,
	SIGILL,
	SIGKILL,
	SIGRTMAX,
	SIGSEGV,
	SIGSTOP,
	SIGSYS,
	SIGTRAP,
	SIGTSTP,
	SIGTTIN,
	SIGTTOU,
	SIGURG,
	SIGWINCH,
} from "../../sys/constants.js";
import type { Life, LifeEvent } from "./life.js";

export type Cause =
	| "alive"
	| "never-made"
	| "never-started"
	| "start-failed"
	| "exited"
	| "crashed"
	| "signalled"
	| "killed"
	| "timeout"
	| "oom"
	| "checkpointed"
	| "deleted"
	| "namespace"
	| "unknown";

export interface Verdict {
	readonly cause: Cause;
	/** What follows the container's name: "ended by itself with exit status 3". */
	readonly summary: string;
	/** Whole sentences: what else is known, and how. */
	readonly reasons: readonly string[];
}

type Asked = Extract<LifeEvent, { readonly did: "kill" | "stop" }>;

/** Milliseconds. */
const recent = 60_000;

const harmless = [SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH];
const faults = [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP];

export function verdictOf(life: Life): Verdict {
	const failed = find(life, "create-failed");
	if (failed) return { cause: "never-made", summary: `was never made: ${failed.message}`, reasons: [] };
	if (life.status !== undefined && life.status !== "stopped") {
		return { cause: "alive", summary: `has not ended: it is ${life.status}`, reasons: [] };
	}
	if (life.created === undefined) {
		const reasons = ["What was there of it has been removed by delete."];
		return { cause: "never-made", summary: "was never completely made: whoever made it died meanwhile", reasons };
	}
	const unstarted = find(life, "start-failed");
	if (unstarted)
		return { cause: "start-failed", summary: `has not run its program: ${unstarted.message}`, reasons: [] };
	const saved = find(life, "checkpoint");
	if (saved && !saved.left) {
		const reasons = ["What it was doing is in the images, and restore goes on with it."];
		return { cause: "checkpointed", summary: "was checkpointed, and ended with that", reasons };
	}
	if (!find(life, "start") && !find(life, "restore") && !life.startedByRun) return neverStarted(life);
	const status = find(life, "ended")?.status ?? null;
	return status === null ? withoutStatus(life) : byStatus(life, status);
}

function neverStarted(life: Life): Verdict {
	const asked = lastAsked(life);
	const who = asked ? `${asked.did} ended it` : wasDeleted(life) ? "delete ended it" : "it ended";
	return { cause: "never-started", summary: `was never started: ${who} while it waited`, reasons: [] };
}

function byStatus(life: Life, status: number): Verdict {
	const signal = status & 0x7f;
	const how = describeWaitStatus(status);
	const asked = recentlyAsked(life);
	const reasons = [seenBy(life), ...oomNote(life), ...collateral(life)];
	if (signal === SIGKILL) {
		const killer = killerOf(life);
		if (killer) return { ...killer, reasons: [...killer.reasons, ...reasons] };
		if (life.oomKills) return { ...outOfMemory("was killed by the kernel, for want of memory"), reasons };
		const unknown = "Somebody who may signal it has sent it, or the kernel; then its log (dmesg) says so.";
		return { cause: "killed", summary: "was killed by SIGKILL, but not through tsrun", reasons: [unknown, ...reasons] };
	}
	if (signal !== 0) {
		if (asked?.signal === signal) {
			const summary = `was ended ${how}, which ${asked.did} had sent`;
			return { cause: "signalled", summary, reasons: [by(asked), ...reasons] };
		}
		if (faults.includes(signal)) return { cause: "crashed", summary: `crashed: it was ended ${how}`, reasons };
		return { cause: "signalled", summary: `was ended ${how}, which was not sent through tsrun`, reasons };
	}
	const summary = asked ? `ended ${how}, ${sinceRequest(life, asked)}` : `ended by itself ${how}`;
	return {
		cause: "exited",
		summary,
		reasons: [...(asked ? [by(asked)] : []), ...shellStatus(status >> 8), ...reasons],
	};
}

function withoutStatus(life: Life): Verdict {
	const asked = lastAsked(life);
	const reasons = [
		...oomNote(life),
		...collateral(life),
		"Its exit status was told to its parent alone: it was detached, and a parent is an engine's shim or who adopts orphans.",
	];
	const killer = killerOf(life);
	if (killer) return { ...killer, reasons: [...killer.reasons, ...collateral(life)] };
	if (life.oomKills) return { ...outOfMemory("most likely was killed by the kernel, for want of memory"), reasons };
	if (asked) {
		const summary = `ended, ${sinceRequest(life, asked)}; how is not known`;
		return { cause: "unknown", summary, reasons: [by(asked), ...reasons] };
	}
	return { cause: "unknown", summary: "ended, and nobody had asked tsrun for it; how is not known", reasons };
}

/** Who is to blame for a KILL: nobody survives one. */
function killerOf(life: Life): Verdict | null {
	const stop = find(life, "stop");
	if (stop && find(life, "stop-killed")) {
		const summary = `was killed by stop: it had not ended ${stop.time ?? 0} s after ${signalName(stop.signal)}`;
		return { cause: "timeout", summary, reasons: [by(stop)] };
	}
	const kill = life.events.findLast((event) => isRequest(event) && event.signal === SIGKILL);
	if (kill && isRequest(kill)) {
		return { cause: "killed", summary: `was killed: ${kill.did} had sent SIGKILL`, reasons: [by(kill)] };
	}
	const deletion = find(life, "delete");
	if (deletion?.killed) {
		const who = deletion.who ? [`It was asked for by ${describeActor(deletion.who)}.`] : [];
		return { cause: "deleted", summary: "was killed by delete, while it was alive", reasons: who };
	}
	if (life.namespaceEnded) {
		const summary = "was killed by the kernel: the PID namespace that it had joined ended with its init";
		return { cause: "namespace", summary, reasons: [] };
	}
	return null;
}

function outOfMemory(summary: string): Omit<Verdict, "reasons"> {
	return { cause: "oom", summary };
}

function oomNote({ oomKills = 0 }: Life): readonly string[] {
	if (oomKills === 0) return [];
	return [`Its cgroup counts ${oomKills} process(es) that the kernel killed for want of memory (memory.events).`];
}

/** What else went down with it. */
function collateral({ events }: Life): readonly string[] {
	const programs = events.flatMap((event) => (event.did === "exec-killed" ? [event.program] : []));
	if (programs.length === 0) return [];
	return [`As its init ended, the kernel killed what exec had put into it: ${programs.join(", ")}.`];
}

function seenBy(life: Life): string {
	switch (find(life, "ended")?.seen) {
		case "run":
			return "The exit status is certain: run was the parent.";
		case "stop":
			return "The exit status is certain: stop had hold of the process as it ended.";
		default:
			return "The exit status is certain: its parent had not asked for it yet, so it was still to be read.";
	}
}

/** 128 and more is how a shell or an init tells of a program of its own. */
function shellStatus(code: number): readonly string[] {
	const signal = (code & 0xff) - 128;
	if (signal <= 0 || signal > SIGRTMAX) return [];
	return [`${code & 0xff} is how shells and inits tell that a program of theirs was ended by ${signalName(signal)}.`];
}

function sinceRequest(life: Life, asked: Asked): string {
	const end = find(life, "ended");
	// a zombie was found later than it ended
	const after = end === undefined || end.seen === "zombie" ? "after" : `${duration(end.at - asked.at)} after`;
	return `${after} ${asked.did} had sent ${signalName(asked.signal)}`;
}

function by({ did, who }: Asked): string {
	return `${did} was asked for by ${describeActor(who)}.`;
}

export function describeActor({ uid, by }: { readonly uid: number; readonly by: string }): string {
	return `${uid === 0 ? "root" : `user ${uid}`}, from ${by}`;
}

function duration(milliseconds: number): string {
	return milliseconds < 1000 ? `${Math.max(milliseconds, 0)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

function lastAsked(life: Life): Asked | undefined {
	return life.events.findLast(isRequest);
}

/** A reload of last week is not why it ended today. */
function recentlyAsked(life: Life): Asked | undefined {
	const asked = lastAsked(life);
	const end = find(life, "ended")?.at ?? 0;
	return asked && (asked.did === "stop" || end - asked.at < recent) ? asked : undefined;
}

/** For something that may end a process. */
function isRequest(event: LifeEvent): event is Asked {
	return (event.did === "kill" || event.did === "stop") && !harmless.includes(event.signal);
}

function wasDeleted(life: Life): boolean {
	return find(life, "delete")?.killed ?? false;
}

/** The last one. */
function find<D extends LifeEvent["did"]>(life: Life, did: D): Extract<LifeEvent, { readonly did: D }> | undefined {
	return life.events.findLast((event): event is Extract<LifeEvent, { readonly did: D }> => event.did === did);
}
