/** The built-in init comes into any container without a trace in its image: wherever a program runs, it runs. */
import { execFileSync } from "node:child_process";
import { chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect } from "vitest";
import type { Seccomp } from "../../src/spec/types.js";
import type { BaseConfig } from "../support/bundle.js";
import { test as base, shell } from "../support/container.js";
import { failureOf } from "../support/failure.js";
import { all, linesOf, withInit } from "../support/inits.js";
import { describeLeaks, findLeaks } from "../support/leaks.js";
import { parseMountinfo } from "../support/mounts.js";
import { probe, repository, runtimeProgram } from "../support/paths.js";
import { needs } from "../support/skip.js";
import { awaitStatus, stateOf } from "../support/status.js";

const silent = { status: 0, stdout: "", stderr: "" };

/** Ends with 7 when process 1 is the init and this one is not. */
const check = shell("test $$ != 1; read name </proc/1/comm; test $name = tsrun-init; exit 7");

const test = base
	.extend("onlyTsrun", { auto: true }, ({ skip }) => {
		needs(skip, "tsrun");
		return true;
	})
	/** `run` of the check, with changes to the configuration and to what is around the runtime. */
	.extend(
		"checked",
		({ runtime, makeBundle, newId }) =>
			(patch: (config: BaseConfig) => void, through: readonly string[] = [], args = check) => {
				const bundle = makeBundle({ args, patch: all(withInit("forward"), patch) });
				const { status, stdout, stderr } = runtime.with({ through }, "run", "--bundle", bundle, newId());
				return { status, stdout, stderr };
			},
	);

const ranBehindInit = { status: 7, stdout: "", stderr: "" };

function without(type: string): (config: BaseConfig) => void {
	return ({ linux }) => {
		linux.namespaces = linux.namespaces.filter((namespace) => namespace.type !== type);
	};
}

const ofAnotherUser = ({ process }: BaseConfig): void => {
	process.user = { uid: 1000, gid: 1000 };
	process.capabilities = {} as BaseConfig["process"]["capabilities"];
};

const inUserNamespace = (config: BaseConfig): void => {
	config.linux.namespaces.push({ type: "user" });
	config.linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
	config.linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
};

const inHostMounts = (config: BaseConfig): void => {
	without("mount")(config);
	config.linux.maskedPaths = [];
	config.linux.readonlyPaths = [];
};

const nothing = (): void => {};

/** A mount namespace in which the kernel executes no memory files; the sysctl belongs to the pid namespace. */
const withoutMemoryFiles = [
	...["unshare", "--pid", "--fork", "--mount-proc", "sh", "-ec"],
	'echo 2 >/proc/sys/vm/memfd_noexec; exec "$0" "$@"',
];

/** Without memory files and the newer mount calls, what protects the runtime itself is that its file lies on such a mount. */
const fromReadonlyMount = [
	...["unshare", "--mount", "sh", "-ec"],
	`mount --bind ${dirname(runtimeProgram)} ${dirname(runtimeProgram)}; mount -o remount,bind,ro ${dirname(runtimeProgram)}; exec "$0" "$@"`,
];

describe("the init is process 1", () => {
	for (const [where, patch] of [
		["over a read-only root", nothing],
		[
			"over a root that may be written to",
			({ root }: BaseConfig) => {
				root.readonly = false;
			},
		],
		["for a user without capabilities", ofAnotherUser],
		["in a user namespace", inUserNamespace],
		["in a user namespace, for a user of it", all(inUserNamespace, ofAnotherUser)],
		["without a mount namespace", inHostMounts],
		[
			"when noNewPrivileges is off",
			({ process }: BaseConfig) => {
				process.noNewPrivileges = false;
			},
		],
	] as const) {
		test(where, ({ checked }) => {
			expect(checked(patch)).toEqual(ranBehindInit);
		});
	}

	test("when a limit allows the streams alone", ({ checked }) => {
		const patch = ({ process }: BaseConfig) => {
			process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 3, hard: 3 }];
		};
		expect(checked(patch, [], ["/probe", "exit", "7"])).toEqual(ranBehindInit);
	});

	for (const [where, ...through] of [
		[
			"before Linux 5.2",
			probe,
			"refuse",
			"ENOSYS",
			"openat2,open_tree,move_mount,fsopen,fsconfig,fsmount,mount_setattr",
		],
		["where memory files are refused", probe, "refuse", "EPERM", "memfd_create"],
		[
			"where memory files are refused, before Linux 5.2",
			...[
				...fromReadonlyMount,
				probe,
				"refuse",
				"ENOSYS",
				"memfd_create,openat2,open_tree,move_mount,fsopen,fsconfig,fsmount,mount_setattr",
			],
		],
		["where the kernel executes no memory file", ...withoutMemoryFiles],
	] as const) {
		for (const [who, patch] of [
			["root", nothing],
			["a user namespace", all(inUserNamespace, ofAnotherUser)],
			["the host's mount namespace", inHostMounts],
		] as const) {
			test(`${where}: ${who}`, ({ checked, folder }) => {
				expect(checked(patch, through)).toEqual(ranBehindInit);
				expect(describeLeaks(findLeaks(folder))).toEqual([]);
			});
		}
	}

	for (const [where, through] of [
		["as usual", []],
		["where the kernel executes no memory file", withoutMemoryFiles],
	] as const) {
		test(`without a procfs in the container, ${where}`, ({ checked }) => {
			const patch = (config: BaseConfig) => {
				config.mounts = config.mounts.filter(({ destination }) => destination !== "/proc");
				config.linux.maskedPaths = [];
				config.linux.readonlyPaths = [];
			};
			expect(checked(patch, through, shell("test $$ != 1; exit 7"))).toEqual(ranBehindInit);
		});
	}

	test("for a user without privileges", ({ runtime, makeBundle, newId, folder }) => {
		const user = 1234;
		const bundle = makeBundle({ args: check });
		const home = join(folder, "xdg");
		mkdirSync(home, { mode: 0o700 });
		chownSync(home, user, user);
		execFileSync("chown", ["-R", `${user}:${user}`, bundle]);
		const ownRoot = ["sh", "-c", 'program=$0; shift 2; exec "$program" "$@"'];
		const through = ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups", ...ownRoot];
		const asUser = (...args: string[]) => runtime.with({ env: { XDG_RUNTIME_DIR: home }, through }, ...args);
		const file = join(bundle, "config.json");
		execFileSync("rm", [file]);
		expect(asUser("spec", "--rootless", "--bundle", bundle)).toMatchObject(silent);
		const config = JSON.parse(readFileSync(file, "utf8"));
		Object.assign(config.process, { args: check, terminal: false });
		writeFileSync(file, JSON.stringify(config));
		expect(asUser("run", "--init", "--bundle", bundle, newId())).toMatchObject(ranBehindInit);
	});
});

