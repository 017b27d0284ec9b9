/** Programs that cannot be executed: engines need runc's words and statuses, people need the cause. */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { test } from "../support/e2e.js";
import { elf, machines } from "../support/elf.js";
import { failed, failureOf, programName } from "../support/failure.js";
import { refusal } from "../support/refusal.js";
import { needs } from "../support/skip.js";
import { awaitStatus } from "../support/status.js";

interface Case {
	readonly title: string;
	readonly program: string;
	/** Of the program's file in the root filesystem; without it, none is made. */
	readonly content?: string | Buffer;
	/** 0755 unless told. */
	readonly mode?: number;
	/** What engines look for. */
	readonly words: string;
	/** What tsrun adds. */
	readonly cause?: string;
	readonly id: "program-missing" | "program-not-executable";
	readonly hint: RegExp;
}

const here = process.arch === "x64" ? "x86_64" : "aarch64";
const elsewhere = here === "x86_64" ? "aarch64" : "x86_64";

/** Known before the program is started. */
const early: Case[] = [
	{
		title: "is not in $PATH",
		program: "none",
		words: 'exec: "none": executable file not found in $PATH',
		id: "program-missing",
		hint: /^PATH is \/usr\/local\/sbin:/,
	},
	{
		title: "is in $PATH, but not executable",
		program: "plain",
		content: "#!/bin/sh\n",
		mode: 0o644,
		words: 'exec: "plain": executable file not found in $PATH',
		cause: ": /bin/plain is there, but may not be executed",
		id: "program-not-executable",
		hint: /chmod \+x/,
	},
	{
		title: "is not there",
		program: "/none",
		words: 'exec: "/none": stat /none: no such file or directory',
		id: "program-missing",
		hint: /in the container/,
	},
	{
		title: "lies below a file",
		program: "/etc/passwd/x",
		words: 'exec: "/etc/passwd/x": stat /etc/passwd/x: not a directory',
		id: "program-missing",
		hint: /in the container/,
	},
	{
		title: "is not executable",
		program: "/bin/plain",
		content: "#!/bin/sh\n",
		mode: 0o644,
		words: 'exec: "/bin/plain": permission denied',
		id: "program-not-executable",
		hint: /chmod \+x/,
	},
	{
		title: "is a directory",
		program: "/bin",
		words: 'exec: "/bin": ',
		cause: "is a directory: permission denied",
		id: "program-not-executable",
		hint: /process\.args/,
	},
];

/** What execve(2) alone would call "no such file or directory", which the file plainly is. */
const misleading: Case[] = [
	{
		title: "names an interpreter that is not there",
		program: "/bin/script",
		content: "#!/bin/bash -e\necho hi\n",
		words: 'exec: "/bin/script": no such file or directory',
		cause: ': its interpreter "/bin/bash" (line 1) is not in the root filesystem',
		id: "program-missing",
		hint: /put it into the root filesystem/,
	},
	{
		title: "has CRLF line ends",
		program: "/bin/script",
		content: "#!/bin/sh\r\necho hi\r\n",
		words: 'exec: "/bin/script": no such file or directory',
		cause: ': its first line ends in CRLF, so the interpreter "/bin/sh\\r" is looked for: save it with LF line ends',
		id: "program-missing",
		hint: /./,
	},
	{
		title: "names no interpreter",
		program: "/bin/script",
		content: "#!\necho hi\n",
		words: 'exec: "/bin/script": no such file or directory',
		cause: ": its first line #! names no interpreter",
		id: "program-missing",
		hint: /./,
	},
	{
		title: "wants an ELF loader that is not there",
		program: "/bin/dynamic",
		content: elf(machines[here], "/lib/ld-musl.so.1"),
		words: 'exec: "/bin/dynamic": no such file or directory',
		cause:
			': its ELF loader "/lib/ld-musl.so.1" is not in the root filesystem: the program was linked for another system (glibc or musl?)',
		id: "program-missing",
		hint: /put it into the root filesystem/,
	},
];

/** Told by execve(2) only: a handler of binfmt_misc(5) might have run them. */
const late: Case[] = [
	{
		title: "is empty",
		program: "/bin/strange",
		content: "",
		words: "exec format error",
		cause: ": the file is empty",
		id: "program-not-executable",
		hint: /#!\/bin\/sh/,
	},
	{
		title: "is a text without #!",
		program: "/bin/strange",
		content: "echo hi\n",
		words: "exec format error",
		cause: ": it is neither an ELF program nor a script that begins with #!",
		id: "program-not-executable",
		hint: /#!\/bin\/sh/,
	},
	{
		title: "is for another architecture",
		program: "/bin/strange",
		content: elf(machines[elsewhere]),
		words: "exec format error",
		cause: `: it is a program for ${elsewhere}, this kernel runs ${here}`,
		id: "program-not-executable",
		hint: /one kind of machine/,
	},
];

