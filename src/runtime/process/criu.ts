/**
 * Driving CRIU: `criu swrk FD` does what one request says and ends. While it works it tells how far it is, and waits
 * each time until we have done our part (criu.org/RPC). Both sides give up when the other one goes: CRIU then lets a
 * dumped container run on, and takes back what it has restored.
 */
import { failureInLog } from "../../linux/criu/log.js";
import { type CriuResponse, decodeResponse, encodeFeatureCheck, encodeNotified } from "../../linux/criu/messages.js";
import { AF_UNIX, AT_FDCWD, O_CLOEXEC, O_RDWR, SOCK_SEQPACKET } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { hasCode, TsrunError } from "../../sys/errors.js";
import { readFileAt, withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import { waitReadable } from "../../sys/wait.js";
import type { Host } from "../host.js";
import { parseExecFailure, reap, startChild } from "./child.js";
import { findInPath } from "./helper.js";

/** More than any of its messages has. */
const longestMessage = 65_536;

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
	/** Made when CRIU is there to be named in it. */
	readonly request: (pid: number) => ArrayBuffer;
	/** The standard streams; what is restored may take them over. /dev/null without them. */
	readonly streams?: readonly [Fd, Fd, Fd];
	/** CRIU has them from 4 on. */
	readonly fds?: readonly Fd[];
	readonly notified: (notification: CriuNotification) => void;
	/** Where CRIU writes its log. */
	readonly log: { readonly directory: Fd; readonly file: string; readonly path: string };
}

/** The first descriptor that is handed on; 3 is the socket. */
export const firstHandedFd = 4;

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

type Conversation = Pick<CriuWork, "request" | "streams" | "fds" | "notified">;

/** The final answer, or the first one that says no; null when it ended without any. */
function converse(path: string, { request, streams, fds = [], notified }: Conversation): CriuResponse | null {
	const [ours, theirs] = sys.socketpair(AF_UNIX, SOCK_SEQPACKET);
	const [execution, errorFd] = sys.socketpair(AF_UNIX, SOCK_SEQPACKET);
	const devNull = sys.openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0);
	const [stdin, stdout, stderr] = streams ?? [devNull, devNull, devNull];
	const child = startChild({
		path,
		argv: ["criu", "swrk", "3"],
		envp: sys.environ(),
		stdin,
		stdout,
		stderr,
		errorFd,
		handed: [theirs, ...fds],
		// whoever ends us from a terminal lets CRIU put things in order
		prepare: () => sys.setsid(),
	});
	for (const fd of [theirs, errorFd, devNull]) sys.close(fd);
	try {
		const failure = withFd(execution, () => parseExecFailure(sys.recvmsg(execution, 4096).data));
		if (failure !== null) throw new TsrunError("criu-missing", failure.message, { stage: "criu", object: path });
		for (let message = request(child.pid); ; message = encodeNotified()) {
			if (!send(ours, message)) return null;
			const received = receive(ours, child.pidfd);
			if (received === null) return null;
			const { response, fds: come } = received;
			if (!response.success || response.type !== "notify") return response;
			notified({ name: response.notification ?? "", pid: response.pid ?? 0, fds: come });
		}
	} finally {
		sys.close(ours);
		reap(child.pid);
		sys.close(child.pidfd);
	}
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

/** Without a limit: a dump takes as long as the memory is large. */
function receive(socket: Fd, pidfd: Fd): Received | null {
	const ready = waitReadable([socket, pidfd], -1) ?? [];
	if (!ready.includes(socket)) return null;
	const { data, fds } = sys.recvmsg_bytes(socket, longestMessage);
	return data.byteLength === 0 ? null : { response: decodeResponse(data), fds };
}

/** CRIU's own words, and what cures it. */
function explain({ what, log }: CriuWork, otherwise: string): TsrunError {
	const logged = failureInLog(readLog(log));
	return new TsrunError("criu-failed", `${what}: criu: ${logged?.message ?? otherwise}`, {
		stage: "criu",
		object: log.path,
		hint: logged?.hint ?? `all that criu did is in ${log.path}`,
	});
}

function readLog({ directory, file }: CriuWork["log"]): string {
	try {
		return readFileAt(directory, file);
	} catch (error) {
		if (hasCode(error, "ENOENT")) return "";
		throw error;
	}
}
