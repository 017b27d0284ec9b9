/**
 * The debug build, with AddressSanitizer and UndefinedBehaviorSanitizer in every line of our C, lives a container's life
 * and more: no report. It is built here; that takes half a minute once, and then seconds.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect } from "vitest";
import { makeBuild, throughBuild } from "../support/builds.js";
import type { BaseConfig } from "../support/bundle.js";
import { test as base } from "../support/e2e.js";
import { withInit } from "../support/inits.js";
import { probe } from "../support/paths.js";
import { needs } from "../support/skip.js";

beforeAll(() => makeBuild("debug"), 240_000);

const test = base.extend("sanitized", ({ runtime, folder, skip }, { onCleanup }) => {
	needs(skip, "tsrun");
	const reports = join(folder, "reports");
	mkdirSync(reports);
	onCleanup(() => {
		const found = readdirSync(reports).map((name) => readFileSync(join(reports, name), "utf8"));
		if (found.length > 0) throw new Error(found.join("\n"));
	});
	const path = `log_path=${join(reports, "report")}`;
	const env = {
		// nothing is freed at the end of a command
		ASAN_OPTIONS: `detect_leaks=0:exitcode=99:${path}`,
		UBSAN_OPTIONS: `halt_on_error=1:print_stacktrace=1:exitcode=98:${path}`,
	};
	return (...words: string[]) => {
		const { status, stdout, stderr } = runtime.with({ through: throughBuild("debug"), env }, ...words);
		return { status, stdout, stderr };
	};
});

const silent = { status: 0, stdout: "", stderr: "" };

describe("ASan and UBSan have nothing to say", () => {
	test("about a container's life", ({ sanitized, makeBundle, newId, folder }) => {
		const id = newId();
		const limits = join(folder, "limits.json");
		writeFileSync(limits, JSON.stringify({ pids: { limit: 50 } }));
		expect(sanitized("create", "--bundle", makeBundle(), "--pid-file", join(folder, "pid"), id)).toEqual(silent);
		expect(sanitized("state", id)).toMatchObject({ status: 0, stderr: "" });
		expect(sanitized("start", id)).toEqual(silent);
		expect(sanitized("exec", "--user", "5:6", "--env", "A=1", id, "/probe", "id")).toMatchObject({
			status: 0,
			stderr: "",
		});
		expect(sanitized("exec", "--detach", id, "/probe", "sleep")).toEqual(silent);
		expect(sanitized("ps", "--format", "json", id)).toMatchObject({ status: 0, stderr: "" });
		expect(sanitized("update", "--resources", limits, id)).toEqual(silent);
		expect(sanitized("pause", id)).toEqual(silent);
		expect(sanitized("resume", id)).toEqual(silent);
		expect(sanitized("list")).toMatchObject({ status: 0, stderr: "" });
		expect(sanitized("kill", "--all", id, "KILL")).toEqual(silent);
		expect(sanitized("delete", "--force", id)).toEqual(silent);
	});

	const everything =
		({ hooks }: { hooks: string }) =>
		(config: BaseConfig) => {
			const hook = [{ path: probe, args: ["probe", "hook", hooks], env: ["A=1"], timeout: 10 }];
			config.hooks = { createRuntime: hook, poststart: hook, poststop: hook };
			config.process.noNewPrivileges = false;
			config.process.oomScoreAdj = 100;
			config.process.user = { uid: 7, gid: 8, additionalGids: [9, 10], umask: 0o27 };
			config.linux.namespaces = [...config.linux.namespaces, { type: "cgroup" }, { type: "user" }, { type: "time" }];
			config.linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 1000 }];
			config.linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 1000 }];
			config.linux.sysctl = { "net.ipv4.ip_unprivileged_port_start": "80" };
			config.linux.seccomp = {
				defaultAction: "SCMP_ACT_ALLOW",
				syscalls: [{ names: ["getcwd", "no_such_call"], action: "SCMP_ACT_ERRNO", errnoRet: 1 }],
			};
			delete config.linux.resources.devices;
		};

	test("about user namespace, hooks, seccomp and the rest of a configuration", ({
		sanitized,
		makeBundle,
		newId,
		folder,
	}) => {
		const bundle = makeBundle({
			args: ["/probe", "syscall", "getcwd"],
			patch: everything({ hooks: join(folder, "hooks") }),
		});
		expect(sanitized("run", "--bundle", bundle, newId())).toMatchObject({ status: 1, stdout: "EPERM\n", stderr: "" });
	});

	test("about the built-in init", ({ sanitized, makeBundle, newId }) => {
		const patch = withInit("graceful", { remap: "TERM=QUIT" });
		const bundle = makeBundle({ args: ["/probe", "exit", "4"], patch });
		expect(sanitized("run", "--bundle", bundle, newId())).toEqual({ status: 4, stdout: "", stderr: "" });
	});

	test("about its own words", ({ sanitized }) => {
		for (const words of [["--version"], ["--help"], ["features"], ["help", "run"]]) {
			expect(sanitized(...words)).toMatchObject({ status: 0, stderr: "" });
		}
	});

	test("about a trace", ({ sanitized, makeBundle, newId, folder }) => {
		const file = join(folder, "trace.json");
		expect(sanitized(`--trace=${file}`, "run", "--bundle", makeBundle({ args: ["/bin/true"] }), newId())).toEqual(
			silent,
		);
	});

	test("about what fails", ({ sanitized, makeBundle, newId }) => {
		const bundle = (patch: (config: BaseConfig) => void) => makeBundle({ patch });
		const failing = [
			["run", "--bundle", bundle(({ mounts }) => mounts.push({ destination: "/x", type: "none", source: "/nowhere" }))],
			["run", "--bundle", bundle(({ process }) => process.args.splice(0, 1, "/nowhere"))],
			["run", "--bundle", bundle((config) => Object.assign(config, { ociVersion: 7 }))],
			["run", "--bundle", "/nowhere"],
			["start"],
			["no-such-verb"],
		];
		for (const words of failing) expect([1, 3]).toContain(sanitized(...words, newId()).status);
	});
});