function putProgram(bundle: string, { program, content, mode = 0o755 }: Case): void {
	if (content === undefined) return;
	const file = join(bundle, "rootfs", program.startsWith("/") ? program : `bin/${program}`);
	writeFileSync(file, content);
	chmodSync(file, mode);
}

describe("create fails, and leaves nothing, when the program", () => {
	for (const one of [...early, ...misleading]) {
		test(one.title, ({ runtime, makeBundle, newId, folder, skip }) => {
			if (misleading.includes(one)) needs(skip, "tsrun"); // runc does not look into the file
			const bundle = makeBundle({ args: [one.program] });
			putProgram(bundle, one);
			const pidFile = join(folder, "pid");
			const refused = refusal(runtime, folder, "create", "--pid-file", pidFile, "--bundle", bundle, newId());
			expect(refused).toMatchObject({ status: 1, stdout: "" });
			const start = `${programName} create failed: unable to start container process: `;
			expect(refused.message.startsWith(start)).toBe(true);
			expect(refused.message).toContain(one.words);
			expect(existsSync(pidFile)).toBe(false);
			if (programName !== "tsrun") return;
			expect(refused.message.endsWith(one.words + (one.cause ?? ""))).toBe(true);
			const { id, hint, program } = one;
			expect(refused.line).toMatchObject({ id, object: program, hint: expect.stringMatching(hint) });
		});
	}
});

describe("start fails, and the container has stopped, when the program", () => {
	for (const one of late) {
		test(one.title, async ({ runtime, makeBundle, newId, folder }) => {
			const id = newId();
			const bundle = makeBundle({ args: [one.program] });
			putProgram(bundle, one);
			runtime("create", "--bundle", bundle, id);
			if (programName === "tsrun") {
				const { status, message, line } = refusal(runtime, folder, "start", id);
				expect({ status, message }).toEqual({ status: 1, message: `exec ${one.program}: ${one.words}${one.cause}` });
				expect(line).toMatchObject({ id: one.id, object: one.program, hint: expect.stringMatching(one.hint) });
			} else {
				runtime("start", id); // runc has gone by then
			}
			await awaitStatus(runtime, id, "stopped");
			expect(runtime("delete", id)).toMatchObject({ status: 0, stderr: "" });
		});
	}
});

describe("run fails, and leaves nothing, when the program", () => {
	for (const one of late) {
		test(one.title, ({ runtime, makeBundle, newId, folder, skip }) => {
			needs(skip, "tsrun"); // runc words it by its own init
			const id = newId();
			const bundle = makeBundle({ args: [one.program] });
			putProgram(bundle, one);
			const { status, message } = refusal(runtime, folder, "run", "--bundle", bundle, id);
			expect({ status, message }).toEqual({
				status: 1,
				message: `tsrun run failed: exec ${one.program}: ${one.words}${one.cause}`,
			});
			expect(failureOf(runtime("state", id))).toEqual(failed("container does not exist"));
		});
	}
});

describe("exec fails with 255, and the container goes on, when the program", () => {
	for (const one of [...early, ...misleading, ...late]) {
		test(one.title, ({ runtime, makeBundle, newId, folder, skip }) => {
			if (!early.includes(one)) needs(skip, "tsrun"); // as above
			const id = newId();
			const bundle = makeBundle();
			putProgram(bundle, one);
			runtime("run", "--detach", "--bundle", bundle, id);
			const pidFile = join(folder, "pid");
			const refused = refusal(runtime, folder, "exec", "--pid-file", pidFile, id, one.program);
			expect(refused).toMatchObject({ status: 255, stdout: "" });
			expect(refused.message.startsWith("exec failed: ")).toBe(true);
			expect(refused.message).toContain(one.words);
			if (programName === "tsrun") expect(refused.message.endsWith(one.words + (one.cause ?? ""))).toBe(true);
			expect(existsSync(pidFile)).toBe(false);
			expect(JSON.parse(runtime("ps", "--format", "json", id).stdout).length).toBe(1);
			runtime("delete", "--force", id);
		});
	}
});

describe("a program that the user may not execute", () => {
	test("is refused by its mode, not found by root's rights", ({ runtime, makeBundle, newId, folder }) => {
		const bundle = makeBundle({
			args: ["/private/program"],
			patch: ({ process }) => {
				process.user = { uid: 1000, gid: 1000 };
			},
		});
		const directory = join(bundle, "rootfs/private");
		mkdirSync(directory, { mode: 0o700 });
		writeFileSync(join(directory, "program"), "#!/bin/sh\n", { mode: 0o755 });
		const refused = refusal(runtime, folder, "create", "--bundle", bundle, newId());
		expect(refused).toMatchObject({ status: 1, message: expect.stringMatching(/permission denied$/) });
	});
});
