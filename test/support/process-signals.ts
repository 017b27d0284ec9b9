/** A process as /proc shows it, for tests of what is made of it. */
import type { ProcessSignals } from "../../src/linux/process-signals.js";

/** A shell that is the init of its namespace, seen from the one above; `change` what matters. */
export function aProcess(change: Partial<ProcessSignals> = {}): ProcessSignals {
	return {
		pid: 500,
		name: "sh",
		state: "S",
		parent: 1,
		session: 500,
		pids: [500, 1],
		threads: 1,
		pending: 0n,
		blocked: 0n,
		ignored: 0n,
		caught: 0x10202n,
		awaited: 0n,
		...change,
	};
}
