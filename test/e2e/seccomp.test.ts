/** `linux.seccomp`: what the program may call, the runtime's own last steps under it, the cache, and the agent. */
import { mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { Seccomp, SeccompAction, SeccompArg, SeccompRule } from "../../src/spec/types.js";
import { listenAsAgent } from "../support/agent.js";
import type { BaseConfig, BundleOptions } from "../support/bundle.js";
import { test as base } from "../support/e2e.js";
import { repository } from "../support/paths.js";
import { needs } from "../support/skip.js";

const test = base
	/** A bundle with this profile. */
	.extend(
		"bundleWith",
		({ makeBundle }) =>
			(seccomp: Seccomp, options: BundleOptions = {}) =>
				makeBundle({
					...options,
					patch: (config) => {
						config.linux.seccomp = seccomp;
						options.patch?.(config);
					},
				}),
	)
	/** Runs the probe, or another program, under a profile. */
	.extend(
		"run",
		({ runtime, bundleWith, newId }) =>
			(seccomp: Seccomp, args: readonly string[], patch?: BundleOptions["patch"]) =>
				runtime("run", "--bundle", bundleWith(seccomp, { args, ...(patch ? { patch } : {}) }), newId()),
	)
	/** Tries a system call under a profile: "OK" or the errno's name. */
	.extend(
		"attempt",
		({ run }) =>
			(seccomp: Seccomp, ...call: string[]) =>
				run(seccomp, ["/probe", "syscall", ...call]).stdout.trim(),
	);

const allowBut = (...syscalls: SeccompRule[]): Seccomp => ({ defaultAction: "SCMP_ACT_ALLOW", syscalls });
const fail = (names: string[], errnoRet?: number, args?: SeccompArg[]): SeccompRule => ({
	names,
	action: "SCMP_ACT_ERRNO",
	...(errnoRet === undefined ? {} : { errnoRet }),
	...(args ? { args } : {}),
});
const newPrivileges = ({ process }: BaseConfig) => {
	process.noNewPrivileges = false;
};
const SIGSYS = 31;

/** Docker's default profile: a list of what is allowed. */
const dockers: Seccomp = JSON.parse(readFileSync(join(repository, "bench/docker-default.json"), "utf8")).linux.seccomp;

describe("a filter", () => {
	test.for([true, false])("is the program's, with noNewPrivileges %s", (noNewPrivileges, { run }) => {
		const patch = ({ process }: BaseConfig) => {
			process.noNewPrivileges = noNewPrivileges;
		};
		expect(run(allowBut(fail(["mkdir"], 95)), ["/probe", "syscall", "mkdir"], patch).stdout).toBe("EOPNOTSUPP\n");
		expect(run(allowBut(), ["/probe", "seccomp"], patch).stdout).toBe("2\n");
		expect(run(allowBut(), ["/probe", "nnp"], patch).stdout).toBe(noNewPrivileges ? "1\n" : "0\n");
	});

	test.for([true, false])(
		"leaves another user exactly the capabilities it may have, with noNewPrivileges %s",
		(noNewPrivileges, { run }) => {
			const patch = ({ process }: BaseConfig) => {
				process.noNewPrivileges = noNewPrivileges;
				process.user = { uid: 1000, gid: 1000 };
				const kill = ["CAP_KILL"];
				process.capabilities = { bounding: kill, permitted: kill, effective: kill, inheritable: kill, ambient: kill };
			};
			const only = "0000000000000020";
			const { stdout, stderr } = run(allowBut(fail(["mkdir"])), ["/probe", "caps"], patch);
			expect(stderr).toBe("");
			expect(JSON.parse(stdout)).toEqual({
				bounding: only,
				permitted: only,
				effective: only,
				inheritable: only,
				ambient: only,
			});
		},
	);

	test("answers with the rule's errno, the profile's, or EPERM", ({ attempt }) => {
		expect(attempt(allowBut(fail(["mkdir"], 28)), "mkdir")).toBe("ENOSPC");
		expect(attempt(allowBut(fail(["mkdir"])), "mkdir")).toBe("EPERM");
		const names = ["mkdir"];
		const list = (more: Partial<Seccomp>): Seccomp => ({
			...dockers,
			...more,
			syscalls: (dockers.syscalls ?? []).map((rule) => ({
				...rule,
				names: rule.names.filter((name) => !names.includes(name)),
			})),
		});
		expect(attempt(list({ defaultErrnoRet: 11 }), "mkdir")).toBe("EAGAIN");
	});

	const large = 0xffff_ffff;
	test.for<
		readonly [SeccompArg["op"], SeccompArg["value"], SeccompArg["valueTwo"], refused8: boolean, refusedLarge: boolean]
	>([
		["SCMP_CMP_EQ", 8, undefined, true, false],
		["SCMP_CMP_NE", 8, undefined, false, true],
		["SCMP_CMP_LT", 9, undefined, true, false],
		["SCMP_CMP_LE", 8, undefined, true, false],
		["SCMP_CMP_GT", 8, undefined, false, true],
		["SCMP_CMP_GE", large, undefined, false, true],
		["SCMP_CMP_GE", 2n ** 63n, undefined, false, false],
		["SCMP_CMP_MASKED_EQ", 0xff00, 0xff00, false, true],
	])("compares arguments: %s %s %s", ([op, value, valueTwo, refused8, refusedLarge], { attempt }) => {
		const profile = allowBut(
			fail(["personality"], 95, [{ index: 0, op, value, ...(valueTwo === undefined ? {} : { valueTwo }) }]),
		);
		expect(attempt(profile, "personality-linux32")).toBe(refused8 ? "EOPNOTSUPP" : "OK");
		expect(attempt(profile, "personality")).toBe(refusedLarge ? "EOPNOTSUPP" : "OK");
	});

	test("wants all conditions on several arguments, and any of those on one", ({ attempt }) => {
		const is = (index: number, value: number): SeccompArg => ({ index, op: "SCMP_CMP_EQ", value });
		const both = (...args: SeccompArg[]) => allowBut(fail(["socket"], 95, args));
		expect(attempt(both(is(0, 2), is(1, 1)), "socket")).toBe("EOPNOTSUPP");
		expect(attempt(both(is(0, 2), is(1, 2)), "socket")).toBe("OK");
		expect(attempt(both(is(0, 2), is(0, 3)), "socket")).toBe("EOPNOTSUPP");
	});

	test("of allowed calls lets a container live and refuses the others: Docker's default profile", ({ run }) => {
		const all = ["CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_SYS_MODULE", "CAP_SYS_TIME"];
		const patch = ({ process }: BaseConfig) => {
			process.capabilities = { bounding: all, effective: all, permitted: all };
		};
		const calls = "getpid socket personality-linux32 unshare mount keyctl bpf reboot setns clone3".split(" ");
		const script = `for call in ${calls.join(" ")}; do echo $call $(/probe syscall $call); done`;
		const { stdout } = run(dockers, ["/bin/sh", "-c", script], patch);
		expect(
			Object.fromEntries(
				stdout
					.trim()
					.split("\n")
					.map((line) => line.split(" ")),
			),
		).toEqual({
			getpid: "OK",
			socket: "OK",
			"personality-linux32": "OK",
			unshare: "EPERM",
			mount: "EPERM",
			keyctl: "EPERM",
			bpf: "EPERM",
			reboot: "EPERM",
			setns: "EPERM",
			clone3: "ENOSYS",
		});
	});

	test("answers ENOSYS to calls younger than the profile, not the default errno", ({ attempt }) => {
		expect(attempt(dockers, "1023")).toBe("ENOSYS");
		expect(attempt({ ...dockers, defaultErrnoRet: 11 }, "1023")).toBe("ENOSYS");
		expect(attempt({ ...dockers, defaultErrnoRet: 11 }, "reboot")).toBe("EAGAIN");
	});

	test("covers the architectures that are listed, and kills on others", ({ run, skip }) => {
		if (process.arch !== "x64") skip(`this machine is ${process.arch}`);
		// mkdir of 32-bit programs
		const call = ["/probe", "syscall32", "39"];
		const profile = (...architectures: NonNullable<Seccomp["architectures"]>) => ({
			...allowBut(fail(["mkdir"], 95)),
			architectures,
		});
		expect(run(profile("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"), call).stdout).toBe("EOPNOTSUPP\n");
		expect(run(profile("SCMP_ARCH_X86_64"), call)).toMatchObject({ status: 128 + SIGSYS, stdout: "" });
		expect(run(allowBut(), call)).toMatchObject({ status: 128 + SIGSYS });
	});

	test("is in force for startContainer hooks, which find three descriptors", ({
		runtime,
		bundleWith,
		newId,
		folder,
	}) => {
		const directory = join(folder, "diary");
		mkdirSync(directory);
		const script =
			"/probe syscall mkdir > /diary/call; ls /proc/self/fd | wc -l > /diary/fds; grep Seccomp: /proc/self/status > /diary/mode";
		const bundle = bundleWith(allowBut(fail(["mkdir"], 95)), {
			args: ["/bin/true"],
			patch: (config) => {
				config.hooks = {
					startContainer: [{ path: "/bin/sh", args: ["sh", "-c", script], env: ["PATH=/bin:/usr/bin"] }],
				};
				config.mounts.push({ destination: "/diary", source: directory, options: ["bind"] });
			},
		});
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stderr: "" });
		const read = (name: string) => readFileSync(join(directory, name), "utf8").trim();
		expect(read("call")).toBe("EOPNOTSUPP");
		// ls has one open itself
		expect(read("fds")).toBe("4");
		expect(read("mode")).toBe("Seccomp:\t2");
	});
});