describe("a system call filter", () => {
	/** docs/init.md lists them. */
	const calls = /^Calls of the init: ([\s\S]*?)\n\n/m.exec(readFileSync(join(repository, "docs/init.md"), "utf8"))?.[1];
	const ofInit = calls?.match(/\w+/g) ?? [];

	test("has to allow no more for it than the documentation lists", ({ checked }) => {
		// those of /probe exit, a static program
		const ofProgram =
			"execve brk arch_prctl set_tid_address set_robust_list rseq prlimit64 mprotect getrandom exit_group";
		const kernels = ["readlink", "readlinkat", "uname", "futex"];
		const seccomp: Seccomp = {
			defaultAction: "SCMP_ACT_KILL_PROCESS",
			syscalls: [{ names: [...ofInit, ...ofProgram.split(" "), ...kernels], action: "SCMP_ACT_ALLOW" }],
		};
		const patch = (config: BaseConfig) => {
			config.linux.seccomp = seccomp;
		};
		expect(checked(patch, [], ["/probe", "exit", "7"])).toEqual(ranBehindInit);
	});

	test("of Docker's lets it be", ({ checked }) => {
		const docker = JSON.parse(readFileSync(join(repository, "bench/docker-default.json"), "utf8"));
		const patch = (config: BaseConfig) => {
			config.linux.seccomp = docker.linux.seccomp;
		};
		expect(checked(patch)).toEqual(ranBehindInit);
	});
});

