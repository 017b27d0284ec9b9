/** `exec`: a second process in a container, with every flag, and what it shares with the first. */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { Process } from "../../src/spec/types.js";
import { type BaseConfig, type BundleOptions, toJson } from "../support/bundle.js";
import { listenForConsole } from "../support/console-socket.js";
import { test as base } from "../support/e2e.js";
import { probe } from "../support/paths.js";
import { needs } from "../support/skip.js";
import { waitFor } from "../support/wait.js";

const test = base
	/** A running container, which goes when the test does. */
	.extend("container", ({ runtime, makeBundle, newId }, { onCleanup }) => {
		const ids: string[] = [];
		onCleanup(() => {
			for (const id of ids) runtime("delete", "--force", id);
		});
		return (options: BundleOptions = {}) => {
			const id = newId();
			ids.push(id);
			const { status, stderr } = runtime("run", "--detach", "--bundle", makeBundle(options), id);
			if (status !== 0) throw new Error(stderr);
			return id;
		};
	})
	/** What the probe sees in there. */
	.extend("look", ({ runtime }) => (...words: string[]) => {
		const { status, stdout, stderr } = runtime("exec", ...words);
		if (status !== 0) throw new Error(`status ${status}: ${stderr}`);
		return JSON.parse(stdout);
	})
	/** A file for --process. */
	.extend("processFile", ({ folder }) => (process: Partial<Process>) => {
		const path = join(folder, "process.json");
		writeFileSync(path, toJson({ cwd: "/", args: ["/probe", "id"], ...process }));
		return path;
	});

/** A text log quotes what a plain message does not. */
const plain = (stderr: string) => stderr.replaceAll('\\"', '"');

/** The folder of a process's cgroup on the host: of version 2, or of one hierarchy of version 1. */
function cgroupOf(pid: number, controller: string): string {
	const lines = readFileSync(`/proc/${pid}/cgroup`, "utf8").trim().split("\n");
	const fields = lines.map((line) => line.split(":"));
	const v1 = fields.find(([, controllers]) => controllers?.split(",").includes(controller));
	const path = v1?.[2] ?? fields.find(([number]) => number === "0")?.[2] ?? "/";
	return join("/sys/fs/cgroup", v1 ? controller : "", path);
}

/** As pause and resume do it. */
function setFrozen(pid: number, frozen: boolean): void {
	const directory = cgroupOf(pid, "freezer");
	const v1 = join(directory, "freezer.state");
	if (existsSync(v1)) writeFileSync(v1, frozen ? "FROZEN" : "THAWED");
	else writeFileSync(join(directory, "cgroup.freeze"), frozen ? "1" : "0");
}