describe("a filter against what the runtime itself calls", () => {
	const used =
		`getcwd openat2 open_tree move_mount fsopen fsconfig fsmount mount_setattr mount umount2 pivot_root chroot chdir
		fchdir setns unshare clone clone3 personality prctl capset setuid setgid setresuid setresgid setgroups setsid sethostname
		close_range dup2 dup3 close openat fcntl socket connect sendmsg recvmsg accept4 poll ppoll wait4 keyctl setrlimit prlimit64
		umask fchown rt_sigaction rt_sigprocmask memfd_create write`.split(/\s+/);

	// runc needs most of these between filter and program
	test.for([
		["SCMP_ACT_ERRNO", true],
		["SCMP_ACT_ERRNO", false],
		["SCMP_ACT_KILL_PROCESS", true],
		["SCMP_ACT_KILL_PROCESS", false],
	] as const)(
		"%s does not keep the program from being executed, with noNewPrivileges %s",
		([action, noNewPrivileges], { run, skip }) => {
			needs(skip, "tsrun");
			const patch = ({ process }: BaseConfig) => {
				process.noNewPrivileges = noNewPrivileges;
				process.user = { uid: 1000, gid: 1000 };
			};
			// the C library of the probe makes one of these calls when it starts
			const names = used.filter((name) => name !== "prlimit64");
			expect(run(allowBut({ names, action }), ["/probe", "exit", "7"], patch)).toMatchObject({ status: 7, stderr: "" });
		},
	);

	test("is an error when it is execve, and names that", ({ run, skip }) => {
		needs(skip, "tsrun");
		const refused = run(allowBut(fail(["execve"])), ["/probe", "exit", "7"]);
		expect(refused.status).toBe(1);
		expect(refused.stderr).toContain("exec /probe: operation not permitted");
		const killed = run(allowBut({ names: ["execve"], action: "SCMP_ACT_KILL_PROCESS" }), ["/probe", "exit", "7"]);
		expect(killed.status).toBe(1);
		expect(killed.stderr).toContain("the process was killed before it could execute its program");
	});
});

