/**
 * What a recording door knows: the world it answers for, the descriptors it has handed out, and what was asked of it.
 * One recorder is one pass through the code, on one side of the clone.
 */
import type { Door, Fd } from "../../sys/door.js";
import { errnos, type Node, newWorld, type World } from "./world.js";

export type Actor = "runtime" | "intermediate" | "container";

/** A call that would have changed something. */
export interface Event {
	readonly actor: Actor;
	readonly name: string;
	readonly args: readonly unknown[];
	/** The file or object it is about, as people call it. */
	readonly about: string;
	/** What was written or sent. */
	readonly text?: string;
	/** A mount that has found its place. */
	readonly tree?: Tree;
}

/** A mount while it is being made. */
export interface Tree {
	/** Of a new file system; "" for a copy of a tree. */
	readonly type: string;
	/** The source of a copy. */
	readonly from: string;
	readonly recursive: boolean;
	readonly options: string[];
	/** MOUNT_ATTR_*. */
	set: number;
	/** The calls that made it. */
	readonly calls: string[];
	/** It hangs somewhere. */
	attached: boolean;
}

/** What a descriptor leads to. */
export interface Open {
	readonly node: Node | null;
	readonly tree?: Tree;
	/** Not a file: "socket", "pidfd" and the like. */
	readonly kind?: string;
	/** The host's, opened when it is read for the first time. */
	real: Fd | null;
	/** All has been read of what never was a file of the host, or of a directory. */
	read: boolean;
}

export interface Recorder {
	readonly host: Door;
	readonly world: World;
	readonly side: "runtime" | "container";
	readonly asRoot: boolean;
	readonly events: Event[];
	/** What the side that is not there would send. */
	readonly incoming: string[];
	readonly open: Map<Fd, Open>;
	actor: Actor;
	uid: number;
	hasCloned: boolean;
	/** Which event is the clone of the container's process, or of the one between; -1 before it. */
	cloneAt: number;
	umask: number;
	/** The last pair of sockets: at the clone, the one that both sides talk over. */
	sync: readonly Fd[];
	over: boolean;
}

/** The end of a pass. No catch may keep it: every call after it throws it again. */
export const theEnd = new Error("the end of the recording");

export interface Pass {
	readonly side: Recorder["side"];
	readonly asRoot: boolean;
	readonly stateRoot: string;
	readonly incoming: readonly string[];
}

export function newRecorder(host: Door, { side, asRoot, stateRoot, incoming }: Pass): Recorder {
	return {
		host,
		side,
		asRoot,
		world: newWorld(host, asRoot ? stateRoot : null),
		events: [],
		incoming: [...incoming],
		open: new Map(),
		actor: "runtime",
		uid: asRoot ? 0 : host.geteuid(),
		hasCloned: false,
		cloneAt: -1,
		umask: 0o022,
		sync: [],
		over: false,
	};
}

export function note(
	recorder: Recorder,
	name: string,
	args: readonly unknown[],
	about = "",
	more: Partial<Event> = {},
): void {
	recorder.events.push({ actor: recorder.actor, name, args, about, ...more });
}

/** The lowest free number, as the kernel gives it. */
export function hand(recorder: Recorder, what: Partial<Open>): Fd {
	let fd = 3;
	while (recorder.open.has(fd)) fd++;
	recorder.open.set(fd, { node: null, real: null, read: false, ...what });
	return fd;
}

export function opened(recorder: Recorder, fd: Fd, call: string): Open {
	return recorder.open.get(fd) ?? recorder.host.throw_errno(call, errnos.EBADF);
}

export function closeOpen(recorder: Recorder, fd: Fd): void {
	const { real } = opened(recorder, fd, "close");
	if (real !== null) recorder.host.close(real);
	recorder.open.delete(fd);
}
