import { describe, expect, it } from "vitest";
import { examineProgram, findProgram } from "../../../src/linux/program.js";
import { TsrunError } from "../../../src/sys/errors.js";
import { door } from "../../support/door.js";
import { elf, machines } from "../../support/elf.js";
import { sysError } from "../../support/errno.js";

/** Executable are the files of these paths; others in memory are not. */
function executable(...paths: readonly string[]): void {
	door.answer("faccessat2", (_fd, path) => {
		if (!paths.includes(path)) throw sysError("faccessat2", "EACCES", []);
	});
}

function errorOf(step: () => unknown): TsrunError {
	try {
		step();
	} catch (error) {
		if (error instanceof TsrunError) return error;
		throw error;
	}
	throw new Error("nothing was thrown");
}

describe("findProgram", () => {
	it("looks through PATH in its order, past what is no program", () => {
		door.files({ "/a/": "", "/b/tool/": "", "/c/tool": "", "/d/tool": "", "/e/tool": "" });
		executable("/b/tool", "/d/tool", "/e/tool");
		expect(findProgram("tool", ["X=1", "PATH=/none:/a:/b:/c:/d:/e"])).toBe("/d/tool");
	});

	it("takes an empty entry of PATH for the working directory", () => {
		executable("./tool");
		expect(findProgram("tool", ["PATH=/none:"])).toBe("./tool");
	});

	it("leaves a name with a slash as it is", () => {
		door.files({ "/bin/tool": "" });
		expect(findProgram("/bin/tool", [])).toBe("/bin/tool");
	});

	it.each([[["PATH=/a:/b"]], [["PATH="]], [[]]])("has engines' words for what is not there: %j", (env) => {
		door.files({ "/a/": "" });
		const error = errorOf(() => findProgram("tool", env));
		expect(error.id).toBe("program-missing");
		expect(error.message).toBe('exec: "tool": executable file not found in $PATH');
	});

	it.each([
		["/none", 'exec: "/none": stat /none: no such file or directory', "program-missing"],
		["/file/none", 'exec: "/file/none": stat /file/none: not a directory', "program-missing"],
		["/file", 'exec: "/file": permission denied', "program-not-executable"],
		["/directory", 'exec: "/directory": is a directory: permission denied', "program-not-executable"],
	])("says what is wrong with %s", (name, message, id) => {
		door.files({ "/file": "", "/directory/": "" });
		executable();
		expect(errorOf(() => findProgram(name, []))).toMatchObject({ id, message });
	});
});

describe("examineProgram", () => {
	const examine = (content: string | Uint8Array, others = {}) => {
		door.files({ "/program": content, ...others });
		return examineProgram("/program", "program");
	};

	it.each(["#!/bin/sh\n", "#! /bin/sh -e\n", "#!\t/bin/sh", "#!/bin/sh -e\r\n"])(
		"has no doubt about the script %j",
		(script) => {
			expect(examine(script, { "/bin/sh": "" })).toBe("");
		},
	);

	it.each([
		["#!/bin/bash\n", 'its interpreter "/bin/bash" (line 1) is not in the root filesystem'],
		["#!/bin/sh\r\n", 'its first line ends in CRLF, so the interpreter "/bin/sh\\r" is looked for'],
		["#!\n", "its first line #! names no interpreter"],
		["#! \t\n", "its first line #! names no interpreter"],
	])("says what the script %j lacks", (script, why) => {
		const error = errorOf(() => examine(script, { "/bin/sh": "" }));
		expect(error.id).toBe("program-missing");
		expect(error.message).toContain('exec: "program": no such file or directory: ');
		expect(error.message).toContain(why);
	});

	it("says which ELF loader is missing", () => {
		const program = elf(machines.x86_64, "/lib/ld-musl.so");
		expect(errorOf(() => examine(program)).message).toContain('its ELF loader "/lib/ld-musl.so" is not in the root');
		expect(examine(program, { "/lib/ld-musl.so": "" })).toBe("");
	});

	it("names the machine that a program is for", () => {
		expect(examine(elf(machines.aarch64))).toBe("it is a program for aarch64, this kernel runs x86_64");
		expect(examine(elf(machines.x86_64))).toBe("");
	});

	it.each([
		["segment headers too short to be any", (bytes: Buffer) => bytes.writeUInt16LE(1, 54)],
		["segment headers beyond the file", (bytes: Buffer) => bytes.writeBigUInt64LE(2n ** 63n, 32)],
		["a loader's name beyond the file", (bytes: Buffer) => bytes.writeBigUInt64LE(2n ** 63n, 64 + 8)],
		["a loader's name without an end", (bytes: Buffer) => bytes.fill("x", 120)],
	])("leaves nonsense to the kernel: %s", (_what, spoil) => {
		const program = elf(machines.x86_64, "/lib/ld.so");
		spoil(program);
		expect(examine(program)).toBe("");
	});

	it("says what a file is that is neither", () => {
		expect(examine("echo hello\n")).toBe("it is neither an ELF program nor a script that begins with #!");
		expect(examine("")).toBe("the file is empty");
	});

	it("says nothing of what may be executed but not read", () => {
		door.fail("openat", "EACCES");
		expect(examine("#!/none\n")).toBe("");
	});
});