describe("a profile is refused", () => {
	test.for<readonly [string, Seccomp, RegExp]>([
		[
			"an errno for an action that takes none",
			allowBut({ names: ["mkdir"], action: "SCMP_ACT_KILL", errnoRet: 5 }),
			/syscalls\[0\]\.errnoRet/,
		],
		[
			"a default errno for one that takes none",
			{ defaultAction: "SCMP_ACT_ALLOW", defaultErrnoRet: 5 },
			/defaultErrnoRet/,
		],
		["no name in a rule", allowBut({ names: [], action: "SCMP_ACT_KILL" }), /syscalls\[0\]\.names/],
		["metadata without an agent", { defaultAction: "SCMP_ACT_ALLOW", listenerMetadata: "x" }, /listenerMetadata/],
		["an unknown action", { defaultAction: "SCMP_ACT_MAGIC" as SeccompAction }, /SCMP_ACT_MAGIC/],
	])("with %s", ([_what, profile, message], { run, skip }) => {
		needs(skip, "tsrun");
		const { status, stdout, stderr } = run(profile, ["/bin/true"]);
		expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
		expect(stderr).toMatch(message);
	});

	test.for([
		["write", /SCMP_ACT_NOTIFY cannot be used for the write syscall/],
		["sendmsg", /SCMP_ACT_NOTIFY cannot be used for the sendmsg syscall/],
	] as const)("that asks an agent about %s", ([name, message], { run, skip }) => {
		if (name === "sendmsg") needs(skip, "tsrun");
		const profile: Seccomp = {
			...allowBut({ names: ["mkdir", name], action: "SCMP_ACT_NOTIFY" }),
			listenerPath: "/none",
		};
		const { status, stderr } = run(profile, ["/bin/true"]);
		expect(status).toBe(1);
		expect(stderr).toMatch(message);
	});

	test.for<readonly [string, Partial<Seccomp>]>([
		["without listenerPath", {}],
		["by default", { defaultAction: "SCMP_ACT_NOTIFY", listenerPath: "/none" }],
	])("that asks an agent %s", ([_how, more], { run }) => {
		const profile = { ...allowBut({ names: ["mkdir"], action: "SCMP_ACT_NOTIFY" }), ...more };
		const { status, stderr } = run(profile, ["/bin/true"]);
		expect(status).toBe(1);
		expect(stderr).toMatch(/listenerPath|SCMP_ACT_NOTIFY cannot be used as default action/);
	});
});