describe("exec", () => {
	test("ends with the program's status and hands its streams through", ({ runtime, container }) => {
		const id = container();
		const shell = (script: string) => runtime.with({ input: "in\n" }, "exec", id, "/bin/sh", "-c", script);
		expect(shell("cat; echo err >&2; exit 7")).toMatchObject({ status: 7, stdout: "in\n", stderr: "err\n" });
		expect(shell("kill -TERM $$").status).toBe(128 + 15);
	});

	test("runs beside the container's process in the same namespaces", ({ runtime, container, look }) => {
		const id = container({
			patch: ({ linux }) => {
				linux.namespaces.push({ type: "cgroup" });
			},
		});
		const { pid } = JSON.parse(runtime("state", id).stdout);
		const own = look(id, "/probe", "namespaces");
		const ofInit = JSON.parse(runtime("exec", id, "/bin/sh", "-c", readLinks).stdout);
		expect(own).toMatchObject(ofInit);
		expect(readFileSync(`/proc/${pid}/cgroup`, "utf8")).not.toBe("");
		expect(runtime("exec", id, "/probe", "cgroup").stdout).toBe(
			runtime("exec", id, "/bin/cat", "/proc/1/cgroup").stdout,
		);
	});

	test("takes flags only up to the container", ({ container, look }) => {
		expect(look(container(), "/probe", "args", "--cwd", "-t")).toEqual(["/probe", "args", "--cwd", "-t"]);
	});

	// runc 1.1 takes the dashes for the program
	test("takes -- before the program", ({ container, look, skip }) => {
		needs(skip, "tsrun");
		expect(look(container(), "--", "/probe", "args", "--")).toEqual(["/probe", "args", "--"]);
	});

	test("works in a created container and leaves it created", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		const { status, stdout } = runtime("exec", id, "/bin/hostname");
		const after = JSON.parse(runtime("state", id).stdout).status;
		runtime("delete", "--force", id);
		expect({ status, stdout, after }).toEqual({ status: 0, stdout: "container\n", after: "created" });
	});

	test("forwards signals to its program", async ({ runtime, container }) => {
		const exec = runtime.start({}, "exec", container(), "/probe", "trap", "USR1", "TERM=9");
		await exec.prints("ready");
		exec.signal("SIGUSR1");
		await exec.prints("USR1");
		exec.signal("SIGTERM");
		expect(await exec.ended()).toMatchObject({ status: 9, stdout: "ready\nUSR1\nTERM\n" });
	});

	test("ends with 137 when the container is killed under it", async ({ runtime, container }) => {
		const id = container();
		const exec = runtime.start({}, "exec", id, "/probe", "print-ready-then-wait");
		await exec.prints("ready");
		runtime("kill", id, "KILL");
		expect(await exec.ended()).toMatchObject({ status: 137 });
	});

	test("is at home in a user namespace, too", ({ container, look }) => {
		const id = container({
			patch: ({ linux, process }) => {
				linux.namespaces.push({ type: "user" });
				linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 2000 }];
				linux.gidMappings = [{ containerID: 0, hostID: 200_000, size: 2000 }];
				process.user = { uid: 5, gid: 6, additionalGids: [7] };
			},
		});
		expect(look(id, "/probe", "id")).toMatchObject({ uid: 5, gid: 6, groups: [7] });
		expect(look("--user", "1000:1001", id, "/probe", "id")).toMatchObject({ uid: 1000, gid: 1001 });
		expect(look("--user", "0:0", id, "/probe", "caps").effective).not.toBe("0000000000000000");
	});

	test("can be done many times at once", async ({ runtime, container }) => {
		const id = container();
		const all = Array.from({ length: 8 }, (_unused, number) =>
			runtime.start({}, "exec", id, "/bin/sh", "-c", `echo ${number}; exit ${number}`),
		);
		const ends = await Promise.all(all.map((exec) => exec.ended()));
		expect(ends.map(({ status, stdout, stderr }) => [status, stdout, stderr])).toEqual(
			all.map((_exec, number) => [number, `${number}\n`, ""]),
		);
	});

	test("leaves no descriptor of the runtime's or the caller's to its program", ({ runtime, container, folder }) => {
		const id = container();
		const leaked = [1, 2].map((number) => openSync(join(folder, `leaked-${number}`), "w"));
		const { stdout } = runtime.with({ fds: leaked }, "exec", id, "/probe", "fds");
		for (const fd of leaked) closeSync(fd);
		expect(Object.keys(JSON.parse(stdout))).toEqual(["0", "1", "2"]);
	});
});

/** As `probe namespaces` prints them, of process 1; but of the namespaces for children, which is nobody's own. */
const readLinks = `printf '{'; cd /proc/1/ns; for n in cgroup ipc mnt net pid uts user; do
	printf '%s"%s":"%s"' "$comma" $n "$(readlink $n)"; comma=,; done; echo '}'`;

