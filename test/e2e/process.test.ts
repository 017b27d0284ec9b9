/** `process` of config.json, as the program finds it (config.md#process, #posix-process, #linux-process, #user). */
import {
	chmodSync,
	chownSync,
	closeSync,
	existsSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	renameSync,
	rmdirSync,
	statSync,
	symlinkSync,
} from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { capabilityNames } from "../../src/spec/capability-names.js";
import type { RlimitType, Uint64 } from "../../src/spec/types.js";
import type { BaseConfig, BundleOptions } from "../support/bundle.js";
import { test as base } from "../support/e2e.js";
import { probe } from "../support/paths.js";
import type { RunOptions } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { waitFor } from "../support/wait.js";

type Patch = NonNullable<BundleOptions["patch"]>;

/** `run`: a container with this program, run to its end. `look`: the same with the probe, and its answer. */
const test = base
	.extend(
		"run",
		({ runtime, makeBundle, newId }) =>
			(options: BundleOptions, how: RunOptions = {}) =>
				runtime.with(how, "run", "--bundle", makeBundle(options), newId()),
	)
	.extend("look", ({ run }) => (what: readonly string[], patch: Patch = () => {}, how: RunOptions = {}) => {
		const { status, stdout, stderr } = run({ args: ["/probe", ...what], patch }, how);
		if (status !== 0) throw new Error(`status ${status}: ${stderr}`);
		return JSON.parse(stdout);
	});

/** Without this capability a runtime is in the position of one on a machine that withholds it. */
const withoutCapability = (...names: string[]) => [
	"setpriv",
	`--bounding-set=${names.map((name) => `-${name}`).join(",")}`,
];

/** A text log quotes what a plain message does not. */
const plain = (stderr: string) => stderr.replaceAll('\\"', '"');

/** Where cgroups can be made: the one hierarchy of version 2, or those of version 1. */
function cgroupHierarchies(): string[] {
	const top = "/sys/fs/cgroup";
	if (existsSync(join(top, "cgroup.controllers"))) return [top];
	const below = readdirSync(top).map((name) => join(top, name));
	return below.filter((path) => existsSync(join(path, "cgroup.procs")));
}

const changeUser =
	(user: BaseConfig["process"]["user"]): Patch =>
	({ process }) => {
		process.user = user;
	};

describe("process.user", () => {
	test("is the uid and gid in all their variants, and the additional groups and no others", ({ look }) => {
		const user = { uid: 1234, gid: 5678, additionalGids: [10, 20, 2_000_000_000] };
		const through = ["setpriv", "--groups=77,78"];
		expect(look(["id"], changeUser(user), { through })).toMatchObject({
			uid: 1234,
			euid: 1234,
			suid: 1234,
			gid: 5678,
			egid: 5678,
			sgid: 5678,
			groups: [10, 20, 2_000_000_000],
		});
		expect(look(["id"], changeUser({ uid: 1234, gid: 5678 }), { through }).groups).toEqual([]);
	});

	// runc takes none of them
	test("keeps ids above 2^31 as they are", ({ look, skip }) => {
		needs(skip, "tsrun");
		expect(look(["id"], changeUser({ uid: 4_294_967_294, gid: 3_000_000_000 }))).toMatchObject({
			uid: 4_294_967_294,
			gid: 3_000_000_000,
		});
	});

	test("sets the umask that is given", ({ look }) => {
		expect(look(["id"], changeUser({ uid: 0, gid: 0, umask: 0o137 })).umask).toBe("0137");
	});

	// runc 1.1 sets 0022; the specification keeps that of the calling process
	test("leaves the caller's umask when none is given", ({ look, skip }) => {
		needs(skip, "tsrun");
		const through = ["sh", "-c", 'umask 0071; exec "$@"', "sh"];
		expect(look(["id"], () => {}, { through }).umask).toBe("0071");
	});

	// in the foreground runc puts pipes between
	test("owns the streams that the caller gave, and never the host's /dev/null", async ({
		runtime,
		makeBundle,
		newId,
		folder,
	}) => {
		const id = newId();
		const input = openSync(join(folder, "input"), "w+");
		const args = ["/bin/sh", "-c", "echo word > /dev/stdout"];
		const bundle = makeBundle({ args, patch: changeUser({ uid: 1234, gid: 0 }) });
		const how = { through: ["sh", "-c", 'exec "$@" <&3 3<&-', "sh"], fds: [input] };
		const run = runtime.with(how, "run", "--detach", "--bundle", bundle, id);
		closeSync(input);
		expect(run).toMatchObject({ status: 0, stderr: "" });
		await waitFor(() => run.later().stdout === "word\n", { what: "the program to write to its stdout" });
		expect(statSync(join(folder, "input")).uid).toBe(1234);
		expect(statSync("/dev/null").uid).toBe(0);
		await waitFor(() => runtime("delete", id).status === 0, { what: "the container to be deleted" });
	});
});

