/** Waiting for cgroups: by the kernel's own notice where there is one, and never without a bound. */
import { AT_FDCWD, CLOCK_MONOTONIC, O_CLOEXEC, O_RDONLY, POLLIN, POLLPRI, SEEK_SET } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { hasCode } from "../../sys/errors.js";
import { withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";

/** Milliseconds that are left, 0 when the time is over. */
export type TimeLeft = () => number;

export function startClock(milliseconds: number): TimeLeft {
	const end = sys.clock_gettime(CLOCK_MONOTONIC) + BigInt(milliseconds) * 1_000_000n;
	return () => {
		const left = end - sys.clock_gettime(CLOCK_MONOTONIC);
		return left > 0n ? Math.ceil(Number(left) / 1e6) : 0;
	};
}

/** For what the kernel gives no notice of: a pause of a few milliseconds. */
export function pause(milliseconds: number): void {
	sys.poll([], milliseconds);
}

/**
 * Waits for a line of a v2 cgroup's cgroup.events, such as `frozen 1`. The file signals a change as POLLPRI, but at most
 * one in 10 ms, so that the second of two close ones comes late: the first looks are taken sooner.
 * False when the time is over. Kernel errors as they come.
 */
export function waitForEvent(directory: string, line: string, left: TimeLeft): boolean {
	return withFd(sys.openat(AT_FDCWD, `${directory}/cgroup.events`, O_RDONLY | O_CLOEXEC, 0), (fd) => {
		for (let milliseconds = 1; ; milliseconds *= 2) {
			if (sys.read(fd, 4096).split("\n").includes(line)) return true;
			const timeout = left();
			if (timeout === 0) return false;
			sys.poll([{ fd, events: POLLPRI }], Math.min(timeout, milliseconds));
			sys.lseek(fd, 0, SEEK_SET);
		}
	});
}

/** Waits until the processes have ended, as many at a time as descriptors are at hand; at once for those already gone. */
export function waitForEnd(pids: readonly number[], left: TimeLeft): void {
	const fds: Fd[] = [];
	try {
		for (const pid of pids.slice(0, 256)) fds.push(...watch(pid));
		for (const fd of fds) sys.poll([{ fd, events: POLLIN }], left());
	} finally {
		for (const fd of fds) sys.close(fd);
	}
}

function watch(pid: number): readonly Fd[] {
	try {
		return [sys.pidfd_open(pid, 0)];
	} catch (error) {
		if (hasCode(error, "ESRCH")) return [];
		throw error;
	}
}
