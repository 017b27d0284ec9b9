/** A raw wait status (wait(2)) in words. */
import { signalName } from "./signals.js";

/** "with exit status 3", "by SIGKILL", "by SIGSEGV, with a core dump": how a process ended. */
export function describeWaitStatus(status: number): string {
	const signal = status & 0x7f;
	if (signal === 0) return `with exit status ${(status >> 8) & 0xff}`;
	return `by ${signalName(signal)}${status & 0x80 ? ", with a core dump" : ""}`;
}
