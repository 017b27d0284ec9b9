/** Waiting for descriptors with a deadline: every wait of the runtime has one, or says -1. */
import { CLOCK_MONOTONIC, POLLERR, POLLHUP, POLLIN } from "./constants.js";
import type { Fd } from "./door.js";
import { sys } from "./index.js";

/** Those of the descriptors that can be read or are at their end; null when `timeout` milliseconds (-1: none) have gone. */
export function waitReadable(fds: readonly Fd[], timeout: number): readonly Fd[] | null {
	const items = fds.map((fd) => ({ fd, events: POLLIN }));
	const deadline = timeout < 0 ? null : sys.clock_gettime(CLOCK_MONOTONIC) + BigInt(timeout) * 1_000_000n;
	for (let left = timeout; ; ) {
		const events = sys.poll(items, left);
		const ready = fds.filter((_fd, index) => ((events[index] ?? 0) & (POLLIN | POLLHUP | POLLERR)) !== 0);
		if (ready.length > 0) return ready;
		// nothing ready: the time is up, or a signal came in between
		if (deadline === null) continue;
		left = Number((deadline - sys.clock_gettime(CLOCK_MONOTONIC)) / 1_000_000n);
		if (left <= 0) return null;
	}
}

/** Waits for a process by its pidfd; false when it still lives after `timeout` milliseconds. */
export function waitForExit(pidfd: Fd, timeout: number): boolean {
	return waitReadable([pidfd], timeout) !== null;
}
