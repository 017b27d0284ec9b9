/** The truth about process 1: every claim of lab/experiments, proved on the running kernel. */
import { existsSync } from "node:fs";
import { describe, expect } from "vitest";
import type { Experiment } from "../../lab/experiments/experiment.js";
import { familyExperiments, shellExperiments, signalExperiments } from "../../lab/experiments/index.js";
import { programs } from "../../lab/experiments/programs.js";
import { test } from "../support/e2e.js";
import { labOf } from "../support/lab.js";
import { needs } from "../support/skip.js";

const chapters: Readonly<Record<string, readonly Experiment[]>> = {
	"signals for process 1": signalExperiments,
	"a shell as process 1": shellExperiments,
	"orphans, zombies, and the end of process 1": familyExperiments,
};

test("the programs of the experiments are here", ({ skip }) => {
	needs(skip, "dash", "bash", "busybox", "python3", "perl", "nsenter");
	expect(programs.filter(({ path }) => !existsSync(path))).toEqual([]);
});

for (const [chapter, experiments] of Object.entries(chapters)) {
	describe(chapter, () => {
		for (const { claim, ownInit, run } of experiments) {
			test(claim, async ({ runtime, makeBundle, newId, skip }) => {
				needs(skip, "dash", "bash", "busybox", "python3", "perl", "nsenter", ...(ownInit ? (["tsrun"] as const) : []));
				const tidy = labOf({ runtime, makeBundle, newId });
				const findings = await run(tidy.lab).finally(tidy.close);
				expect(findings.length).toBeGreaterThan(0);
				expect(findings.map(({ what, seen }) => ({ what, seen }))).toEqual(
					findings.map(({ what, expected }) => ({ what, seen: expected })),
				);
			});
		}
	});
}