describe("the container", () => {
	test("has the same files and the same mounts as without it", ({ runtime, makeBundle, newId }) => {
		const look = (patch: (config: BaseConfig) => void) => {
			const args = shell("find / -xdev | sort; cat /proc/self/mountinfo");
			const { stdout, stderr } = runtime("run", "--bundle", makeBundle({ args, patch }), newId());
			expect(stderr).toBe("");
			const [files, mounts] = [stdout.split("\n").filter((line) => line.startsWith("/")), stdout.split("\n")];
			const points = parseMountinfo(mounts.filter((line) => /^\d/.test(line)).join("\n"));
			return { files, points: points.map(({ point, type, options }) => [point, type, options]) };
		};
		expect(look(withInit("forward"))).toEqual(look(() => {}));
	});

	test("cannot write to its init", ({ runtime, makeBundle, newId }) => {
		const script = "(echo x >/proc/1/exe) 2>/dev/null || echo refused; cat /proc/1/exe | head -c 4 | tail -c 3";
		const patch = withInit("forward");
		const run = runtime("run", "--bundle", makeBundle({ args: ["/bin/sh", "-c", script], patch }), newId());
		expect(run).toMatchObject({ status: 0, stdout: "refused\nELF", stderr: "" });
	});

	test("can be listed, shown, entered, signalled and deleted", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const bundle = makeBundle({ args: ["/probe", "trap", "USR1", "TERM=3"] });
		const created = runtime("create", "--init", "--bundle", bundle, id);
		expect(created).toMatchObject(silent);
		expect(stateOf(runtime, id)).toMatchObject({ status: "created", annotations: { "org.tsrun.init": "forward" } });
		expect(runtime("start", id)).toMatchObject(silent);
		await linesOf(created, 1);
		const { pid, status } = stateOf(runtime, id);
		expect(status).toBe("running");
		expect(readFileSync(`/proc/${pid}/comm`, "utf8")).toBe("tsrun-init\n");
		const pids = JSON.parse(runtime("ps", "--format", "json", id).stdout);
		expect(pids).toHaveLength(2);
		expect(pids).toContain(pid);
		expect(runtime("ps", id).stdout).toMatch(/tsrun-init forward -- \/probe \/probe trap USR1 TERM=3/);
		const exec = runtime("exec", id, "/bin/sh", "-c", "cat /proc/1/comm; exit 5");
		expect(exec).toMatchObject({ status: 5, stdout: "tsrun-init\n", stderr: "" });
		expect(runtime("kill", id, "USR1")).toMatchObject(silent);
		expect(await linesOf(created, 2)).toEqual(["ready", "USR1"]);
		expect(runtime("pause", id)).toMatchObject(silent);
		expect(runtime("resume", id)).toMatchObject(silent);
		expect(runtime("kill", id)).toMatchObject(silent);
		await awaitStatus(runtime, id, "stopped");
		expect(created.later()).toEqual({ stdout: "ready\nUSR1\nTERM\n", stderr: "" });
		expect(runtime("delete", id)).toMatchObject(silent);
	});

	test("ends at once by KILL, while its program ignores everything", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const bundle = makeBundle({ args: ["/probe", "deaf", "/probe", "print-ready-then-wait"] });
		const run = runtime("run", "--init", "--detach", "--bundle", bundle, id);
		await linesOf(run, 1);
		runtime("kill", id, "KILL");
		await awaitStatus(runtime, id, "stopped");
		expect(runtime("delete", id)).toMatchObject(silent);
	});

	test("tells its hooks", ({ runtime, makeBundle, newId, folder }) => {
		const hook = { path: "/bin/sh", args: ["sh", "-c", `cat >${join(folder, "told")}`] };
		const patch = (config: BaseConfig) => {
			config.hooks = { createRuntime: [hook], startContainer: [{ path: "/bin/true" }] };
		};
		const bundle = makeBundle({ args: ["/probe", "exit", "0"], patch });
		expect(runtime("run", "--init=group", "--bundle", bundle, newId())).toMatchObject(silent);
		const { annotations } = JSON.parse(readFileSync(join(folder, "told"), "utf8"));
		expect(annotations).toEqual({ "org.tsrun.init": "group" });
	});

	test("refuses a program that is not there, as without it", ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle({ args: ["/nowhere"] });
		const plain = failureOf(runtime("create", "--bundle", bundle, newId()));
		expect(plain.message).toContain('exec: "/nowhere": stat /nowhere: no such file or directory');
		expect(failureOf(runtime("create", "--init", "--bundle", bundle, newId()))).toEqual(plain);
	});
});

describe("what is not asked for", () => {
	test("is not made: without an init no call is for it", ({ runtime, makeBundle, newId, folder }) => {
		const trace = join(folder, "trace");
		const calls = (...flags: string[]) => {
			const bundle = makeBundle({ args: ["/probe", "exit", "0"] });
			const run = runtime(`--trace=${trace}`, "run", ...flags, "--bundle", bundle, newId());
			expect(run).toMatchObject(silent);
			return readFileSync(trace, "utf8");
		};
		expect(calls("--init")).toContain("memfd_create");
		expect(calls()).not.toContain("memfd_create");
	});

	test("is refused with its name, before anything is made", ({ runtime, makeBundle, newId, folder }) => {
		for (const [annotations, message] of [
			[
				{ "org.tsrun.init": "tini" },
				'annotation "org.tsrun.init": expected forward, group, pause, supervise, graceful',
			],
			[{ "org.tsrun.init.remap": "TERM=QUIT" }, "there is no init for it: org.tsrun.init is not set"],
			[{ "org.tsrun.init": "group", "org.tsrun.init.remap": "TREM=QUIT" }, 'unknown signal "TREM"'],
			[{ "org.tsrun.init": "graceful", "org.tsrun.init.deadline": "soon" }, "expected seconds up to 86400"],
			[{ "org.tsrun.init": "supervise", "org.tsrun.init.supervise": "[{}]" }, "[0].args: expected the program"],
		] as const) {
			const bundle = makeBundle({ patch: (config) => Object.assign(config, { annotations }) });
			for (const verb of ["create", "run"]) {
				const { status, stdout, message: told } = failureOf(runtime(verb, "--bundle", bundle, newId()));
				expect({ status, stdout, told }).toEqual({ status: 1, stdout: "", told: expect.stringContaining(message) });
			}
		}
		const bundle = makeBundle({
			patch: (config) => {
				without("pid")(config);
				withInit("graceful")(config);
			},
		});
		expect(failureOf(runtime("create", "--bundle", bundle, newId())).message).toContain("needs a pid namespace");
		expect(failureOf(runtime("run", "--init=nope", "--bundle", bundle, newId())).message).toContain(
			'invalid value "nope" for flag -init: expected forward, group, pause, supervise, graceful',
		);
		expect(describeLeaks(findLeaks(folder))).toEqual([]);
	});
});
