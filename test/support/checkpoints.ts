/** `test` with containers that are saved into the test's folder and restored from there. */
import { join } from "node:path";
import { expect } from "vitest";
import type { BundleOptions } from "./bundle.js";
import { test as base } from "./container.js";
import type { RunResult } from "./runtime.js";
import { needs } from "./skip.js";
import { stateOf } from "./status.js";
import { waitFor } from "./wait.js";

export interface Running {
	readonly id: string;
	readonly bundle: string;
	readonly pid: number;
	/** What it prints is in its `later`. */
	readonly run: RunResult;
}

export interface Saved {
	/** The directory of the images. */
	readonly images: string;
	/** A container that runs. */
	readonly start: (options?: BundleOptions) => Running;
	readonly checkpoint: (id: string, ...flags: string[]) => void;
	readonly restore: (id: string, bundle: string, ...flags: string[]) => Running;
	/** Both, one after the other. */
	readonly roundTrip: (container: Pick<Running, "id" | "bundle">, ...flags: string[]) => Running;
}

/** Counts in its memory, and says so. */
export const counter = ["/bin/sh", "-c", "i=0; while :; do i=$((i+1)); echo $i; usleep 20000; done"];

export const numbers = (text: string): readonly number[] => text.split("\n").filter(Boolean).map(Number);

/** One number after the other, from `first` on. */
export const sequence = (first: number, length: number): readonly number[] =>
	Array.from({ length }, (_unused, index) => first + index);

/** Waits until a counter has said three numbers more: all that it has said. */
export async function counts({ run }: Pick<Running, "run">): Promise<readonly number[]> {
	const before = numbers(run.later().stdout).length;
	return await waitFor(
		() => {
			const said = numbers(run.later().stdout);
			return said.length >= before + 3 && said;
		},
		{ what: "three numbers more" },
	);
}

export const test = base.extend("saved", ({ runtime, folder, makeBundle, newId, skip }): Saved => {
	needs(skip, "criu");
	const images = join(folder, "images");
	const begin = (id: string, bundle: string, verb: string, ...flags: string[]): Running => {
		const run = runtime(verb, "--detach", "--bundle", bundle, ...flags, id);
		// a program may have printed by now
		expect(run).toMatchObject({ status: 0, stderr: "" });
		return { id, bundle, run, pid: stateOf(runtime, id).pid };
	};
	const checkpoint = (id: string, ...flags: string[]) => {
		const result = runtime("checkpoint", "--image-path", images, ...flags, id);
		expect(result).toMatchObject({ status: 0, stdout: "", stderr: "" });
	};
	const restore = (id: string, bundle: string, ...flags: string[]) =>
		begin(id, bundle, "restore", "--image-path", images, ...flags);
	return {
		images,
		start: (options) => begin(newId(), makeBundle(options), "run"),
		checkpoint,
		restore,
		roundTrip: ({ id, bundle }, ...flags) => {
			checkpoint(id);
			return restore(id, bundle, ...flags);
		},
	};
});