describe("process.cwd", () => {
	const changeDirectory =
		(cwd: string): Patch =>
		({ process }) => {
			process.cwd = cwd;
		};

	test("is where the program starts, and is made when it is missing", ({ run }) => {
		const args = ["/bin/sh", "-c", "/probe cwd && stat -c '%a %u' ."];
		const { stdout } = run({ args, patch: changeDirectory("/srv/made/for you") });
		expect(stdout).toBe("/srv/made/for you\n755 0\n");
	});

	// runc makes it as the caller's umask says
	test("is open to all when it is made, whatever the caller's umask", ({ run, skip }) => {
		needs(skip, "tsrun");
		const through = ["sh", "-c", 'umask 077; exec "$@"', "sh"];
		const { stdout } = run({ args: ["/bin/stat", "-c", "%a", "."], patch: changeDirectory("/srv") }, { through });
		expect(stdout).toBe("755\n");
	});

	/** A directory that nobody but its owner may enter. */
	const makePrivate = (bundle: string, owner: number) => {
		const directory = join(bundle, "rootfs/private");
		mkdirSync(directory);
		chmodSync(directory, 0o700);
		chownSync(directory, owner, owner);
	};

	test("may be one that only the user can enter", ({ runtime, makeBundle, newId, skip }) => {
		// runc 1.1 does not get through the cgroup mounts
		needs(skip, "tsrun");
		const id = newId();
		const bundle = makeBundle({
			args: ["/probe", "cwd"],
			patch: (config) => {
				config.process.cwd = "/private";
				config.process.user = { uid: 1234, gid: 1234 };
				config.linux.cgroupsPath = `/${id}/container`;
			},
		});
		makePrivate(bundle, 1234);
		// without these root is a user as others are, who can make cgroups only where it may write
		const through = withoutCapability("dac_override", "dac_read_search");
		const parents = cgroupHierarchies().map((hierarchy) => join(hierarchy, id));
		for (const parent of parents) mkdirSync(parent);
		const run = runtime.with({ through }, "run", "--bundle", bundle, id);
		for (const parent of parents) rmdirSync(parent);
		expect(run).toMatchObject({ status: 0, stdout: "/private\n", stderr: "" });
	});

	test("may be one that only root can enter", ({ runtime, makeBundle, newId }) => {
		const patch: Patch = ({ process }) => {
			process.cwd = "/private";
			process.user = { uid: 1234, gid: 1234 };
		};
		const bundle = makeBundle({ args: ["/probe", "cwd"], patch });
		makePrivate(bundle, 0);
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "/private\n" });
	});

	test("that is a file is an error that names it", ({ run }) => {
		const made = run({ patch: changeDirectory("/etc/passwd") });
		expect(made.status).toBe(1);
		expect(made.stderr).toMatch(/\/etc\/passwd.*not a directory/);
	});

	test("must be absolute", ({ run }) => {
		const made = run({ patch: changeDirectory("relative") });
		expect(made.status).toBe(1);
		expect(made.stderr).toContain("Cwd must be an absolute path");
	});
});