describe("compiled filters", () => {
	const profile = allowBut(fail(["uname"], 95));
	/** [BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW] */
	const allowAll = Buffer.from("060000000000ff7f", "hex");
	const cache = test.extend("entry", ({ runtime }) => () => {
		const directory = join(runtime.root, "seccomp~");
		const names = readdirSync(directory);
		expect(names).toHaveLength(1);
		return join(directory, names[0] ?? "");
	});
	/** An entry: length of the program in eight digits, the text that it was made from, the program. */
	const parse = (path: string) => {
		const bytes = readFileSync(path);
		const length = Number.parseInt(bytes.subarray(0, 8).toString(), 16);
		return { text: bytes.subarray(8, -length), program: bytes.subarray(-length) };
	};
	const write = (path: string, text: Buffer, program: Buffer) =>
		writeFileSync(path, Buffer.concat([Buffer.from(program.length.toString(16).padStart(8, "0")), text, program]));

	cache("are kept for the next container, for root alone", ({ attempt, entry, skip }) => {
		needs(skip, "tsrun");
		attempt(profile, "uname");
		const path = entry();
		const { ino, mode } = statSync(path);
		expect(mode & 0o777).toBe(0o600);
		expect(statSync(join(path, "..")).mode & 0o777).toBe(0o700);
		expect(attempt(profile, "uname")).toBe("EOPNOTSUPP");
		expect(statSync(entry()).ino).toBe(ino);
		// the only way to see from outside that it is the entry that counts
		write(path, parse(path).text, allowAll);
		expect(attempt(profile, "uname")).toBe("OK");
	});

	cache("are compiled again when the entry is damaged", ({ attempt, entry, skip }) => {
		needs(skip, "tsrun");
		attempt(profile, "uname");
		const whole = readFileSync(entry());
		for (const size of [whole.length - 8, 20, 0]) {
			truncateSync(entry(), size);
			expect(attempt(profile, "uname")).toBe("EOPNOTSUPP");
			expect(readFileSync(entry()).equals(whole)).toBe(true);
		}
	});

	cache("are not taken from an entry that was made from another profile", ({ attempt, entry, skip }) => {
		needs(skip, "tsrun");
		attempt(profile, "uname");
		const path = entry();
		const { text } = parse(path);
		const other = Buffer.from(text.toString().replace('"errnoRet":95', '"errnoRet":96'));
		expect(other.equals(text)).toBe(false);
		write(path, other, allowAll);
		expect(attempt(profile, "uname")).toBe("EOPNOTSUPP");
		expect(parse(path).text.equals(text)).toBe(true);
	});

	cache("of two profiles are two", ({ attempt, runtime, skip }) => {
		needs(skip, "tsrun");
		expect(attempt(profile, "uname")).toBe("EOPNOTSUPP");
		expect(attempt(allowBut(fail(["uname"], 28)), "uname")).toBe("ENOSPC");
		expect(readdirSync(join(runtime.root, "seccomp~"))).toHaveLength(2);
	});

	cache("do without a place to be kept", ({ attempt, runtime, skip }) => {
		needs(skip, "tsrun");
		mkdirSync(runtime.root, { mode: 0o700 });
		writeFileSync(join(runtime.root, "seccomp~"), "");
		expect(attempt(profile, "uname")).toBe("EOPNOTSUPP");
	});
});

