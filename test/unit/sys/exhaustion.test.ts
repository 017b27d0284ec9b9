import { expect, it } from "vitest";
import { TsrunError } from "../../../src/sys/errors.js";
import { exhaustion } from "../../../src/sys/exhaustion.js";
import { sysError } from "../../support/errno.js";

it("an engine without memory is told as such", () => {
	const error = Object.assign(new Error("out of memory"), { name: "InternalError" });
	expect(exhaustion(error)).toMatchObject({
		id: "exhausted",
		message: "out of memory",
		details: { hint: expect.stringContaining("ulimit -v") },
	});
});

it("the kernel's want of descriptors, memory and processes names the call and the limit", () => {
	for (const [syscall, code, message, limit] of [
		["socketpair", "EMFILE", "socketpair: too many open files", "ulimit -n"],
		["openat", "ENFILE", "openat: too many open files in system", "fs.file-max"],
		["read", "ENOMEM", "read: cannot allocate memory", "ulimit -v"],
		["clone3", "EAGAIN", "clone3: resource temporarily unavailable", "ulimit -u"],
	] as const) {
		expect(exhaustion(sysError(syscall, code))).toMatchObject({
			id: "exhausted",
			message,
			details: { syscall, errno: code, hint: expect.stringContaining(limit) },
		});
	}
});

it("nothing else is", () => {
	for (const error of [
		sysError("read", "EAGAIN"),
		sysError("openat", "ENOENT"),
		new Error("out of memory"),
		new TsrunError("mount-failed", "mount: cannot allocate memory", { errno: "ENOMEM" }),
		"out of memory",
	]) {
		expect(exhaustion(error)).toBeUndefined();
	}
});