describe("process.env", () => {
	const change =
		(env: string[], uid = 0): Patch =>
		({ process }) => {
			process.env = env;
			process.user = { uid, gid: 0 };
		};
	const environment = (look: (what: string[], patch: Patch, how?: RunOptions) => string[], patch: Patch) =>
		look(["env"], patch, { env: { HOME: "/callers", LEAKED: "1" } }).sort();

	test("is the whole environment", ({ look }) => {
		const env = ["A=1", "B=", "C=x=y z", "HOME=/h", "Ü=ö\n"];
		expect(environment(look, change(env))).toEqual(env);
	});

	test("has each name once: the last value wins", ({ look }) => {
		expect(environment(look, change(["HOME=/h", "A=1", "B=2", "A=3", "A=4"]))).toEqual(["A=4", "B=2", "HOME=/h"]);
	});

	test("gets HOME from the container's passwd when it is missing", ({ look }) => {
		expect(environment(look, change(["A=1"]))).toEqual(["A=1", "HOME=/root"]);
		expect(environment(look, change([], 1000))).toEqual(["HOME=/home"]);
	});

	test("gets the HOME / for a user that passwd does not know", ({ look }) => {
		expect(environment(look, change([], 4321))).toEqual(["HOME=/"]);
	});

	// runc 1.1 leaves an empty one, later ones replace it
	test("gets HOME when it is empty, and from a passwd that is a link", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun");
		const bundle = makeBundle({
			args: ["/bin/sh", "-c", "echo $HOME"],
			patch: change(["HOME="], 4321),
			files: { "etc/passwd": "me:x:4321:0::/srv/me:/bin/sh\n" },
		});
		const etc = join(bundle, "rootfs/etc");
		renameSync(join(etc, "passwd"), join(etc, "real"));
		symlinkSync("real", join(etc, "passwd"));
		expect(runtime("run", "--bundle", bundle, newId()).stdout).toBe("/srv/me\n");
	});
});

describe("process.args", () => {
	test("is the program's argv, exactly", ({ look }) => {
		const words = ["a b", "", "ü\n", "--flag", "$HOME"];
		expect(look(["args", ...words])).toEqual(["/probe", "args", ...words]);
	});

	test("is looked for in the container's own PATH, in order", ({ run }) => {
		const patch: Patch = ({ process }) => {
			process.env = ["PATH=/none:/first:/second"];
		};
		const say = (word: string) => `#!/bin/sh\necho ${word}\n`;
		const { stdout } = run({
			args: ["tool"],
			patch,
			files: { "first/tool": say("first"), "second/tool": say("second") },
		});
		expect(stdout).toBe("first\n");
	});

	test("passes over what it cannot execute", ({ run }) => {
		const patch: Patch = ({ process }) => {
			process.env = ["PATH=/first:/second"];
			process.user = { uid: 1000, gid: 1000 };
		};
		const files = { "first/tool": "no program", "second/tool": "#!/bin/sh\necho second\n" };
		expect(run({ args: ["tool"], patch, files }).stdout).toBe("second\n");
	});

	test("with a slash is a path, from the working directory when it is relative", ({ run }) => {
		const patch: Patch = ({ process }) => {
			process.cwd = "/srv";
			process.env = ["PATH=/nowhere"];
		};
		expect(run({ args: ["./tool"], patch, files: { "srv/tool": "#!/bin/sh\npwd\n" } }).stdout).toBe("/srv\n");
	});

	test.for([
		[["missing"], 'exec: "missing": executable file not found in $PATH'],
		[["/missing"], 'exec: "/missing": stat /missing: no such file or directory'],
		[["/etc/passwd"], 'exec: "/etc/passwd": permission denied'],
		[["/etc"], "permission denied"],
	] as const)(
		"%j that cannot be executed is refused by create: %s",
		([args, message], { runtime, makeBundle, newId }) => {
			const id = newId();
			const created = runtime("create", "--bundle", makeBundle({ args }), id);
			expect(created.status).toBe(1);
			expect(plain(created.stderr)).toContain(message);
			expect(runtime("state", id).status).toBe(1);
		},
	);

	test("without PATH finds nothing", ({ run }) => {
		const patch: Patch = ({ process }) => {
			process.env = [];
		};
		expect(plain(run({ args: ["sh"], patch }).stderr)).toContain('exec: "sh": executable file not found in $PATH');
	});

	test.for([
		["#!/bin/nosh\n", /"\/run\.sh": no such file or directory: its interpreter "\/bin\/nosh"/],
		["#!/bin/sh\r\n", /its first line ends in CRLF/],
	] as const)("%j says what is missing", ([text, message], { run, skip }) => {
		needs(skip, "tsrun");
		const { status, stderr } = run({ args: ["/run.sh"], files: { "run.sh": text } });
		expect(status).toBe(1);
		expect(stderr).toMatch(message);
	});

	test("with CRLF after the interpreter's argument is executed, as the kernel would", ({ run }) => {
		const { status } = run({ args: ["/run.sh"], files: { "run.sh": "#!/bin/true x\r\n" } });
		expect(status).toBe(0);
	});

	test("that the kernel cannot execute is told by start, with the reason", ({ run, skip }) => {
		needs(skip, "tsrun");
		const made = run({
			args: ["/bin/garbage"],
			files: { "bin/garbage": "#!" },
			patch: ({ process }) => {
				process.user = { uid: 0, gid: 0 };
			},
		});
		expect(made.status).toBe(1);
		expect(made.stderr).toContain("its first line #! names no interpreter");
	});

	test("that must not be empty", ({ run }) => {
		const made = run({ args: [] });
		expect(made.status).toBe(1);
		expect(made.stderr).toMatch(/args must not be empty|process args cannot be empty/i);
	});

	test("is executed by a user who has no permission but CAP_DAC_OVERRIDE", ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle({
			args: ["/private/tool"],
			patch: ({ process }) => {
				process.user = { uid: 1000, gid: 1000 };
				const sets = ["CAP_DAC_OVERRIDE"];
				process.capabilities = { bounding: sets, permitted: sets, effective: sets, inheritable: sets, ambient: sets };
			},
			files: { "private/tool": "#!/bin/sh\necho ran\n" },
		});
		chmodSync(join(bundle, "rootfs/private/tool"), 0o700);
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "ran\n" });
	});
});