describe("exec that fails", () => {
	test.for([
		[["missing"], 'exec: "missing": executable file not found in $PATH'],
		[["/missing"], 'exec: "/missing": stat /missing: no such file or directory'],
		[["/etc/passwd"], 'exec: "/etc/passwd": permission denied'],
		[["/etc"], "permission denied"],
		[["--cwd", "/missing", "/probe"], 'chdir to cwd ("/missing") set in config.json failed: no such file or directory'],
	] as const)("has status 255 and names what it is about: %j", ([words, message], { runtime, container }) => {
		const id = container();
		const [flag, ...rest] = words;
		const line = flag === "--cwd" ? [flag, rest[0] ?? "", id, ...rest.slice(1)] : [id, ...words];
		const { status, stdout, stderr } = runtime("exec", ...line);
		expect(status).toBe(255);
		expect(stdout).toBe("");
		expect(plain(stderr)).toContain("exec failed: unable to start container process: ");
		expect(plain(stderr)).toContain(message);
	});

	test.for([
		[["--cwd", "relative"], ["/probe"], "Cwd must be an absolute path"],
		[["--env", "NAME"], ["/probe"], /invalid environment variable/],
		[["--env", "=value"], ["/probe"], /environment variable.*name can.*be empty/],
		[[], [], /args (must not|cannot) be empty/],
		[["--user", "name"], ["/probe"], "name"],
		[["--console-socket", "/tmp/none"], ["/probe"], "cannot use console socket if"],
		[["--detach", "--tty"], ["/probe"], "will detach without setting console socket"],
		[["--process", "/missing.json"], [], /\/missing.json"?: no such file or directory/],
	] as const)("is refused at once: %j %j", ([flags, words, message], { runtime, container }) => {
		const { status, stderr } = runtime("exec", ...flags, container(), ...words);
		expect(status).toBe(255);
		expect(plain(stderr)).toContain("exec failed: ");
		expect(plain(stderr)).toMatch(message);
	});

	test("writes one line of error to the log, which engines show", ({ runtime, container, folder }) => {
		const log = join(folder, "log.json");
		const id = container();
		expect(runtime("--log", log, "--log-format", "json", "exec", id, "missing").status).toBe(255);
		const lines = readFileSync(log, "utf8").trim().split("\n");
		expect(lines).toHaveLength(1);
		expect(JSON.parse(lines[0] ?? "")).toMatchObject({
			level: "error",
			msg: 'exec failed: unable to start container process: exec: "missing": executable file not found in $PATH',
		});
	});

	test("in the last step says why, and which program", ({ runtime, makeBundle, newId, skip }) => {
		// runc says "exec format error" alone
		needs(skip, "tsrun");
		const bundle = makeBundle({ files: { "bin/garbage": "this is not a program" } });
		chmodSync(join(bundle, "rootfs/bin/garbage"), 0o755);
		const id = newId();
		runtime("run", "--detach", "--bundle", bundle, id);
		const { status, stderr } = runtime("exec", id, "/bin/garbage");
		runtime("delete", "--force", id);
		expect(status).toBe(255);
		expect(stderr).toContain(
			"exec failed: exec /bin/garbage: exec format error: it is neither an ELF program nor a script that begins with #!",
		);
	});

	test("leaves no pid file and no process", ({ runtime, container, folder }) => {
		const id = container();
		const pidFile = join(folder, "pid");
		expect(runtime("exec", "--pid-file", pidFile, id, "missing").status).toBe(255);
		expect(existsSync(pidFile)).toBe(false);
		expect(runtime("ps", "--format", "json", id).stdout.trim()).toMatch(/^\[\d+\]$/);
	});

	test("in a stopped container says so", async ({ runtime, container }) => {
		const id = container();
		runtime("kill", id, "KILL");
		await waitFor(() => JSON.parse(runtime("state", id).stdout).status === "stopped", { what: "the end" });
		const { status, stderr } = runtime("exec", id, "/probe", "id");
		expect(status).toBe(255);
		expect(stderr).toContain("exec failed: cannot exec in a stopped container");
	});

	test("in a container that is not there says so", ({ runtime, newId }) => {
		const { status, stderr } = runtime("exec", newId(), "/probe");
		expect(status).toBe(255);
		expect(stderr).toContain("exec failed: container does not exist");
	});

	test("in a paused container says so, and waits with --ignore-paused", async ({ runtime, container, folder }) => {
		const id = container();
		const { pid } = JSON.parse(runtime("state", id).stdout);
		setFrozen(pid, true);
		try {
			const refused = runtime("exec", id, "/bin/echo", "word");
			expect(refused.status).toBe(255);
			expect(refused.stderr).toContain("cannot exec in a paused container (use --ignore-paused to override)");
			const exec = runtime.start({}, "exec", "--ignore-paused", id, "/bin/echo", "word");
			const procs = join(cgroupOf(pid, "freezer"), "cgroup.procs");
			await waitFor(() => readFileSync(procs, "utf8").trim().split("\n").length > 1, { what: "the process to join" });
			expect(exec.stdout()).toBe("");
			setFrozen(pid, false);
			expect(await exec.ended()).toMatchObject({ status: 0, stdout: "word\n", stderr: "" });
		} finally {
			if (existsSync(join(folder, "state"))) setFrozen(pid, false);
		}
	});
});

describe("exec's process", () => {
	test("has the user, environment and directory of the container's, without flags", ({ container, look, runtime }) => {
		const id = container({
			patch: ({ process }) => {
				process.user = { uid: 1000, gid: 1001, additionalGids: [5, 6] };
				process.env.push("OF=container");
				process.cwd = "/home";
			},
		});
		expect(look(id, "/probe", "id")).toMatchObject({ uid: 1000, gid: 1001, groups: [5, 6] });
		expect(look(id, "/probe", "env")).toEqual(expect.arrayContaining(["OF=container", "HOME=/home"]));
		expect(runtime("exec", id, "/probe", "cwd").stdout).toBe("/home\n");
	});

	test("--user uid[:gid] changes the user and the HOME that is looked up for it", ({ container, look }) => {
		const id = container();
		expect(look("--user", "1000:99", id, "/probe", "id")).toMatchObject({ uid: 1000, gid: 99 });
		expect(look("-u", "1000", id, "/probe", "id").uid).toBe(1000);
		expect(look("-u", "1000", id, "/probe", "env")).toContain("HOME=/home");
	});

	test("--additional-gids adds groups", ({ container, look }) => {
		const id = container({
			patch: ({ process }) => {
				process.user = { uid: 0, gid: 0, additionalGids: [5] };
			},
		});
		const { groups } = look("--additional-gids", "6", "--additional-gids", "7", id, "/probe", "id");
		expect(groups).toEqual(expect.arrayContaining([6, 7]));
	});

	test("--cwd changes the directory", ({ container, runtime }) => {
		expect(runtime("exec", "--cwd", "/etc", container(), "/probe", "cwd").stdout).toBe("/etc\n");
	});

	test("--env adds to the environment, the last value wins", ({ container, look }) => {
		const id = container({
			patch: ({ process }) => {
				process.env.push("A=container", "B=container");
			},
		});
		const seen: string[] = look("-e", "A=first", "-e", "C=x=y z", "-e", "A=last", id, "/probe", "env");
		expect(seen.filter((entry) => /^[ABC]=/.test(entry)).sort()).toEqual(["A=last", "B=container", "C=x=y z"]);
	});

	test("--env PATH is where the program is looked for", ({ container, runtime }) => {
		const id = container({ files: { "opt/tool": "#!/bin/sh\necho tool\n" } });
		expect(runtime("exec", "--env", "PATH=/opt", id, "tool").stdout).toBe("tool\n");
	});

	test("--cap adds capabilities, ambient only if the container's are inheritable", ({ container, look }) => {
		const id = container();
		const killBindAuditAndRaw = "0000000020002420";
		expect(look("--cap", "CAP_NET_RAW", id, "/probe", "caps")).toEqual({
			bounding: killBindAuditAndRaw,
			effective: killBindAuditAndRaw,
			permitted: killBindAuditAndRaw,
			inheritable: "0000000000000000",
			ambient: "0000000000000000",
		});
	});

	test("--cap of a name that nobody knows is a warning", ({ container, runtime }) => {
		const { status, stdout, stderr } = runtime("exec", "--cap", "CAP_MAGIC", container(), "/probe", "caps");
		expect(status).toBe(0);
		expect(stderr).toMatch(/level=warning.*CAP_MAGIC/);
		expect(stderr.trim().split("\n")).toHaveLength(1);
		expect(JSON.parse(stdout).bounding).toBe("0000000020000420");
	});

	test("--no-new-privs forbids new privileges", ({ container, runtime }) => {
		const id = container({
			patch: ({ process }) => {
				process.noNewPrivileges = false;
			},
		});
		expect(runtime("exec", id, "/probe", "nnp").stdout).toBe("0\n");
		expect(runtime("exec", "--no-new-privs", id, "/probe", "nnp").stdout).toBe("1\n");
	});

	test.for(["--apparmor", "--process-label"])(
		"%s without that security module is an error",
		(flag, { container, runtime, skip }) => {
			const there = flag === "--apparmor" ? "/sys/kernel/security/apparmor" : "/sys/fs/selinux/enforce";
			if (existsSync(there)) skip(`${there} is there`);
			const { status, stderr } = runtime("exec", flag, "some", container(), "/probe", "id");
			expect(status).toBe(255);
			expect(stderr).toMatch(/exec failed: .*(apparmor|selinux)/);
		},
	);

	test("--preserve-fds hands descriptors on", ({ container, runtime, folder }) => {
		const id = container();
		const files = [1, 2, 3].map((number) => openSync(join(folder, `file-${number}`), "w"));
		const { stdout } = runtime.with({ fds: files }, "exec", "--preserve-fds", "2", id, "/probe", "fds");
		for (const fd of files) closeSync(fd);
		expect(Object.keys(JSON.parse(stdout))).toEqual(["0", "1", "2", "3", "4"]);
	});

	// runc hands on one of its own (CVE-2024-21626)
	test("--preserve-fds of one that is not there is an error", ({ container, runtime, skip }) => {
		needs(skip, "tsrun");
		const { status, stderr } = runtime("exec", "--preserve-fds", "1", container(), "/probe", "fds");
		expect(status).toBe(255);
		expect(stderr).toContain("preserved-fd 3 (of 1)");
	});

	test("--cgroup puts it below the container's cgroup", ({ container, runtime }) => {
		const id = container();
		const { pid } = JSON.parse(runtime("state", id).stdout);
		const directory = cgroupOf(pid, "pids");
		mkdirSync(join(directory, "sub"));
		const v1 = directory.startsWith("/sys/fs/cgroup/pids/");
		const { status, stdout, stderr } = runtime("exec", "--cgroup", v1 ? "pids:sub" : "sub", id, "/probe", "cgroup");
		expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
		const line = v1 ? /^\d+:pids:.*\/sub$/m : /^0::.*\/sub$/m;
		expect(stdout).toMatch(line);
		if (v1) expect(stdout.match(/\/sub$/gm)).toHaveLength(1);
	});

	test.for([
		["../other", /sub cgroup/],
		["nonsense:sub", /unknown controller|nonsense/],
		["missing", /missing.*no such file or directory/],
	] as const)("--cgroup %s is refused", ([request, message], { container, runtime }) => {
		const { status, stderr } = runtime("exec", "--cgroup", request, container(), "/probe", "id");
		expect(status).toBe(255);
		expect(stderr).toMatch(message);
	});
});

describe("exec --detach", () => {
	test("returns while the program runs, whose pid is in --pid-file", async ({ container, runtime, folder }) => {
		const id = container();
		const pidFile = join(folder, "pid");
		const exec = runtime("exec", "--detach", "--pid-file", pidFile, id, "/probe", "sleep");
		expect(exec).toMatchObject({ status: 0, stdout: "", stderr: "" });
		const pid = readFileSync(pidFile, "utf8");
		expect(pid).toMatch(/^\d+$/);
		// runc returns a moment before the program runs
		const runs = () => readFileSync(`/proc/${pid}/cmdline`, "utf8") === "/probe\0sleep\0";
		await waitFor(runs, { what: "the program to run" });
		expect(JSON.parse(runtime("ps", "--format", "json", id).stdout)).toContain(Number(pid));
	});

	test("leaves the process to the caller's subreaper, which gets its status", ({ container, runtime, folder }) => {
		const id = container();
		const pidFile = join(folder, "pid");
		const through = [probe, "reaper"];
		const words = ["exec", "--detach", "--pid-file", pidFile, id, "/bin/sh", "-c", "usleep 50000; exit 7"];
		const ends = JSON.parse(runtime.with({ through }, ...words).stdout);
		expect(ends[readFileSync(pidFile, "utf8")]).toBe(7);
	});

	test("keeps none of the caller's pipes but the program's streams", async ({ container, runtime }) => {
		const exec = runtime.start(
			{},
			"exec",
			"--detach",
			container(),
			"/bin/sh",
			"-c",
			"exec >/dev/null 2>&1; exec /probe sleep",
		);
		expect(await exec.ended()).toMatchObject({ status: 0, stdout: "" });
	});

	test("--tty sends the terminal to --console-socket", async ({ container, runtime, folder }) => {
		const id = container();
		const console = await listenForConsole(folder, { rows: 21, columns: 71 });
		const words = [
			"--detach",
			"--tty",
			"--console-socket",
			console.path,
			id,
			"/bin/sh",
			"-c",
			"read word; echo got $word",
		];
		expect(runtime("exec", ...words)).toMatchObject({ status: 0, stdout: "", stderr: "" });
		await console.received();
		console.write("it\n");
		await console.prints("got it");
		await console.ended();
	});
});

describe("exec --tty", () => {
	test("gives the program a terminal of the caller's size", async ({ container, runtime, skip }) => {
		// runc sets it a moment too late
		needs(skip, "tsrun");
		const terminal = { rows: 33, columns: 103 };
		const exec = runtime.start({ terminal }, "exec", "--tty", container(), "/probe", "tty");
		const { status, stdout } = await exec.ended();
		expect(status).toBe(0);
		const seen = JSON.parse(stdout);
		expect(seen).toMatchObject({ stdin: true, stdout: true, stderr: true, controlling: true, rows: 33, columns: 103 });
		expect(seen.session).toBe(seen.pid);
	});

	test("works without a terminal of the caller's", ({ container, runtime, skip }) => {
		// not with runc 1.1
		needs(skip, "tsrun");
		const { status, stdout } = runtime("exec", "-t", container(), "/bin/sh", "-c", "tty; exit 5");
		expect({ status, stdout }).toEqual({ status: 5, stdout: "/dev/pts/0\n" });
	});

	test("gives the terminal to the user", ({ container, runtime, skip }) => {
		needs(skip, "tsrun");
		const words = ["-t", "-u", "1000:1000", container(), "/bin/sh", "-c", "echo > /dev/tty && stat -c %u $(tty)"];
		expect(runtime("exec", ...words)).toMatchObject({ status: 0, stdout: "\n1000\n" });
	});
});

describe("exec --process", () => {
	test("takes the whole process from a file", ({ container, look, processFile, runtime }) => {
		const id = container();
		const rights = ["CAP_KILL"];
		const process = {
			args: ["/probe", "env"],
			cwd: "/etc",
			env: ["ONLY=this", "HOME=/"],
			user: { uid: 9, gid: 8, additionalGids: [7] },
			capabilities: { bounding: rights },
			rlimits: [{ type: "RLIMIT_CORE" as const, soft: 50, hard: 60 }],
			noNewPrivileges: true,
		};
		const see = (...args: string[]) => look("--process", processFile({ ...process, args: ["/probe", ...args] }), id);
		expect(see("env")).toEqual(["ONLY=this", "HOME=/"]);
		expect(see("id")).toMatchObject({ uid: 9, gid: 8, groups: [7] });
		expect(see("caps").bounding).toBe("0000000000000020");
		expect(see("rlimits").RLIMIT_CORE).toEqual({ soft: "50", hard: "60" });
		expect(see("nnp")).toBe(1);
		expect(runtime("exec", "-p", processFile({ ...process, args: ["/probe", "cwd"] }), id).stdout).toBe("/etc\n");
	});

	test("takes it from /dev/fd/N", ({ container, processFile, runtime }) => {
		const id = container();
		const file = openSync(processFile({ args: ["/bin/echo", "word"] }), "r");
		const exec = runtime.with({ fds: [file] }, "exec", "--process", "/dev/fd/3", id);
		closeSync(file);
		expect(exec).toMatchObject({ status: 0, stdout: "word\n" });
	});

	test("takes environment and privileges from the file alone", ({ container, look, processFile }) => {
		const id = container();
		const see = (...args: string[]) => look("--process", processFile({ args: ["/probe", ...args] }), id);
		expect(see("env")).toEqual(["HOME=/root"]);
		expect(see("nnp")).toBe(0);
	});

	test("that breaks the rules is refused, with the place", ({ container, runtime, processFile }) => {
		const { status, stderr } = runtime("exec", "--process", processFile({ cwd: "relative" }), container());
		expect(status).toBe(255);
		expect(stderr).toContain("Cwd must be an absolute path");
	});

	test("with a terminal needs the console socket as --tty does", ({ container, runtime, processFile }) => {
		const words = ["--detach", "--process", processFile({ terminal: true }), container()];
		const { status, stderr } = runtime("exec", ...words);
		expect(status).toBe(255);
		expect(stderr).toContain("console socket");
	});
});

describe("exec inherits the container's", () => {
	/** Both ways of saying what to execute. */
	const ways = ["flags", "--process"] as const;
	type See = (way: (typeof ways)[number], options: BundleOptions, ...words: string[]) => string;
	const inherits = test.extend(
		"see",
		({ container, runtime, processFile }): See =>
			(way, options, ...words) => {
				const id = container(options);
				const args = ["/probe", ...words];
				const { status, stdout, stderr } =
					way === "flags" ? runtime("exec", id, ...args) : runtime("exec", "--process", processFile({ args }), id);
				if (status !== 0) throw new Error(`status ${status}: ${stderr}`);
				return stdout;
			},
	);
	const patching = (patch: (config: BaseConfig) => void): BundleOptions => ({ patch });

	inherits.for(ways)("seccomp filter: %s", (way, { see }) => {
		const options = patching(({ linux }) => {
			linux.seccomp = {
				defaultAction: "SCMP_ACT_ALLOW",
				syscalls: [{ names: ["sethostname"], action: "SCMP_ACT_ERRNO", errnoRet: 95 }],
			};
		});
		expect(see(way, options, "seccomp")).toBe("2\n");
	});

	inherits.for(ways)("capabilities: %s", (way, { see }) => {
		expect(JSON.parse(see(way, {}, "caps"))).toMatchObject({
			bounding: "0000000020000420",
			effective: "0000000020000420",
		});
	});

	inherits.for(ways)("limits and umask: %s", (way, { see, skip }) => {
		// since runc 1.2
		needs(skip, "tsrun");
		const options = patching(({ process }) => {
			process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 77, hard: 88 }];
			process.user = { uid: 0, gid: 0, umask: 0o044 };
		});
		expect(JSON.parse(see(way, options, "rlimits")).RLIMIT_NOFILE).toEqual({ soft: "77", hard: "88" });
		expect(JSON.parse(see(way, options, "id")).umask).toBe("0044");
	});

	inherits.for(ways)("scheduler and I/O priority: %s", (way, { see, skip }) => {
		// since runc 1.2
		needs(skip, "tsrun");
		const options = patching(({ process }) => {
			process.scheduler = { policy: "SCHED_BATCH", nice: 5 };
			process.ioPriority = { class: "IOPRIO_CLASS_IDLE", priority: 0 };
		});
		const expected = { policy: "SCHED_BATCH", nice: 5, ioClass: 3 };
		expect(JSON.parse(see(way, options, "sched"))).toMatchObject(expected);
	});

	inherits.for(ways)("personality: %s", (way, { see, skip }) => {
		needs(skip, "tsrun");
		const options = patching(({ linux }) => {
			linux.personality = { domain: "LINUX32" };
		});
		expect(see(way, options, "personality")).toBe("00000008\n");
	});

	inherits.for(ways)("memory policy: %s", (way, { see, skip }) => {
		// since runc 1.4
		needs(skip, "tsrun");
		const options = patching(({ linux }) => {
			linux.memoryPolicy = { mode: "MPOL_BIND", nodes: "0" };
		});
		expect(see(way, options, "read", "/proc/self/numa_maps")).toMatch(/^\w+ bind:0/);
	});

	inherits.for(ways)("time namespace: %s", (way, { see, skip }) => {
		// since runc 1.2
		needs(skip, "tsrun");
		const options = patching(({ linux }) => {
			linux.namespaces.push({ type: "time" });
			linux.timeOffsets = { boottime: { secs: 1_000_000_000 } };
		});
		expect(Number(see(way, options, "read", "/proc/uptime").split(" ")[0])).toBeGreaterThan(1_000_000_000);
	});

	inherits.for(ways)("oom score: %s", (way, { see }) => {
		const options = patching(({ process }) => {
			process.oomScoreAdj = 432;
		});
		expect(see(way, options, "oom-score")).toBe("432\n");
	});

	inherits.for(ways)("session keyring: %s", (way, { see }) => {
		expect(JSON.parse(see(way, {}, "keyring")).description).toContain(";_ses.");
	});
});

describe("exec's CPU affinity", () => {
	// runc 1.1 inherits the caller's and has no execCPUAffinity
	test("is the container's, whatever the caller's", ({ container, look, runtime, skip }) => {
		needs(skip, "tsrun");
		const id = container();
		const all = look(id, "/probe", "sched").cpus;
		const through = ["taskset", "-c", "0"];
		expect(JSON.parse(runtime.with({ through }, "exec", id, "/probe", "sched").stdout).cpus).toEqual(all);
	});

	test("is execCPUAffinity.final", ({ container, look, processFile, skip }) => {
		needs(skip, "tsrun");
		const id = container();
		const path = processFile({ args: ["/probe", "sched"], execCPUAffinity: { initial: "0", final: "0" } });
		expect(look("--process", path, id).cpus).toEqual([0]);
	});
});
