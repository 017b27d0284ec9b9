/** explain: the story of each kind of bundle ends where create ends, and telling it changes nothing. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { test } from "../support/e2e.js";
import { failureOf } from "../support/failure.js";
import { needs } from "../support/skip.js";

interface Explanation {
	readonly asRoot: boolean;
	readonly steps: readonly {
		readonly actor: string;
		readonly stage: string;
		readonly text: string;
		readonly calls: readonly string[];
	}[];
	readonly failure: {
		readonly actor: string;
		readonly id: string;
		readonly message: string;
		readonly cause: string;
		readonly stage: string;
	} | null;
}

const read = (stdout: string) => JSON.parse(stdout) as Explanation;

const spoilt: readonly (readonly [what: string, id: string, cause: string, patch: (config: BaseConfig) => void])[] = [
	[
		"a root filesystem that is not there",
		"rootfs-missing",
		"but rootfs",
		({ root }) => Object.assign(root, { path: "rootf" }),
	],
	[
		"a program that is not there",
		"program-missing",
		"rootfs has no lost-and-found; it has",
		({ process }) => Object.assign(process, { args: ["/lost-and-found/shh"] }),
	],
	[
		"a misspelt program",
		"program-missing",
		"but /bin/sleep",
		({ process }) => Object.assign(process, { args: ["sleeep"] }),
	],
	[
		"a bind source that is not there",
		"mount-failed",
		"has no nowhere-at-all",
		({ mounts }) => mounts.push({ destination: "/x", type: "bind", source: "/proc/nowhere-at-all", options: ["bind"] }),
	],
	[
		"an unknown file system",
		"mount-failed",
		"/proc/filesystems",
		({ mounts }) => mounts.push({ destination: "/x", type: "nofs", source: "x" }),
	],
	[
		"a directory that is a file",
		"process-failed",
		"a file of user 0",
		({ process }) => Object.assign(process, { cwd: "/probe" }),
	],
	[
		"a namespace that is not there",
		"namespace-path",
		"has no gone",
		({ linux }) => Object.assign(linux.namespaces[1] ?? {}, { path: "/proc/self/ns/gone" }),
	],
	["a configuration that is wrong", "config-invalid", "", (config) => Object.assign(config, { ociVersion: "x" })],
];

describe("explain", () => {
	test("tells a bundle's whole story, of both sides, and does nothing", ({ runtime, makeBundle, folder, skip }) => {
		needs(skip, "tsrun");
		const bundle = makeBundle({ args: ["/probe", "exit", "7"] });
		rmSync(join(bundle, "rootfs", "dev"), { recursive: true, force: true });
		const before = readdirSync(join(bundle, "rootfs"));
		const { status, stdout, stderr } = runtime("explain", "--json", "--id", "told", bundle);
		expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
		const { steps, failure } = read(stdout);
		expect(failure).toBeNull();
		expect(new Set(steps.map(({ actor }) => actor))).toEqual(new Set(["runtime", "container"]));
		const calls = steps.flatMap((step) => step.calls);
		expect(calls).toContainEqual(expect.stringMatching(/^clone3\(CLONE_NEWPID\|CLONE_NEWNET\|/));
		expect(calls).toContain('pivot_root(".", ".")');
		expect(calls).toContain('move_mount(…, "/proc")');
		expect(calls.at(-1)).toBe('execve("/probe", ["/probe","exit","7"])');
		expect(readdirSync(join(bundle, "rootfs"))).toEqual(before);
		expect(readdirSync(folder).filter((name) => name.includes("told"))).toEqual([]);
	});

	test("shows the steps to people, under headings, with the calls beside them", ({ runtime, makeBundle, skip }) => {
		needs(skip, "tsrun");
		const { status, stdout } = runtime("explain", makeBundle());
		expect(status).toBe(0);
		expect(stdout).toMatch(
			/^What "create explained" and then "start explained" would do with \/.*, as root:\n\nBundle \[runtime\]\n {2}1\. Go into the bundle/,
		);
		expect(stdout).toMatch(/\nRoot filesystem \[container\]\n[\s\S]*pivot_root\("\.", "\."\)\n/);
		expect(stdout).toMatch(/\nNothing of this was done\.\n$/);
	});

	test.for(spoilt)(
		"%s: %s, where create fails too, and why",
		([, id, cause, patch], { runtime, makeBundle, newId, skip }) => {
			needs(skip, "tsrun");
			const bundle = makeBundle({ patch });
			const { status, stdout } = runtime("explain", "--json", bundle);
			const { failure } = read(stdout);
			expect({ status, id: failure?.id }).toEqual({ status: 1, id });
			expect(failure?.cause).toContain(cause);
			const created = failureOf(runtime("create", "--bundle", bundle, newId()));
			expect(created).toMatchObject({ status: 1 });
			expect(JSON.stringify(created)).toContain(JSON.stringify(failure?.message).slice(1, 40));
		},
	);

	test("asks the kernel for nothing that changes anything", ({ runtime, makeBundle, skip }) => {
		needs(skip, "tsrun");
		const bundle = makeBundle({
			patch: (config) =>
				Object.assign(config.linux, {
					seccomp: { defaultAction: "SCMP_ACT_ALLOW" },
					resources: { pids: { limit: 5 } },
				}),
		});
		const { status, stderr } = runtime("--trace", "explain", bundle);
		expect(status).toBe(0);
		const asked = new Set([...stderr.matchAll(/^\[\d+\] (\w+)\(/gm)].map(([, name]) => name));
		const looks = [
			...[
				"openat",
				"close",
				"read",
				"read_bytes",
				"fstat",
				"fstatat",
				"fstatfs",
				"readlinkat",
				"getdents64",
				"getcwd",
				"chdir",
			],
			...[
				"faccessat2",
				"statx_mount_id",
				"isatty",
				"uname",
				"geteuid",
				"getegid",
				"getgid",
				"capget",
				"getrlimit",
				"getppid",
			],
			...["mount_setattr", "prctl", "throw_errno", "write", "fcntl", "sched_getaffinity", "getgroups"],
		];
		expect([...asked].filter((name) => !looks.includes(name ?? "") && !name?.startsWith("seccomp_"))).toEqual([]);
		// of those that could: no file opened to write or make, text only on stdout, no attribute, no prctl but the question
		const flags = [...stderr.matchAll(/ openat\(.*, (\d+), \d+\) =/g)].map(([, number]) => Number(number));
		expect(flags.length).toBeGreaterThan(0);
		// O_ACCMODE, O_CREAT, O_TRUNC
		expect(flags.filter((each) => each & (3 | 0o100 | 0o1000))).toEqual([]);
		expect(new Set([...stderr.matchAll(/ write\((\d+),/g)].map(([, fd]) => fd))).toEqual(new Set(["1"]));
		expect(new Set([...stderr.matchAll(/ mount_setattr\((.*)\) =/g)].map(([, args]) => args))).toEqual(
			new Set(['-100, "", 4096, 0, 0, 0, 0']),
		);
		expect([...new Set([...stderr.matchAll(/ prctl\((\d+),/g)].map(([, option]) => option))]).toEqual(["23"]);
	});

	test("tells of the process that joins namespaces", ({ runtime, makeBundle, skip }) => {
		needs(skip, "tsrun");
		const bundle = makeBundle({
			patch: ({ linux }) => Object.assign(linux.namespaces[2] ?? {}, { path: "/proc/self/ns/ipc" }),
		});
		const { steps, failure } = read(runtime("explain", "--json", bundle).stdout);
		expect(failure).toBeNull();
		const joining = steps.filter(({ actor }) => actor === "intermediate");
		expect(joining.map(({ text }) => text)).toContainEqual(expect.stringMatching(/^Join the ipc namespace /));
		expect(joining.at(-1)?.calls).toContainEqual(expect.stringMatching(/^clone3\(.*CLONE_PARENT/));
	});

	test("tells of hooks without running them", ({ runtime, makeBundle, folder, skip }) => {
		needs(skip, "tsrun");
		const trace = join(folder, "hook-ran");
		const hook = { path: "/bin/touch", args: ["touch", trace] };
		const bundle = makeBundle({
			patch: (config) => Object.assign(config, { hooks: { prestart: [hook], createContainer: [hook] } }),
		});
		const { steps, failure } = read(runtime("explain", "--json", bundle).stdout);
		expect(failure).toBeNull();
		expect(steps.filter(({ stage }) => stage === "hooks").map(({ actor }) => actor)).toEqual(["runtime", "container"]);
		expect(existsSync(trace)).toBe(false);
	});

	test("tells a copy of a root filesystem's bundle with user namespace of its id maps", ({
		runtime,
		makeBundle,
		skip,
	}) => {
		needs(skip, "tsrun");
		const map = [{ containerID: 0, hostID: 100_000, size: 1000 }];
		const bundle = makeBundle({
			patch: ({ linux }) => {
				linux.namespaces.push({ type: "user" });
				Object.assign(linux, { uidMappings: map, gidMappings: map });
			},
		});
		const { steps } = read(runtime("explain", "--json", bundle).stdout);
		expect(steps.map(({ text }) => text)).toContain(
			"Map user ids of the container to those of the host: 1000 ids from 0 on are those from 100000 on.",
		);
	});

	test("refuses network devices, which it cannot foretell", ({ runtime, makeBundle, skip }) => {
		needs(skip, "tsrun");
		const bundle = makeBundle({ patch: ({ linux }) => Object.assign(linux, { netDevices: { eth9: {} } }) });
		expect(failureOf(runtime("explain", bundle))).toMatchObject({
			status: 1,
			message: "explain cannot foretell how network devices move",
		});
	});

	test("does not go with --systemd-cgroup, and takes one bundle", ({ runtime, makeBundle, skip }) => {
		needs(skip, "tsrun");
		expect(runtime("--systemd-cgroup", "explain", makeBundle()).status).toBe(1);
		expect(runtime("explain", "a", "b").stdout).toContain("Incorrect Usage");
	});
});