describe("process.rlimits", () => {
	const limit = (type: RlimitType, soft: Uint64, hard: Uint64 = soft) => ({ type, soft, hard });
	const change =
		(...rlimits: BaseConfig["process"]["rlimits"]): Patch =>
		({ process }) => {
			process.rlimits = rlimits;
		};

	test("that are not given stay as they are", ({ run }) => {
		const args = ["/bin/cat", "/proc/self/limits"];
		expect(run({ args, patch: change() }).stdout).toBe(readFileSync("/proc/self/limits", "utf8"));
	});

	// runc needs descriptors of its own when it is under the limit
	test("may be tiny: they are not the runtime's", ({ look, skip }) => {
		needs(skip, "tsrun");
		const tiny = [limit("RLIMIT_NOFILE", 0), limit("RLIMIT_AS", 4_000_000), limit("RLIMIT_NPROC", 0)];
		const patch: Patch = (config) => {
			change(...tiny)(config);
			config.process.user = { uid: 1000, gid: 1000 };
			config.hooks = { startContainer: [{ path: "/bin/true" }] };
		};
		expect(look(["rlimits"], patch)).toMatchObject({
			RLIMIT_NOFILE: { soft: "0", hard: "0" },
			RLIMIT_AS: { soft: "4000000", hard: "4000000" },
			RLIMIT_NPROC: { soft: "0", hard: "0" },
		});
	});

	test("may forbid the program to write", ({ run }) => {
		const patch: Patch = (config) => {
			change(limit("RLIMIT_FSIZE", 0))(config);
			config.hooks = { startContainer: [{ path: "/bin/true" }] };
		};
		expect(run({ args: ["/bin/sh", "-c", "echo word > /dev/shm/file || exit 7"], patch }).status).toBe(7);
	});

	test("that would have to be raised without CAP_SYS_RESOURCE are an error of create that names them", ({
		runtime,
		makeBundle,
		newId,
	}) => {
		const through = [...withoutCapability("sys_resource"), "prlimit", "--nofile=500:500"];
		const bundle = makeBundle({ patch: change(limit("RLIMIT_NOFILE", 501)) });
		const created = runtime.with({ through }, "create", "--bundle", bundle, newId());
		expect(created.status).toBe(1);
		expect(created.stderr).toMatch(/rlimit.*operation not permitted/);
	});
});

