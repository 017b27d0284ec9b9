/**
 * Every resource that is made has its undo written next to it: `undo.add(…)` right after the making. When the
 * work fails they run in reverse order, all of them, and what fails among them is kept beside the cause.
 */
import { messageOf } from "../sys/errors.js";

export interface Undo {
	/** The step gets what failed. `what` completes "could not …" in the report of a clean-up that failed. */
	add(what: string, step: (cause: unknown) => void): void;
	/** Runs at the end of the work, however that comes and after every undo: for what is held only in case of one. */
	atEnd(step: () => void): void;
}

/** Runs `work`; if it throws, undoes what it registered, reports failed clean-ups and throws the first error on. */
export function withUndo<T>(report: (message: string) => void, work: (undo: Undo) => T): T {
	const steps: { what: string; step: (cause: unknown) => void }[] = [];
	const last: (() => void)[] = [];
	try {
		return work({ add: (what, step) => steps.push({ what, step }), atEnd: (step) => last.push(step) });
	} catch (error) {
		for (const { what, step } of steps.reverse()) {
			try {
				step(error);
			} catch (failure) {
				report(`could not ${what}: ${messageOf(failure)}`);
			}
		}
		throw error;
	} finally {
		for (const step of last) step();
	}
}
