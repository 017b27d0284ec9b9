/**
 * Driving CRIU: `criu swrk FD` does what one request says and ends. While it works it tells how far it is, and waits
 * each time until we have done our part (criu.org/RPC). Both sides give up when the other one goes: CRIU then lets a
 * dumped container run on, and takes back what it has restored.
 */
import { failureInLog } from "../../linux/criu/log.js";
import { type CriuResponse, decodeResponse, encodeFeatureCheck, encodeNotified } from "../../linux/criu/messages.js";
import {
	AF_UNIX,
	AT_FDCWD,
	CLONE_NEWNS,
	MS_REC,
	MS_SLAVE,
	O_CLOEXEC,
	O_DIRECTORY,
	O_RDONLY,
	O_RDWR,
	SIGKILL,
	SOCK_SEQPACKET,
} from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { hasCode, TsrunError } from "../../sys/errors.js";
import { readFile, withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import { waitReadable } from "../../sys/wait.js";
import type { Host } from "../host.js";
import { type Child, parseExecFailure, reap, startChild } from "./child.js";
import { findInPath } from "./helper.js";

/** More than any of its messages has. */
const longestMessage = 65_536;

/** What CRIU may still have to say when the process that it restores has ended: in milliseconds. */
const lastWords = 5000;

export interface CriuNotification {
	readonly name: string;
	/** Of the restored container's first process. */
	readonly pid: number;
	/** A terminal's master comes with "orphan-pts-master". */
	readonly fds: readonly Fd[];
}

export interface CriuWork {
	/** For errors: "checkpoint container web". */
	readonly what: string;
	/** Of the images, and of CRIU's log and other files: absolute paths. */
	readonly directories: readonly [images: string, work: string];
	/** Below the second of the directories. */
	readonly logFile: string;
	/** Made when CRIU is there to be named in it. */
	readonly request: (pid: number) => ArrayBuffer;
	/** The standard streams; what is restored may take them over. /dev/null without them. */
	readonly streams?: readonly [Fd, Fd, Fd];
	/** CRIU has them from {@link firstHandedFd} on. */
	readonly fds?: readonly Fd[];
	/** In CRIU's process, in its mount namespace. */
	readonly prepare?: () => void;
	readonly notified: (notification: CriuNotification) => void;
	/** The pidfd of a process that CRIU waits for and is not told of when it ends: our own child. */
	readonly restored?: () => Fd | undefined;
}

/** CRIU's descriptors: after the socket, 3, come those of the directories. */
export const imagesFd = 4;
export const workFd = 5;
export const firstHandedFd = 6;

export function hasCriu({ criu }: Host): boolean {
	return (criu ?? findInPath("criu")) !== null;
}

/** @throws criu-missing */
export function findCriu({ criu }: Host): string {
	const path = criu ?? findInPath("criu");
	if (path !== null) return path;
	throw new TsrunError("criu-missing", 'exec: "criu": executable file not found in $PATH', {
		stage: "criu",
		object: "criu",
		hint: "install criu, or name it with --criu",
	});
}

export type CriuFeatures = CriuResponse["features"];

/** What CRIU can use of this kernel. */
export function askFeatures(path: string): CriuFeatures {
	const response = converse(path, { request: encodeFeatureCheck, notified: () => {} });
	return response?.features ?? { trackMemory: false, lazyPages: false };
}

/** Does the work; returns when CRIU has ended. @throws criu-failed, and what `notified` throws */
export function runCriu(path: string, work: CriuWork): void {
	const response = converse(path, work);
	if (response === null) throw explain(work, "it ended without an answer");
	if (!response.success) throw explain(work, response.message || `errno ${response.errno}`);
}

type Conversation = Pick<CriuWork, "request" | "notified"> & Partial<CriuWork>;

/** The final answer, or the first one that says no; null when it ended without any. */
function converse(path: string, conversation: Conversation): CriuResponse | null {
	const { request, streams, notified, restored } = conversation;
	const [starting, theirs] = sys.socketpair(AF_UNIX, SOCK_SEQPACKET);
	const devNull = sys.openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0);
	const [stdin, stdout, stderr] = streams ?? [devNull, devNull, devNull];
	const child = startChild({
		path,
		argv: ["criu", "swrk", "3"],
		envp: sys.environ(),
		stdin,
		stdout,
		stderr,
		errorFd: theirs,
		prepare: () => standApart(conversation.prepare),
		handed: () => [
			socketFor(theirs),
			...(conversation.directories ?? []).map(openDirectory),
			...(conversation.fds ?? []),
		],
	});
	for (const fd of [theirs, devNull]) sys.close(fd);
	try {
		const socket = withFd(starting, () => socketOf(starting, path));
		return withFd(socket, () => {
			for (let message = request(child.pid); ; message = encodeNotified()) {
				if (!send(socket, message)) return null;
				const received = receive(socket, child, restored?.());
				if (received === null) return null;
				const { response, fds } = received;
				if (!response.success || response.type !== "notify") return response;
				notified({ name: response.notification ?? "", pid: response.pid ?? 0, fds });
			}
		});
	} finally {
		reap(child.pid);
		sys.close(child.pidfd);
	}
}