describe("process.capabilities", () => {
	const change =
		(capabilities: BaseConfig["process"]["capabilities"] | undefined, uid = 0): Patch =>
		({ process }) => {
			if (capabilities) process.capabilities = capabilities;
			else delete (process as Partial<typeof process>).capabilities;
			process.user = { uid, gid: 0 };
		};
	const none = "0000000000000000";
	const kill = "0000000000000020";
	const killAndBind = "0000000000000420";
	const names = ["CAP_KILL", "CAP_NET_BIND_SERVICE"];

	test("stay with another user as far as they are ambient", ({ look }) => {
		const sets = {
			bounding: names,
			effective: names,
			permitted: names,
			inheritable: ["CAP_KILL"],
			ambient: ["CAP_KILL"],
		};
		expect(look(["caps"], change(sets, 1000))).toEqual({
			bounding: killAndBind,
			effective: kill,
			permitted: kill,
			inheritable: kill,
			ambient: kill,
		});
	});

	test.for([[{}], [undefined]])("are none when none are given: %j", ([sets], { look }) => {
		const empty = { bounding: none, effective: none, permitted: none, inheritable: none, ambient: none };
		expect(look(["caps"], change(sets))).toEqual(empty);
		expect(look(["caps"], change(sets, 1000))).toEqual(empty);
	});

	test("that all machines have can all be given", ({ look }) => {
		const known = readFileSync("/proc/self/status", "utf8").match(/CapBnd:\t(\w+)/)?.[1] ?? "";
		const all = capabilityNames.filter((_name, bit) => (BigInt(`0x${known}`) >> BigInt(bit)) & 1n);
		const sets = { bounding: all, effective: all, permitted: all, inheritable: all, ambient: all };
		expect(look(["caps"], change(sets, 1000))).toEqual({
			bounding: known,
			effective: known,
			permitted: known,
			inheritable: known,
			ambient: known,
		});
	});

	// runc 1.1 fails
	test("that cannot be granted are a warning", ({ run, skip }) => {
		needs(skip, "tsrun");
		const sets = {
			bounding: [...names, "CAP_SYS_RESOURCE"],
			effective: names,
			permitted: [...names, "CAP_SYS_RESOURCE"],
		};
		const through = withoutCapability("sys_resource");
		const { status, stdout, stderr } = run({ args: ["/probe", "caps"], patch: change(sets) }, { through });
		expect(status).toBe(0);
		expect(stderr).toContain("ignoring capabilities that cannot be granted: [CAP_SYS_RESOURCE]");
		expect(stderr.trim().split("\n")).toHaveLength(1);
		expect(JSON.parse(stdout)).toMatchObject({ bounding: killAndBind, permitted: killAndBind });
	});

	// runc 1.1 says nothing of ambient ones
	test("that cannot be ambient without being inheritable are a warning for each", ({ run, skip }) => {
		needs(skip, "tsrun");
		const sets = { bounding: names, effective: names, permitted: names, ambient: names };
		const { stdout, stderr } = run({ args: ["/probe", "caps"], patch: change(sets) });
		expect(JSON.parse(stdout).ambient).toBe(none);
		for (const name of names)
			expect(stderr).toContain(`can't raise ambient capability ${name}: operation not permitted`);
	});

	test("that nobody knows are a warning that names them", ({ run }) => {
		const sets = { bounding: [...names, "CAP_MAGIC"], effective: names, permitted: names };
		const { status, stdout, stderr } = run({ args: ["/probe", "caps"], patch: change(sets) });
		expect(status).toBe(0);
		expect(stderr).toMatch(/level=warning.*CAP_MAGIC/);
		expect(JSON.parse(stdout)).toMatchObject({ bounding: killAndBind, effective: killAndBind });
	});
});

describe("process", () => {
	test("whose oomScoreAdj may not be lowered so far is an error that says so", ({ run }) => {
		const patch: Patch = ({ process }) => {
			process.oomScoreAdj = -999;
		};
		const made = run({ patch }, { through: withoutCapability("sys_resource") });
		expect(made.status).toBe(1);
		expect(made.stderr).toMatch(/oom_score_adj.*permission denied/i);
	});

	test("with a scheduler that the kernel refuses is an error that names it", ({ run, skip }) => {
		needs(skip, "tsrun");
		const patch: Patch = ({ process }) => {
			process.scheduler = { policy: "SCHED_FIFO", priority: 1000 };
		};
		const made = run({ patch });
		expect(made.status).toBe(1);
		expect(made.stderr).toContain("SCHED_FIFO");
	});
});

