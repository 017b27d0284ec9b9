/**
 * Staying with a process until it ends: signals that we get go to it, bytes pass between its terminal and ours, its
 * exit status becomes ours. Used by `run` and `exec` without --detach.
 */

import { followSize } from "../../linux/console.js";
import { rawTermios } from "../../linux/termios.js";
import {
	F_GETFL,
	F_SETFL,
	O_NOCTTY,
	O_NONBLOCK,
	O_RDWR,
	POLLIN,
	POLLOUT,
	SIG_BLOCK,
	SIGCHLD,
	SIGWINCH,
	WNOHANG,
} from "../../sys/constants.js";
import type { Fd, Termios } from "../../sys/door.js";
import { hasCode } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import type { Child } from "./child.js";

/** Not forwarded: KILL and STOP cannot be caught, the synchronous ones are about ourselves, TTIN and TTOU about our terminal. */
const ownSignals = new Set([4, 5, 7, 8, 9, 11, 13, 19, 21, 22, 31, 32, 33]);

const chunk = 32 * 1024;

/** The kernel's tty buffers take 640 KiB at most. */
const largestBacklog = 1 << 20;

/** From now on signals wait until {@link attend} forwards them: none that comes while the container is made is lost. */
export function holdSignals(): Fd {
	const signals = Array.from({ length: 64 }, (_unused, index) => index + 1).filter((signal) => !ownSignals.has(signal));
	sys.sigprocmask(SIG_BLOCK, signals);
	return sys.signalfd4(signals);
}

/** Somebody else who is to be heard meanwhile. */
export interface Visitor {
	readonly fd: Fd;
	/** Something has come: takes it. False when there is nothing more to wait for. */
	readonly serve: () => boolean;
}

/** Serves the process until it has ended: its raw wait status. */
export function attend(child: Child, signals: Fd, master: Fd | null, visitor: Visitor | null = null): number {
	const terminal = master === null ? null : openRelay(master);
	let visiting = visitor;
	try {
		for (;;) {
			const items = [
				{ fd: signals, events: POLLIN },
				{ fd: child.pidfd, events: POLLIN },
				...(terminal?.items() ?? []),
				...(visiting ? [{ fd: visiting.fd, events: POLLIN }] : []),
			];
			const ready = sys.poll(items, -1);
			if (visiting && ready[items.length - 1] && !visiting.serve()) visiting = null;
			if (ready[0]) forwardSignals(signals, child, master);
			terminal?.serve(items, ready);
			// SIGCHLD may be about an orphan that we have adopted
			const status = ready[0] || ready[1] ? reapUntil(child.pid) : null;
			if (status !== null) {
				terminal?.drain();
				return status;
			}
		}
	} finally {
		terminal?.restore();
	}
}

function forwardSignals(signals: Fd, child: Child, master: Fd | null): void {
	for (let next = sys.read_siginfo(signals); next !== null; next = sys.read_siginfo(signals)) {
		if (next.signal === SIGCHLD) continue;
		if (next.signal !== SIGWINCH || master === null) send(child, next.signal);
		else followSize(master);
	}
}

function send(child: Child, signal: number): void {
	try {
		sys.pidfd_send_signal(child.pidfd, signal);
	} catch (error) {
		if (!hasCode(error, "ESRCH")) throw error;
	}
}

/** Takes every child that has ended (as a subreaper we get orphans too); the status of `pid` when it is among them. */
function reapUntil(pid: number): number | null {
	for (let ended = sys.wait4(-1, WNOHANG); ended !== null; ended = sys.wait4(-1, WNOHANG)) {
		if (ended.pid === pid) return ended.status;
	}
	return null;
}

interface Relay {
	items(): readonly { readonly fd: Fd; readonly events: number }[];
	serve(items: readonly { readonly fd: Fd; readonly events: number }[], ready: readonly number[]): void;
	/** Whatever the terminal still holds when its process has ended. */
	drain(): void;
	restore(): void;
}

/** stdin → master → stdout. The master does not block: a program that reads nothing must not keep its own output back. */
function openRelay(master: Fd): Relay {
	let input: Fd | null = 0;
	let output: Fd | null = master;
	let pending = new ArrayBuffer(0);
	let isRead = true;
	sys.fcntl(master, F_SETFL, sys.fcntl(master, F_GETFL, 0) | O_NONBLOCK);
	// a program may close its terminal and open it again: while we hold the other side, that is not the end
	const slave = sys.ioctl_pty_peer(master, O_RDWR | O_NOCTTY);
	const saved = makeRaw(0);

	return {
		items() {
			const items = [];
			if (output !== null) items.push({ fd: master, events: pending.byteLength > 0 ? POLLIN | POLLOUT : POLLIN });
			if (input !== null && pending.byteLength === 0) items.push({ fd: input, events: POLLIN });
			return items;
		},
		serve(items, ready) {
			items.forEach(({ fd }, index) => {
				const events = ready[index] ?? 0;
				if (events === 0) return;
				if (fd === master) {
					if (events & ~POLLOUT) copyOut();
					if (events & POLLOUT) writePending();
				} else if (fd === 0) {
					const bytes = readSome(0);
					if (bytes === "end") input = null;
					else pending = bytes;
					writePending();
				}
			});
		},
		drain() {
			// no more than a terminal can hold: a child that outlives the program may go on printing for ever
			for (let left = largestBacklog; left > 0 && output !== null; left -= copyOut()) {
				if (!sys.poll([{ fd: master, events: POLLIN }], 0)[0]) return;
			}
		},
		restore() {
			sys.close(slave);
			if (saved !== null) sys.tcsetattr(0, saved);
		},
	};

	/** The number of bytes that came. */
	function copyOut(): number {
		const bytes = readSome(master);
		if (bytes === "end") {
			output = null;
			return 0;
		}
		// when nobody reads any more, the program may still go on
		if (isRead) isRead = writeOut(bytes);
		return bytes.byteLength;
	}

	function writePending(): void {
		if (pending.byteLength === 0) return;
		try {
			pending = pending.slice(sys.write(master, pending));
		} catch (error) {
			if (hasCode(error, "EIO")) pending = new ArrayBuffer(0);
			else if (!hasCode(error, "EAGAIN")) throw error;
		}
	}
}

/** Empty when there is nothing after all: a terminal drops its output when ^C is typed, even between poll(2) and read(2). */
function readSome(fd: Fd): ArrayBuffer | "end" {
	try {
		const bytes = sys.read_bytes(fd, chunk);
		return bytes.byteLength === 0 ? "end" : bytes;
	} catch (error) {
		if (hasCode(error, "EIO")) return "end";
		if (hasCode(error, "EAGAIN")) return new ArrayBuffer(0);
		throw error;
	}
}

/** All of it to stdout; false when that has no reader any more. */
function writeOut(bytes: ArrayBuffer): boolean {
	for (let rest = bytes; rest.byteLength > 0; ) {
		try {
			rest = rest.slice(sys.write(1, rest));
		} catch (error) {
			if (hasCode(error, "EPIPE", "EIO")) return false;
			if (!hasCode(error, "EAGAIN")) throw error;
			sys.poll([{ fd: 1, events: POLLOUT }], -1);
		}
	}
	return true;
}

/** Keys reach the container's terminal, which echoes and interprets them. null when `fd` is no terminal. */
function makeRaw(fd: Fd): Termios | null {
	if (!sys.isatty(fd)) return null;
	const saved = sys.tcgetattr(fd);
	sys.tcsetattr(fd, rawTermios(saved));
	return saved;
}
