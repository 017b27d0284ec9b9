/** The signals by which people end a program, held back for one that has to put things in order first. */
import { SIG_BLOCK, SIG_UNBLOCK, SIGHUP, SIGINT, SIGQUIT, SIGTERM } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { sys } from "../../sys/index.js";

const ending = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/** From now on they wait, and the descriptor tells of them. */
export function holdEndingSignals(): Fd {
	sys.sigprocmask(SIG_BLOCK, ending);
	return sys.signalfd4(ending);
}

/** One that has come ends us here. */
export function releaseEndingSignals(held: Fd): void {
	sys.close(held);
	sys.sigprocmask(SIG_UNBLOCK, ending);
}

/** Work that leaves a container frozen when it is cut short: a signal that comes in between ends us afterwards. */
export function uninterrupted<T>(work: () => T): T {
	const held = holdEndingSignals();
	try {
		return work();
	} finally {
		releaseEndingSignals(held);
	}
}