describe("the program inherits none of the caller's", () => {
	// runc 1.1 inherits them
	test("ignored and blocked signals", ({ look, skip }) => {
		needs(skip, "tsrun");
		const through = [probe, "deaf"];
		expect(look(["signals"], () => {}, { through })).toEqual({ blocked: [], ignored: [], caught: [] });
	});

	// runc 1.1 inherits it
	test("CPU affinity", ({ look, skip }) => {
		needs(skip, "tsrun");
		if (availableParallelism() < 2) skip("this machine has one CPU");
		const all = look(["sched"]).cpus;
		expect(look(["sched"], () => {}, { through: ["taskset", "-c", "0"] }).cpus).toEqual(all);
	});

	test("session keyring", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const { stdout } = runtime("run", "--bundle", makeBundle({ args: ["/probe", "keyring"] }), id);
		expect(JSON.parse(stdout).description).toMatch(new RegExp(`;_ses\\.${id}$`));
	});

	const leak = (folder: string) => [1, 2, 3].map((number) => openSync(join(folder, `leaked-${number}`), "w"));

	test("descriptors", ({ look, folder }) => {
		const leaked = leak(folder);
		const open = look(["fds"], () => {}, { fds: leaked });
		for (const fd of leaked) closeSync(fd);
		expect(Object.keys(open)).toEqual(["0", "1", "2"]);
	});

	// whoever reads from the other end of a leaked pipe would wait until start
	test("descriptors, not even while it waits for start", ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun");
		const leaked = leak(folder);
		const id = newId();
		runtime.with({ fds: leaked }, "create", "--bundle", makeBundle(), id);
		const { pid } = JSON.parse(runtime("state", id).stdout);
		const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
		runtime("delete", "--force", id);
		for (const fd of leaked) closeSync(fd);
		// its streams go to files of this test
		expect(open.filter((target) => target.startsWith(folder) && !target.includes("/run-"))).toEqual([]);
	});

	test("environment", ({ run }) => {
		const { stdout } = run({ args: ["/probe", "env"] }, { env: { SECRET: "of the caller" } });
		expect(stdout).not.toContain("SECRET");
	});
});

test("a process that waits for start cannot be looked into by its own user", async ({ runtime, makeBundle, newId }) => {
	const id = newId();
	const user: Patch = ({ process }) => {
		process.user = { uid: 1234, gid: 1234 };
	};
	runtime("create", "--bundle", makeBundle({ patch: user }), id);
	const { pid } = JSON.parse(runtime("state", id).stdout);
	// proc(5): the files of a process that is not dumpable belong to root
	expect(statSync(`/proc/${pid}/environ`).uid).toBe(0);
	runtime("start", id);
	// runc's start does not wait for the program
	await waitFor(() => statSync(`/proc/${pid}/environ`).uid === 1234, { what: "the program to run" });
	runtime("delete", "--force", id);
});

test("preserved descriptors are handed on, and no others", ({ runtime, makeBundle, newId, folder }) => {
	const files = [1, 2, 3].map((number) => openSync(join(folder, `file-${number}`), "w"));
	const bundle = makeBundle({ args: ["/probe", "fds"] });
	const { stdout } = runtime.with({ fds: files }, "run", "--preserve-fds", "2", "--bundle", bundle, newId());
	for (const fd of files) closeSync(fd);
	expect(JSON.parse(stdout)).toMatchObject({ 3: join(folder, "file-1"), 4: join(folder, "file-2") });
	expect(Object.keys(JSON.parse(stdout))).toHaveLength(5);
});

test("a descriptor to preserve that is not there is an error, not one of the runtime's own", ({
	runtime,
	makeBundle,
	newId,
	skip,
}) => {
	// runc hands on what it has open there (CVE-2024-21626)
	needs(skip, "tsrun");
	const made = runtime("run", "--preserve-fds", "1", "--bundle", makeBundle(), newId());
	expect(made.status).toBe(1);
	expect(made.stderr).toContain("preserved-fd 3 (of 1)");
});
