/** --log, --log-format and --debug: what engines read after a failure, and what people read when they search for one. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { test } from "../support/e2e.js";
import { failed, failureOf, programName } from "../support/failure.js";
import { needs } from "../support/skip.js";

interface Line {
	readonly level: string;
	readonly msg: string;
	readonly time: string;
}

const read = (file: string) => readFileSync(file, "utf8");

/** Every line must be JSON. */
function parse(text: string): Line[] {
	const lines = text.split("\n").filter((line) => line !== "");
	return lines.map((line) => JSON.parse(line) as Line);
}

describe("--log with --log-format json", () => {
	test("has one line for a failure, and stderr has the same words", ({ runtime, newId, folder }) => {
		const log = join(folder, "log");
		const call = runtime("--log", log, "--log-format", "json", "state", newId());
		expect(failureOf(call)).toEqual(failed("container does not exist"));
		expect(parse(read(log))).toEqual([
			expect.objectContaining({ level: "error", msg: "container does not exist", time: expect.any(String) }),
		]);
		expect(Math.abs(Date.parse(parse(read(log))[0]?.time ?? "") - Date.now())).toBeLessThan(60_000);
	});

	test("is appended to, never truncated", ({ runtime, makeBundle, newId, folder }) => {
		const log = join(folder, "log");
		writeFileSync(log, '{"level":"error","msg":"from before","time":"2026-01-01T00:00:00Z"}\n');
		const options = ["--log", log, "--log-format", "json"];
		runtime(...options, "state", newId());
		runtime(...options, "run", "--bundle", makeBundle({ args: ["/bin/true"] }), newId());
		runtime(...options, "create", "--bundle", "/none", newId());
		expect(parse(read(log)).map(({ msg }) => msg)).toEqual([
			"from before",
			"container does not exist",
			`${programName} create failed: chdir /none: no such file or directory`,
		]);
	});

	test("is one whole JSON object for a parser that reads the file at once", ({
		runtime,
		makeBundle,
		newId,
		folder,
	}) => {
		const log = join(folder, "log");
		const bundle = makeBundle({ args: ["/none"] });
		runtime("--log", log, "--log-format=json", "create", "--bundle", bundle, newId());
		expect(JSON.parse(read(log))).toMatchObject({
			msg: expect.stringMatching(/exec: "\/none": stat \/none: no such file/),
		});
	});

	test("keeps a message of several lines on one", ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun"); // the list of issues is ours
		const [log, bundle] = [join(folder, "log"), makeBundle()];
		writeFileSync(join(bundle, "config.json"), '{"ociVersion": 1, "root": 2}');
		const { stderr } = runtime("--log", log, "--log-format=json", "create", "--bundle", bundle, newId());
		expect(stderr).toMatch(/^[^\n]+; [^\n]+\n$/);
		expect(parse(read(log)).length).toBe(1);
	});

	test("is there, and empty, after a success", ({ runtime, makeBundle, newId, folder }) => {
		const log = join(folder, "log");
		const bundle = makeBundle({ args: ["/bin/true"] });
		expect(runtime("--log", log, "--log-format", "json", "run", "--bundle", bundle, newId()).status).toBe(0);
		expect(read(log)).toBe("");
	});

	test("starts at the caller's directory, though a bundle is given", ({ runtime, makeBundle, newId, folder }) => {
		const bundle = makeBundle({ args: ["/none"] });
		runtime("--log", "log", "--log-format", "json", "create", "--bundle", bundle, newId());
		expect(parse(read(join(folder, "log"))).length).toBe(1);
		expect(existsSync(join(bundle, "log"))).toBe(false);
	});

	test("takes the warnings, which stderr then does not get", ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun"); // runc has other warnings
		const log = join(folder, "log");
		const bundle = makeBundle({
			args: ["/bin/true"],
			patch: ({ process }) => {
				process.capabilities.bounding?.push("CAP_UNHEARD_OF");
			},
		});
		const run = runtime("--log", log, "--log-format", "json", "run", "--bundle", bundle, newId());
		expect(run).toMatchObject({ status: 0, stdout: "", stderr: "" });
		expect(parse(read(log))).toEqual([
			{ level: "warning", msg: expect.stringContaining("CAP_UNHEARD_OF"), time: expect.any(String) },
		]);
	});
});