/**
 * CRIU mounts what it needs: in a mount namespace of its own, so that all of that is gone when it is, also when it is
 * killed. In a session of its own, so that whoever ends us from a terminal lets it put things in order.
 */
function standApart(prepare: (() => void) | undefined): void {
	sys.setsid();
	sys.unshare(CLONE_NEWNS);
	sys.mount(null, "/", null, MS_SLAVE | MS_REC, null);
	prepare?.();
}

/**
 * The child makes the pair and sends us our end. CRIU looks up the descriptors of a request in the process that has made its
 * socket: they have to be its own, of its own mount namespace, or it could not mount anything there.
 */
function socketFor(parent: Fd): Fd {
	const [parents, crius] = sys.socketpair(AF_UNIX, SOCK_SEQPACKET);
	sys.sendmsg(parent, "socket", [parents]);
	return crius;
}

function openDirectory(path: string): Fd {
	return sys.openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
}

/** Our end; CRIU runs then. */
function socketOf(starting: Fd, path: string): Fd {
	const first = sys.recvmsg(starting, 4096);
	const failure = parseExecFailure(first.fds.length === 0 ? first.data : sys.recvmsg(starting, 4096).data);
	const [socket] = first.fds;
	if (failure === null && socket !== undefined) return socket;
	if (socket !== undefined) sys.close(socket);
	throw new TsrunError("criu-missing", failure?.message ?? "criu did not start", { stage: "criu", object: path });
}

/** False when nobody is there any more. */
function send(socket: Fd, message: ArrayBuffer): boolean {
	try {
		sys.sendmsg(socket, message, []);
		return true;
	} catch (error) {
		if (hasCode(error, "EPIPE", "ECONNRESET")) return false;
		throw error;
	}
}

interface Received {
	readonly response: CriuResponse;
	readonly fds: readonly Fd[];
}

/**
 * Without a limit: a dump takes as long as the memory is large. But whom the restored process has left alone would wait for
 * ever.
 */
function receive(socket: Fd, { pidfd }: Child, restored: Fd | undefined): Received | null {
	const both = [socket, pidfd];
	let ready = waitReadable(restored === undefined ? both : [...both, restored], -1);
	if (!ready?.some((fd) => both.includes(fd))) ready = waitReadable(both, lastWords);
	if (ready === null) sys.pidfd_send_signal(pidfd, SIGKILL);
	if (!ready?.includes(socket)) return null;
	const { data, fds } = sys.recvmsg_bytes(socket, longestMessage);
	return data.byteLength === 0 ? null : { response: decodeResponse(data), fds };
}

/** CRIU's own words, and what cures it. */
function explain({ what, directories: [, work], logFile }: CriuWork, otherwise: string): TsrunError {
	const path = `${work}/${logFile}`;
	const logged = failureInLog(readLog(path));
	return new TsrunError("criu-failed", `${what}: criu: ${logged?.message ?? otherwise}`, {
		stage: "criu",
		object: path,
		hint: logged?.hint ?? `all that criu did is in ${path}`,
	});
}

function readLog(path: string): string {
	try {
		return readFile(path);
	} catch (error) {
		if (hasCode(error, "ENOENT")) return "";
		throw error;
	}
}
