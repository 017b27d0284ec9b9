/**
 * The binary under valgrind, which sees what the sanitizers do not: a value that nobody has set. It knows neither
 * clone3(2) nor pidfds before 3.20, so that it watches the verbs that make and signal no process; the engine has its memory from libc, for it to see.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect } from "vitest";
import { makeBuild, throughBuild } from "../support/builds.js";
import { test as base } from "../support/e2e.js";
import { isMet, needs } from "../support/skip.js";
import { awaitStatus } from "../support/status.js";

beforeAll(() => {
	if (isMet("valgrind")) makeBuild("valgrind");
}, 240_000);

const valgrind = [
	"valgrind",
	"-q",
	"--leak-check=full",
	"--show-leak-kinds=definite",
	"--errors-for-leak-kinds=definite",
];

const test = base.extend("watched", ({ runtime, folder, skip }) => {
	needs(skip, "tsrun", "valgrind");
	const report = join(folder, "report");
	return (...words: string[]) => {
		const through = throughBuild("valgrind", ...valgrind, `--log-file=${report}`);
		const { status, stdout, stderr } = runtime.with({ through, deadline: 60_000 }, ...words);
		return { status, stdout, stderr, report: readFileSync(report, "utf8") };
	};
});

const clean = { status: 0, stderr: "", report: "" };
const refused = { status: 1, report: "" };

describe("valgrind has nothing to say", { timeout: 120_000 }, () => {
	test("about what a container is asked and told", async ({ watched, runtime, makeBundle, newId, folder }) => {
		const id = newId();
		const limits = join(folder, "limits.json");
		writeFileSync(limits, JSON.stringify({ pids: { limit: 50 } }));
		runtime("create", "--bundle", makeBundle(), id);
		for (const verb of ["state", "start", "pause", "resume", "signals"]) expect(watched(verb, id)).toMatchObject(clean);
		expect(watched("ps", "--format", "json", id)).toMatchObject(clean);
		expect(watched("list", "--format", "json")).toMatchObject(clean);
		expect(watched("events", "--stats", id)).toMatchObject(clean);
		expect(watched("update", "--resources", limits, id)).toMatchObject(clean);
		// it has no pidfd_open(2) either
		runtime("kill", id, "KILL");
		await awaitStatus(runtime, id, "stopped");
		expect(watched("delete", id)).toMatchObject(clean);
		expect(watched("why", id)).toMatchObject(clean);
	});

	test("about its own words", ({ watched }) => {
		for (const words of [["--version"], ["--help"], ["features"], ["help", "spec"]]) {
			expect(watched(...words)).toMatchObject(clean);
		}
	});

	test("about a bundle, right or wrong", ({ watched, makeBundle, folder }) => {
		const bundle = makeBundle();
		expect(watched("spec", "--check", "--bundle", bundle)).toMatchObject(clean);
		writeFileSync(join(bundle, "config.json"), '{"ociVersion": 7, "process": {"args": [], "user": {"uid": -1}}}');
		expect(watched("spec", "--check", "--bundle", bundle)).toMatchObject(refused);
		writeFileSync(join(bundle, "config.json"), "{");
		expect(watched("spec", "--check", "--bundle", bundle)).toMatchObject(refused);
		expect(watched("spec", "--check", "--bundle", folder)).toMatchObject(refused);
	});

	test("about what is refused", ({ watched, newId }) => {
		for (const verb of ["state", "start", "delete", "pause"]) expect(watched(verb, newId())).toMatchObject(refused);
		expect(watched("list", "--no-such-flag")).toMatchObject(refused);
	});
});

test("it would say so: a program with two faults is told of both", ({ folder, skip }) => {
	needs(skip, "valgrind");
	const [source, program, report] = ["faults.c", "faults", "report"].map((name) => join(folder, name)) as [
		string,
		string,
		string,
	];
	writeFileSync(
		source,
		`#include <stdlib.h>
		int main(void) { int *lost = malloc(4); int unset = *lost; lost = NULL; return unset ? 1 : lost != NULL; }`,
	);
	execFileSync("gcc", ["-O0", "-o", program, source]);
	const [command = "", ...flags] = valgrind;
	execFileSync(command, [...flags, `--log-file=${report}`, program]);
	expect(readFileSync(report, "utf8")).toMatch(/uninitialised value[\s\S]*definitely lost/);
});
