/** What engines read in the runtime's answers: each rule here is an engine's, applied to what the runtime says. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../../support/bundle.js";
import { test } from "../../support/e2e.js";
import { programName } from "../../support/failure.js";
import { refusal } from "../../support/refusal.js";
import type { Runtime } from "../../support/runtime.js";
import { needs } from "../../support/skip.js";
import { awaitStatus } from "../../support/status.js";

/** The exit status that `docker run` and `docker exec` make of a runtime's message. */
function dockerStatus(message: string): number {
	if (/executable file not found|no such file or directory|not a directory/.test(message)) return 127;
	return message.includes("permission denied") ? 126 : 125;
}

/** What containerd makes of a failed kill. */
function killFailure(text: string): "finished" | "missing" | "unknown" {
	if (/container not running|os: process already finished|no such process/i.test(text)) return "finished";
	return text.includes("does not exist") ? "missing" : "unknown";
}

describe("a program that cannot be started", () => {
	const programs = [
		["is in no directory of PATH", ["nowhere"], 127],
		["is not at its path", ["/bin/nowhere"], 127],
		["lies below a file", ["/probe/nowhere"], 127],
		["is not executable", ["/plain"], 126],
		["is a directory", ["/bin"], 126],
	] as const;

	for (const [what, args, status] of programs) {
		test(`${what}: create and exec have ${status} of Docker, and failed with 1 and 255`, ({
			runtime,
			makeBundle,
			newId,
			folder,
			skip,
		}) => {
			if (what === "lies below a file" || what === "is a directory") needs(skip, "tsrun"); // runc 1.1 words it as Go does
			const files = { plain: "no program\n" };
			const create = refusal(runtime, folder, "create", "--bundle", makeBundle({ args, files }), newId());
			expect([create.status, dockerStatus(create.line.msg)]).toEqual([1, status]);
			expect(create.line.msg).toMatch(new RegExp(`^${programName} create failed: unable to start container process: `));
			const id = newId();
			runtime("run", "--detach", "--bundle", makeBundle({ files }), id);
			const exec = refusal(runtime, folder, "exec", id, ...args);
			expect([exec.status, dockerStatus(exec.line.msg)]).toEqual([255, status]);
			expect(exec.line.msg).toMatch(/^exec failed: unable to start container process: /);
			runtime("delete", "--force", id);
		});
	}

	test("for want of its directory has 127 of Docker when that is a file", ({ runtime, makeBundle, newId, folder }) => {
		const patch = ({ process }: BaseConfig) => {
			process.cwd = "/probe";
		};
		const { status, line } = refusal(runtime, folder, "create", "--bundle", makeBundle({ patch }), newId());
		expect([status, dockerStatus(line.msg)]).toEqual([1, 127]);
	});
});

describe("a kill that fails", () => {
	const outputOf = (runtime: Runtime, ...args: string[]) => {
		const { status, stdout, stderr } = runtime(...args);
		return { failed: status === 1, means: killFailure(stdout + stderr) };
	};

	test("tells containerd that the container has ended, and that it never was", async ({
		runtime,
		makeBundle,
		newId,
	}) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ args: ["/bin/true"] }), id);
		await awaitStatus(runtime, id, "stopped");
		expect(outputOf(runtime, "kill", id, "15")).toEqual({ failed: true, means: "finished" });
		expect(runtime("kill", "--all", id, "9")).toMatchObject({ status: 0, stdout: "", stderr: "" });
		runtime("delete", id);
		for (const words of [
			["kill", id, "15"],
			["kill", "--all", id, "9"],
			["delete", id],
		]) {
			expect(outputOf(runtime, ...words)).toEqual({ failed: true, means: "missing" });
		}
		expect(runtime("delete", "--force", id)).toMatchObject({ status: 0, stdout: "", stderr: "" });
	});
});

describe("features", () => {
	test("tell containerd 2 and Docker, who ask with nothing at all, what they look for", ({ runtime, folder }) => {
		const through = ["env", "-i"];
		const { status, stdout, stderr } = runtime.with({ through, cwd: folder }, "features");
		expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
		const { linux, mountOptions } = JSON.parse(stdout);
		expect(mountOptions).toContain("rro");
		expect(linux.namespaces).toContain("user");
		expect(linux.seccomp.enabled).toBe(true);
		if (programName === "tsrun") expect(linux.mountExtensions.idmap.enabled).toBe(true); // runc 1.1 is too old to say so
	});
});

test("a process file that is not whole is no process: exec fails with 255", ({
	runtime,
	makeBundle,
	newId,
	folder,
}) => {
	const id = newId();
	const file = join(folder, "process.json");
	writeFileSync(file, '{"args":["/probe"');
	runtime("run", "--detach", "--bundle", makeBundle(), id);
	expect(refusal(runtime, folder, "exec", "--process", file, id)).toMatchObject({ status: 255, stdout: "" });
	runtime("delete", "--force", id);
});