describe("an agent", () => {
	const mkdirNumber = 83;
	const withAgent = test
		/** Decides for that many processes that every call fails with EOPNOTSUPP. */
		.extend(
			"agent",
			({ folder }) =>
				(connections: number) =>
					listenAsAgent(folder, connections),
		);
	const asking = (listenerPath: string, more: Partial<Seccomp> = {}): Seccomp => ({
		...allowBut({ names: ["mkdir"], action: "SCMP_ACT_NOTIFY" }),
		listenerPath,
		...more,
	});
	const onlyX64 = (skip: (reason: string) => void) => {
		if (process.arch !== "x64") skip(`this machine is ${process.arch}`);
	};

	withAgent.for([true, false])(
		"decides the program's calls, with noNewPrivileges %s",
		async (noNewPrivileges, { runtime, bundleWith, newId, agent, skip }) => {
			onlyX64(skip);
			const { path, told, calls, ended } = await agent(1);
			const id = newId();
			const bundle = bundleWith(asking(path, { listenerMetadata: "meta: data" }), {
				args: ["/probe", "syscall", "mkdir"],
				patch: (config) => {
					config.annotations = { key: "value" };
					config.process.noNewPrivileges = noNewPrivileges;
				},
			});
			const run = runtime("run", "--bundle", bundle, id);
			expect(run).toMatchObject({ status: 1, stdout: "EOPNOTSUPP\n", stderr: "" });
			await ended();
			expect(calls()).toEqual([mkdirNumber]);
			expect(told()).toHaveLength(1);
			const [{ fds, state } = { fds: 0, state: null }] = told();
			expect(fds).toBe(1);
			expect(state).toMatchObject({
				ociVersion: expect.stringMatching(/^1\./),
				fds: ["seccompFd"],
				pid: expect.any(Number),
				metadata: "meta: data",
				state: { id, bundle, pid: state?.pid, annotations: { key: "value" } },
			});
		},
	);

	withAgent(
		"is told once per connection, of the container's process and of each of exec",
		async ({ runtime, bundleWith, newId, agent, folder, skip }) => {
			// runc loads the filter when it creates the container, and leaves the connections open
			needs(skip, "tsrun");
			onlyX64(skip);
			const { path, told, calls, rests, ended } = await agent(3);
			const id = newId();
			const pidFile = join(folder, "pid");
			runtime("create", "--bundle", bundleWith(asking(path)), id);
			const { pid } = JSON.parse(runtime("state", id).stdout);
			expect(runtime("start", id)).toMatchObject({ status: 0, stderr: "" });
			expect(runtime("exec", id, "/probe", "syscall", "mkdir")).toMatchObject({ status: 1, stdout: "EOPNOTSUPP\n" });
			runtime("exec", "--detach", "--pid-file", pidFile, id, "/probe", "sleep");
			runtime("delete", "--force", id);
			await ended();
			expect(told().map(({ fds, state }) => [fds, state.state.status, state.state.pid])).toEqual([
				[1, "created", pid],
				[1, "running", pid],
				[1, "running", pid],
			]);
			expect(told()[0]?.state.pid).toBe(pid);
			expect(told()[1]?.state.pid).not.toBe(pid);
			expect(told()[2]?.state.pid).toBe(Number(readFileSync(pidFile, "utf8")));
			expect(told()[0]?.state).not.toHaveProperty("metadata");
			expect(calls()).toEqual([mkdirNumber]);
			expect(rests()).toEqual([0, 0, 0]);
		},
	);

	withAgent("decides the calls of startContainer hooks, too", async ({ runtime, bundleWith, newId, agent, skip }) => {
		// with runc it is the same filter, and the same connection
		needs(skip, "tsrun");
		onlyX64(skip);
		const { path, calls, ended } = await agent(2);
		const bundle = bundleWith(asking(path), {
			args: ["/bin/echo", "ran"],
			patch: (config) => {
				config.hooks = { startContainer: [{ path: "/bin/sh", args: ["sh", "-c", "! /probe syscall mkdir"] }] };
			},
		});
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "ran\n", stderr: "" });
		await ended();
		expect(calls()).toEqual([mkdirNumber]);
	});

	withAgent("that is not there fails run, and leaves nothing", ({ run, folder }) => {
		const { status, stdout, stderr } = run(asking(join(folder, "nobody")), ["/bin/echo", "ran"]);
		expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
		expect(stderr).toContain("failed to connect with seccomp agent");
	});

	withAgent(
		"that is not there fails start before the program runs, and destroys the container",
		({ runtime, bundleWith, newId, folder, skip }) => {
			// with runc create fails
			needs(skip, "tsrun");
			const id = newId();
			const bundle = bundleWith(asking(join(folder, "nobody")), { args: ["/bin/echo", "ran"] });
			const created = runtime("create", "--bundle", bundle, id);
			const started = runtime("start", id);
			expect(started.status).toBe(1);
			expect(started.stderr).toContain("failed to connect with seccomp agent");
			expect(created.later().stdout).toBe("");
			expect(runtime("state", id).stderr).toContain("does not exist");
		},
	);

	withAgent("that has gone fails exec", async ({ runtime, bundleWith, newId, agent }) => {
		const { path, signal, ended } = await agent(1);
		const id = newId();
		runtime("run", "--detach", "--bundle", bundleWith(asking(path)), id);
		signal("SIGKILL");
		await ended();
		const { status, stderr } = runtime("exec", id, "/bin/true");
		runtime("delete", "--force", id);
		expect(status).toBe(255);
		expect(stderr).toContain("failed to connect with seccomp agent");
	});

	withAgent("is not called when no rule asks for it", ({ run, folder }) => {
		const profile = { ...allowBut(fail(["mkdir"], 95)), listenerPath: join(folder, "nobody") };
		expect(run(profile, ["/probe", "syscall", "mkdir"]).stdout).toBe("EOPNOTSUPP\n");
	});

	withAgent("cannot be told when the profile forbids sendmsg, which is an error", async ({ run, agent, skip }) => {
		needs(skip, "tsrun");
		const { path, signal, ended } = await agent(1);
		const profile = asking(path);
		const made = run(
			{ ...profile, syscalls: [...(profile.syscalls ?? []), fail(["sendmsg"])] },
			["/bin/true"],
			newPrivileges,
		);
		expect(made.status).toBe(1);
		expect(made.stderr).toContain("sendmsg before exec /bin/true: operation not permitted");
		signal("SIGKILL");
		await ended();
	});
});
