/** A bug of ours: it is called one, and its stack names files and lines of the TypeScript that made it. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { test } from "../support/e2e.js";
import { repository, runtimeProgram } from "../support/paths.js";
import type { Runtime } from "../support/runtime.js";
import { needs } from "../support/skip.js";

/** Nobody but the runtime writes into its state directory, so what it finds there is not looked at twice. */
function spoil(runtime: Runtime, id: string): void {
	writeFileSync(join(runtime.root, id, "config.json"), "null");
}

interface Position {
	readonly name: string;
	readonly file: string;
	readonly line: number;
}

/** `    at startProcess (src/runtime/lifecycle/exec.ts:81)` */
function parseStack(stack: string): readonly Position[] {
	const lines = stack.split("\n").filter((line) => line.startsWith("    at "));
	return lines.map((line) => {
		const [, name = "", file = "", number] = /^ {4}at (\S+) \((src\/\S+\.ts):(\d+)\)$/.exec(line) ?? [];
		expect(file, line).not.toBe("");
		return { name, file, line: Number(number) };
	});
}

/** The line as it was built; undefined when the file has been edited since. */
function sourceLine({ file, line }: Position): string | undefined {
	const path = join(repository, file);
	if (statSync(path).mtimeMs > statSync(runtimeProgram).mtimeMs) return undefined;
	return readFileSync(path, "utf8").split("\n")[line - 1];
}

describe("an error that nobody foresaw", () => {
	test("names the lines of the sources that led to it", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun");
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle(), id);
		spoil(runtime, id);
		const { status, stdout, stderr } = runtime("exec", id, "/bin/true");
		expect({ status, stdout, message: stderr.split("\n")[0] }).toEqual({
			status: 255,
			stdout: "",
			message: "exec failed: internal error: cannot read property 'process' of null",
		});
		const stack = parseStack(stderr);
		expect(stack.map(({ file }) => file)).toContain("src/runtime/lifecycle/exec.ts");
		expect(stack.at(-1)?.file).toBe("src/cli/dispatch.ts");
		expect(sourceLine(stack[0] as Position) ?? "config.process").toContain("config.process");
		expect(runtime("delete", "--force", id)).toMatchObject({ status: 0, stderr: "" });
	});

	test("is one line of the log, with id and stack as members", ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun");
		const [id, log] = [newId(), join(folder, "log")];
		runtime("run", "--detach", "--bundle", makeBundle(), id);
		spoil(runtime, id);
		expect(runtime("--log", log, "--log-format", "json", "exec", id, "/bin/true").status).toBe(255);
		const [line, ...more] = readFileSync(log, "utf8").trimEnd().split("\n");
		expect(more).toEqual([]);
		const entry = JSON.parse(line ?? "");
		expect(entry).toMatchObject({
			level: "error",
			id: "internal",
			msg: expect.stringMatching(/^exec failed: internal error: /),
		});
		expect(parseStack(entry.stack).length).toBeGreaterThan(2);
		runtime("delete", "--force", id);
	});
});
