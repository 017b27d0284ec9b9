import { describe, expect, it } from "vitest";
import { failureInLog } from "../../../../src/linux/criu/log.js";

const log = (...lines: string[]) =>
	[
		"(00.000053) Version: 4.1.1 (gitid 0)",
		"(00.025581) Error (criu/util.c:1533): rlimit: Can't setup RLIMIT_NOFILE for self: Operation not permitted",
		...lines.map((line, index) => `(00.1${index}) ${line}`),
		"",
	].join("\n");

it("the first error is the message, without time and place", () => {
	const failed = failureInLog(
		log(
			"Warn  (criu/kerndat.c:1285): Can't keep kdat cache on non-tempfs",
			"Error (criu/files-reg.c:1790): Can't lookup mount=27 for fd=1 path=/tmp/out",
			"Error (criu/cr-dump.c:2111): Dumping FAILED.",
		),
	);
	expect(failed).toEqual({ message: "Can't lookup mount=27 for fd=1 path=/tmp/out", hint: undefined });
});

it("an error that CRIU survives is none", () => {
	expect(failureInLog(log("Dumping finished successfully"))).toBeNull();
	expect(failureInLog("")).toBeNull();
});

describe("the hint names the flag that allows it", () => {
	it.each([
		["--tcp-established", ["inet: Connected TCP socket, consider using --tcp-established option."]],
		["--shell-job", ["tty: Found dangling tty with sid 1 pgid 1 (pts) on peer fd 0."]],
		["--ext-unix-sk", ["unix: External socket is used. Consider using --ext-unix-sk option."]],
		["--file-locks", ["Some file locks are hold by dumping tasks! You can try --file-locks to dump them."]],
		["pipes or files", ["unix: Unix socket 498819 not found"]],
		["the same destinations", ["mnt: No mapping for 180:(null) mountpoint"]],
		["a younger CRIU", ["sockets: Can't get 1:16 opt: Operation not supported"]],
		["--link-remap", ["Can't create link remap for /a. Use --link-remap"]],
	])("%s", (flag, errors) => {
		expect(failureInLog(log(...errors.map((error) => `Error (criu/x.c:1): ${error}`)))?.hint).toContain(flag);
	});

	it("also when a later error tells of it", () => {
		const failed = failureInLog(
			log(
				"Error (criu/tty.c:1933): tty: Found slave peer index 0 without correspond master peer",
				"Error (criu/tty.c:1): Task attached to shell terminal. Consider using --shell-job option.",
			),
		);
		expect(failed?.message).toMatch(/^tty: Found slave/);
		expect(failed?.hint).toContain("--shell-job");
	});
});
