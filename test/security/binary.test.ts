/** The binary as an attacker finds it: what the compiler and the linker were told to do is in it, and the same build gives the same bytes. */
import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect } from "vitest";
import { test } from "../support/e2e.js";
import { repository, runtimeProgram } from "../support/paths.js";
import { needs } from "../support/skip.js";

const said = (program: string, ...args: string[]) =>
	execFileSync(program, args, { encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "pipe"] });

/** One line of `readelf --segments` for each of that type: its addresses and flags. */
const segments = (type: string) =>
	said("readelf", "--segments", "--wide", runtimeProgram)
		.split("\n")
		.filter((line) => line.trim().startsWith(`${type} `))
		.map((line) => line.slice(line.lastIndexOf("0x", line.lastIndexOf("0x") - 1)));

describe("the binary", () => {
	test("is static and position independent: no loader, no library, a random address", ({ skip }) => {
		needs(skip, "tsrun");
		expect(said("readelf", "--file-header", runtimeProgram)).toMatch(/Type:\s+DYN /);
		expect(segments("INTERP")).toEqual([]);
		expect(said("readelf", "--dynamic", runtimeProgram)).not.toMatch(/NEEDED|RPATH|RUNPATH|TEXTREL/);
	});

	test("makes its relocated data read-only before it runs (RELRO)", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun");
		expect(segments("GNU_RELRO")).toEqual([expect.stringMatching(/ R /)]);
		const id = newId();
		expect(runtime("create", "--bundle", makeBundle(), id)).toMatchObject({ status: 0 });
		const { pid } = JSON.parse(runtime("state", id).stdout);
		// the mapping that begins where the segment does in the file
		const [offset] =
			/0x\w+/.exec(said("readelf", "--segments", "--wide", runtimeProgram).split("GNU_RELRO")[1] ?? "") ?? [];
		const begin = (Number(offset) & -4096).toString(16).padStart(8, "0");
		const maps = readFileSync(`/proc/${pid}/maps`, "utf8").split("\n");
		expect(maps.filter((line) => line.includes(` ${begin} `))).toEqual([expect.stringContaining(" r--p ")]);
		expect(runtime("delete", "--force", id)).toMatchObject({ status: 0 });
	});

	test("has no segment and no stack that can be written and executed", ({ skip }) => {
		needs(skip, "tsrun");
		expect(segments("GNU_STACK")).toEqual([expect.stringMatching(/ RW /)]);
		const loads = segments("LOAD");
		expect(loads.filter((each) => /R\s*E/.test(each))).toHaveLength(1);
		expect(loads.filter((each) => /W\s*E/.test(each))).toEqual([]);
	});

	test("guards the stack, and marks where calls may land (CET)", ({ skip }) => {
		needs(skip, "tsrun");
		const code = said("objdump", "--disassemble", "--no-show-raw-insn", runtimeProgram);
		// not in the few functions alone that libc was compiled with
		expect(code.match(/%fs:0x28/g)?.length).toBeGreaterThan(500);
		expect(code.match(/\bendbr64\b/g)?.length).toBeGreaterThan(500);
	});

	test("maps nothing that is writable and executable while it runs", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun");
		const id = newId();
		expect(runtime("create", "--bundle", makeBundle(), id)).toMatchObject({ status: 0 });
		// until it is started, the container's process is the runtime itself
		const { pid } = JSON.parse(runtime("state", id).stdout);
		const maps = readFileSync(`/proc/${pid}/maps`, "utf8").trimEnd().split("\n");
		expect(maps.filter((line) => /^\S+ .wx/.test(line))).toEqual([]);
		expect(maps.filter((line) => /^\S+ ..x/.test(line) && !/\[v(?:dso|syscall)\]$/.test(line))).toHaveLength(1);
		expect(runtime("delete", "--force", id)).toMatchObject({ status: 0 });
	});
});

test("a build in another folder gives the same bytes", { timeout: 300_000 }, ({ folder, skip }) => {
	needs(skip, "tsrun");
	const copy = join(folder, "copy");
	const made = /^(?:node_modules|build|dist|bundles\/[^/]+\/rootfs)$/;
	cpSync(repository, copy, { recursive: true, filter: (path) => !made.test(relative(repository, path)) });
	symlinkSync(join(repository, "node_modules"), join(copy, "node_modules"));
	const env = { ...process.env, QUICKJS_DIR: join(repository, "build/quickjs"), TZ: "Asia/Tokyo" };
	execFileSync(process.execPath, ["scripts/build.mjs"], { cwd: copy, env, stdio: ["ignore", "ignore", "pipe"] });
	// not compared by the matcher, which would print three megabytes
	expect(readFileSync(join(copy, "dist/tsrun")).equals(readFileSync(join(repository, "dist/tsrun")))).toBe(true);
});
