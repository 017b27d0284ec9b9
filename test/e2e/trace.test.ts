/** --trace: every system call of both sides of the clone, as lines to read or as spans to draw; the work is the same. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { test } from "../support/e2e.js";
import { needs } from "../support/skip.js";
import { stateOf } from "../support/status.js";

interface Line {
	readonly pid: number;
	readonly call: string;
	readonly args: string;
	readonly result: string;
	readonly microseconds: number;
}

/** `[12] mkdirat(-100, "/x", 448) = 0 <3.4 µs>` */
function parse(text: string): readonly Line[] {
	return text
		.trimEnd()
		.split("\n")
		.map((line) => {
			const [, pid, call = "", args = "", result = "", time] =
				/^\[(\d+)\] (\w+)\((.*)\) = (.*) <([\d.]+) µs>$/.exec(line) ?? [];
			expect(time, line).toBeDefined();
			return { pid: Number(pid), call, args, result, microseconds: Number(time) };
		});
}

interface Span {
	readonly name: string;
	readonly ph: string;
	readonly ts: number;
	readonly dur: number;
	readonly pid: number;
	readonly args: { readonly args: readonly string[]; readonly result: string };
}

/** The format lets the closing bracket be missing, and with it the care for the last comma. */
function load(file: string): readonly Span[] {
	return JSON.parse(readFileSync(file, "utf8").replace(/,\n$/, "\n]"));
}

/** In a pid namespace of its own it is the first. */
const init = 1;

describe("--trace", () => {
	test("shows the calls of the runtime and of the container's process", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun");
		const run = runtime("--trace", "run", "--bundle", makeBundle({ args: ["/probe", "exit", "7"] }), newId());
		expect(run).toMatchObject({ status: 7, stdout: "" });
		const lines = parse(run.stderr);
		const outside = lines.filter(({ pid }) => pid !== init);
		const inside = lines.filter(({ pid }) => pid === init);
		expect(new Set(outside.map(({ pid }) => pid)).size).toBe(1);
		expect(outside.map(({ call }) => call)).toEqual(expect.arrayContaining(["clone3", "renameat2", "wait4"]));
		expect(outside.find(({ call }) => call === "clone3")?.result).toMatch(/^\{"pid":\d+,"pidfd":\d+\}$/);
		expect(inside.map(({ call }) => call)).toEqual(expect.arrayContaining(["pivot_root", "sethostname", "capset"]));
		expect(inside.find(({ call }) => call === "sethostname")).toMatchObject({ args: '"container"', result: "0" });
		expect(inside.at(-1)).toMatchObject({ call: "final_exec", result: "…" });
		expect(lines.every(({ microseconds }) => microseconds >= 0)).toBe(true);
	});

	test("shows what the kernel refused", ({ runtime, newId, skip }) => {
		needs(skip, "tsrun");
		const { status, stderr } = runtime("--trace", "state", newId());
		const lines = stderr.split("\n").filter((line) => line.startsWith("["));
		expect(parse(lines.join("\n"))).toContainEqual(
			expect.objectContaining({ call: "openat", result: "ENOENT (No such file or directory)" }),
		);
		expect({ status, last: stderr.split("\n").find((line) => line !== "" && !line.startsWith("[")) }).toEqual({
			status: 1,
			last: "container does not exist",
		});
	});
});

describe("--trace=FILE", () => {
	test("records a span for each call of both processes, as Chrome and Perfetto load them", ({
		runtime,
		makeBundle,
		newId,
		folder,
		skip,
	}) => {
		needs(skip, "tsrun");
		const file = join(folder, "trace.json");
		const bundle = makeBundle({ args: ["/probe", "fds"] });
		const { status, stdout, stderr } = runtime(`--trace=${file}`, "run", "--bundle", bundle, newId());
		expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
		// the program gets no descriptor of the file
		expect(Object.keys(JSON.parse(stdout))).toEqual(["0", "1", "2"]);
		const spans = load(file);
		for (const { ph, ts, dur, pid } of spans) {
			expect({ ph, ts, dur, pid }).toEqual({
				ph: "X",
				ts: expect.any(Number),
				dur: expect.any(Number),
				pid: expect.any(Number),
			});
		}
		const names = (wanted: (pid: number) => boolean) => spans.filter(({ pid }) => wanted(pid)).map(({ name }) => name);
		expect(names((pid) => pid !== init)).toEqual(expect.arrayContaining(["clone3", "sendmsg", "wait4"]));
		expect(names((pid) => pid === init)).toEqual(expect.arrayContaining(["pivot_root", "recvmsg", "final_exec"]));
		const clone = spans.find(({ name }) => name === "clone3");
		expect(JSON.parse(clone?.args.result ?? "")).toEqual({ pid: expect.any(Number), pidfd: expect.any(Number) });
	});

	test("begins anew, and leaves create, exec and delete as they are", ({
		runtime,
		makeBundle,
		newId,
		folder,
		skip,
	}) => {
		needs(skip, "tsrun");
		const [id, file] = [newId(), join(folder, "trace.json")];
		const call = (...words: string[]) => {
			const { status, stdout, stderr } = runtime(`--trace=${file}`, ...words);
			return { status, stdout, stderr, names: new Set(load(file).map(({ name }) => name)) };
		};
		const done = { status: 0, stdout: "", stderr: "" };
		expect(call("create", "--bundle", makeBundle(), id)).toMatchObject(done);
		expect(stateOf(runtime, id).status).toBe("created");
		const exec = call("exec", id, "/probe", "hostname");
		expect(exec).toMatchObject({ status: 0, stderr: "" });
		expect(exec.names).toContain("setns");
		const deletion = call("delete", "--force", id);
		expect(deletion).toMatchObject(done);
		expect(deletion.names).toContain("unlinkat");
		expect(deletion.names).not.toContain("setns");
	});

	test("that cannot be made is said before anything is done", ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun");
		const file = join(folder, "missing", "trace.json");
		const { status, stdout, stderr } = runtime(`--trace=${file}`, "run", "--bundle", makeBundle(), newId());
		expect({ status, stdout, stderr }).toEqual({
			status: 1,
			stdout: "",
			stderr: `open trace file "${file}": no such file or directory\n`,
		});
	});
});
