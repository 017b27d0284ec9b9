/** Chance that can be had again. */

/** The next of a sequence that only the seed decides: what a failing run did can be done again. */
export function randomFrom(seed: number): () => number {
	let state = seed;
	return () => {
		// numerical recipes' linear congruential generator
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state / 2 ** 32;
	};
}
