/** Waiting for a condition, with a deadline and a name for what was awaited: tests never sleep for a guessed time. */
import { setTimeout as delay } from "node:timers/promises";

export interface Patience {
	/** What is awaited, as in "still waiting for …". */
	readonly what: string;
	/** Milliseconds until the wait fails; 10 seconds by default, which only a failing test ever waits. */
	readonly deadline?: number;
}

/**
 * Asks `probe` every few milliseconds until it answers neither `undefined` nor `false`.
 *
 * @returns the answer
 * @throws Error that names `what` when the deadline passes
 */
export async function waitFor<T>(
	probe: () => T | undefined | false | Promise<T | undefined | false>,
	{ what, deadline = 10_000 }: Patience,
): Promise<T> {
	const end = performance.now() + deadline;
	for (;;) {
		const answer = await probe();
		if (answer !== undefined && answer !== false) return answer;
		if (performance.now() > end) throw new Error(`after ${deadline} ms, still waiting for ${what}`);
		await delay(5);
	}
}

/**
 * The promise's value, or an error that names `what` when it takes too long.
 *
 * @param complain adds what is known to the message
 */
export async function within<T>(promise: Promise<T>, { what, deadline = 10_000 }: Patience, complain = () => "") {
	const late = new AbortController();
	const alarm = delay(deadline, undefined, { signal: late.signal }).then(() => {
		throw new Error(`after ${deadline} ms, still waiting for ${what}${complain()}`);
	});
	alarm.catch(() => {});
	try {
		return await Promise.race([promise, alarm]);
	} finally {
		late.abort();
	}
}
