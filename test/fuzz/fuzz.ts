/**
 * Many cases from one seed. The short form, in the gate, takes the same cases each time; `npm run fuzz` takes other and
 * many more: `FUZZ` is the factor, `FUZZ_SEED` where to begin (what a failure prints does it again).
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../support/paths.js";
import { randomFrom } from "../support/random.js";
import type { Random } from "./generate.js";

/** How many times as many cases as in the short form. */
export const factor = Number(process.env.FUZZ ?? 1);
export const firstSeed = Number(process.env.FUZZ_SEED ?? (factor === 1 ? 1 : Date.now() % 2 ** 31));

/** A minute of the short form is too much for a test of it; nobody waits for the long one. */
export const patience = factor * 60_000;

/**
 * Makes an input and tries it, as often as `cases` says, or that often times the factor. The first one that fails is kept
 * in build/fuzz, and told with its seed.
 */
export function fuzz<Input>(
	name: string,
	cases: number,
	make: (random: Random) => Input,
	attempt: (input: Input, round: number) => void,
): void {
	for (let round = 0; round < cases * factor; round++) {
		const seed = firstSeed + round;
		// the generator's first numbers after small seeds are much alike
		const random = randomFrom(Math.imul(seed, 2_654_435_761));
		random();
		const input = make(random);
		try {
			attempt(input, round);
		} catch (cause) {
			throw new Error(`${name}: FUZZ_SEED=${seed}, kept in ${keep(name, seed, input)}`, { cause });
		}
	}
}

function keep(name: string, seed: number, input: unknown): string {
	const folder = join(repository, "build/fuzz");
	mkdirSync(folder, { recursive: true });
	const file = join(folder, `${name.replaceAll(/\W+/g, "-")}-${seed}`);
	const text =
		typeof input === "string"
			? input
			: JSON.stringify(input, (_, value) => (typeof value === "bigint" ? `${value}n` : value), "\t");
	writeFileSync(file, text);
	return file;
}
