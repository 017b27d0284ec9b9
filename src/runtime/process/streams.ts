/** What the command line and `process.terminal` say together about the process's streams, checked before anything is made. */
import { F_DUPFD_CLOEXEC, F_GETFD } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { hasCode, TsrunError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";

/** `detached`: nobody of ours will be there to serve a terminal. */
export function checkTerminal(terminal: boolean, consoleSocket: string | undefined, detached: boolean): void {
	if (terminal && detached && consoleSocket === undefined) {
		throw new TsrunError("console-failed", "cannot allocate tty if tsrun will detach without setting console socket", {
			stage: "console",
			hint: "name a listening socket with --console-socket, or set process.terminal to false",
		});
	}
	if (consoleSocket !== undefined && (!terminal || !detached)) {
		throw new TsrunError("console-failed", "cannot use console socket if tsrun will not detach or allocate tty", {
			stage: "console",
			object: consoleSocket,
			hint: "set process.terminal to true, or leave --console-socket out",
		});
	}
}

/** The descriptors 3 … 2+N must be there, since the program is told that they are. */
export function checkPreservedFds(count: number): void {
	for (let fd = 3; fd < 3 + count; fd++) {
		try {
			sys.fcntl(fd, F_GETFD, 0);
		} catch (error) {
			if (!hasCode(error, "EBADF")) throw error;
			throw new TsrunError("file-failed", `please check that preserved-fd ${fd} (of ${count}) is present`, {
				object: String(fd),
				hint: "--preserve-fds N hands on the descriptors 3 to 2+N, which the caller must have open",
			});
		}
	}
}

/** What is started by `work` has these three as its streams; afterwards they are closed, and ours are the caller's again. */
export function withStreams<T>(streams: readonly [input: Fd, output: Fd, errors: Fd], work: () => T): T {
	const saved = [0, 1, 2].map((fd) => sys.fcntl(fd, F_DUPFD_CLOEXEC, 3));
	try {
		streams.forEach((fd, stream) => {
			sys.dup2(fd, stream);
		});
		return work();
	} finally {
		saved.forEach((fd, stream) => {
			sys.dup2(fd, stream);
			sys.close(fd);
		});
		for (const fd of new Set(streams)) sys.close(fd);
	}
}

/**
 * Closes what the caller leaked and what we do not need any more, except the preserved descriptors and `kept`. A process
 * that waits for start may wait for long: it must keep no pipe of a stranger open, and no directory of the host, into
 * which a working directory of "/proc/self/fd/N" could lead (CVE-2024-21626).
 */
export function closeAllBut(preserved: number, kept: readonly Fd[]): void {
	let first = 3 + preserved;
	for (const fd of [...kept].sort((a, b) => a - b)) {
		if (fd > first) sys.close_range(first, fd - 1, 0);
		first = Math.max(first, fd + 1);
	}
	sys.close_range(first, -1, 0);
}