describe("--log in text", () => {
	test("has the line in logrus' form, with the fields of the error", ({ runtime, newId, folder }) => {
		const log = join(folder, "log");
		const id = newId();
		runtime("--log", log, "state", id);
		expect(read(log)).toMatch(
			/^time="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ" level=error msg="container does not exist".*\n$/,
		);
		if (programName === "tsrun") expect(read(log)).toContain(` id=container-missing object=${id} `);
	});
});

describe("--log-format json without --log", () => {
	test("makes stderr the one line", ({ runtime, newId }) => {
		const { status, stdout, stderr } = runtime("--log-format", "json", "state", newId());
		expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
		expect(JSON.parse(stderr)).toMatchObject({ level: "error", msg: "container does not exist" });
	});
});

describe("a log that does not work", () => {
	test("because its directory is missing stops the call before anything is done", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const call = runtime("--log", "/none/log", "create", "--bundle", makeBundle(), id);
		expect(failureOf(call)).toEqual(failed("open /none/log: no such file or directory"));
		expect(failureOf(runtime("state", id))).toEqual(failed("container does not exist"));
	});

	test("because it is a directory is named", ({ runtime, newId, folder }) => {
		expect(failureOf(runtime("--log", folder, "state", newId()))).toEqual(failed(`open ${folder}: is a directory`));
	});

	test("because nobody knows its format is told", ({ runtime, newId }) => {
		const { status, stderr } = runtime("--log-format", "xml", "state", newId());
		expect(status).toBe(1);
		expect(stderr).toMatch(/xml/);
	});
});

describe("--debug", () => {
	const debugLines = (text: string) => parse(text).filter(({ level }) => level === "debug");

	test("tells in the log what create, start, exec, run do", ({ runtime, makeBundle, newId, folder }) => {
		const id = newId();
		const bundle = makeBundle();
		const call = (name: string, ...words: string[]) => {
			const log = join(folder, `${name}.log`);
			const { status, stdout, stderr } = runtime("--debug", "--log", log, "--log-format", "json", ...words);
			expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
			return debugLines(read(log));
		};
		expect(call("create", "create", "--bundle", bundle, id).length).toBeGreaterThan(1);
		// runc's start has nothing to say
		expect(call("start", "start", id).length).toBeGreaterThanOrEqual(programName === "tsrun" ? 1 : 0);
		expect(call("exec", "exec", id, "/bin/true").length).toBeGreaterThan(1);
		expect(call("run", "run", "--bundle", makeBundle({ args: ["/bin/true"] }), newId()).length).toBeGreaterThan(2);
		runtime("delete", "--force", id);
	});

	test("names the bundle, the cgroup and the process", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun"); // the words are ours
		const bundle = makeBundle({ args: ["/probe", "exit", "3"] });
		const { status, stderr } = runtime("--debug", "run", "--bundle", bundle, newId());
		expect(status).toBe(3);
		expect(stderr).toMatch(new RegExp(`level=debug msg="bundle ${bundle}: config.json is valid, `));
		expect(stderr).toMatch(/level=debug msg="cgroup: made \/sys\/fs\/cgroup/);
		expect(stderr).toMatch(/level=debug msg="process \d+ runs its program"/);
		expect(stderr).toMatch(/level=debug msg="process \d+ has ended with status 3"/);
	});

	test("says nothing unless asked", ({ runtime, makeBundle, newId, folder }) => {
		const log = join(folder, "log");
		runtime("--log", log, "run", "--bundle", makeBundle({ args: ["/bin/true"] }), newId());
		expect(read(log)).toBe("");
	});

	test("shows the hint of an error, too", ({ runtime, newId, skip }) => {
		needs(skip, "tsrun"); // hints are ours
		const { stderr } = runtime("--debug", "state", newId());
		expect(stderr).toBe(
			`container does not exist\nhint: list shows the containers under ${runtime.root}; another root is named with --root\n`,
		);
	});
});
