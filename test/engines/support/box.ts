/**
 * A machine within the machine, for an engine and everything that it starts: own mounts, processes, network (the loopback
 * alone), host name, and in every hierarchy a cgroup of its own as the root. `/run` and `/dev/shm` are empty, and what is
 * written to `/etc`, `/opt` and `/var/lib` goes nowhere. It ends with the test that opened it, however that ends: its
 * first process waits for the end of its input.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { hierarchyOf } from "../../support/cgroups.js";
import { makeFolder } from "../../support/folder.js";
import { expectNoLeaks, findLeaks, removeFolder, removeLeaks } from "../../support/leaks.js";
import { criuFolder, pty } from "../../support/paths.js";
import { waitFor, within } from "../../support/wait.js";
import { type Result, type Watched, watch } from "../../support/watched.js";

export interface RunOptions {
	/** Added to the environment. */
	readonly env?: Readonly<Record<string, string>>;
	/** Text for its input; without it, that is /dev/null. */
	readonly input?: string;
	/** Milliseconds until the call fails; a minute by default. */
	readonly deadline?: number;
}

export interface StartOptions extends Pick<RunOptions, "env"> {
	/** Gives it a terminal of this size. */
	readonly terminal?: { readonly rows: number; readonly columns: number };
}

export interface Box {
	/** Its base name is the mark by which leaks are found; the engine keeps its data in it. */
	readonly folder: string;
	/** Its first process, as the host numbers it. */
	readonly pid: number;
	/** Runs a command to its end. */
	readonly run: (command: readonly string[], options?: RunOptions) => Promise<Result>;
	/** Starts one and goes on. */
	readonly start: (command: readonly string[], options?: StartOptions) => Watched;
	/** Where the host sees a path of the box. */
	readonly path: (inside: string) => string;
	/** Ends everything in it; fails when something of it is left on the machine. */
	readonly close: () => Promise<void>;
}

/** Of cgroup version 1, what a mount of each is called: "cpu,cpuacct", "name=systemd". */
function hierarchies(): readonly string[] {
	const lines = readFileSync("/proc/self/cgroup", "utf8").trim().split("\n");
	return lines.map((line) => line.split(":")[1] ?? "").filter((name) => name !== "");
}

/** The box's cgroup in every hierarchy. */
function makeCgroups(mark: string): readonly string[] {
	return hierarchies().map((name) => {
		const parent = hierarchyOf(name.replace("name=", "").split(",")[0] ?? "");
		const cgroup = join(parent, mark);
		mkdirSync(cgroup);
		// a new cpuset is empty, and takes no process
		for (const file of ["cpuset.mems", "cpuset.cpus"].filter((each) => existsSync(join(cgroup, each)))) {
			writeFileSync(join(cgroup, file), readFileSync(join(parent, file)));
		}
		return cgroup;
	});
}

/** On the host: into the box's cgroups, then into namespaces in which they are the roots. */
const open = `
for cgroup in $CGROUPS; do echo 0 >"$cgroup/cgroup.procs"; done
unset CGROUPS
exec unshare --mount --pid --net --ipc --uts --cgroup --fork --kill-child --mount-proc --propagation private \\
	tini -s -- sh -ec "$0" sh "$@"`;

/** In the box. The unified hierarchy, which has no controllers here, is left out: crun refuses a machine with both. */
const furnish = `
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
for folder in etc opt var/lib; do
	box="/run/.box/$folder"
	mkdir -p "$box/upper" "$box/work"
	mount -t overlay -o "lowerdir=/$folder,upperdir=$box/upper,workdir=$box/work" box "/$folder"
done
mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
for name in "$@"; do
	point="/sys/fs/cgroup/\${name#name=}"
	mkdir "$point"
	case $name in name=*) options="none,$name" ;; *) options="$name" ;; esac
	mount -t cgroup -o "$options" cgroup "$point"
	case $name in *,*) for one in $(echo "$name" | tr , " "); do ln -s "$name" "/sys/fs/cgroup/$one"; done ;; esac
done
mount --make-rshared /
busybox ip link set lo up
hostname box
echo ready
read -r end || exit 0`;

/** In the box: into the roots of its cgroups; then the command. */
const enter = `for cgroup in /sys/fs/cgroup/*/cgroup.procs; do echo 0 >"$cgroup"; done; exec "$@"`;

/** Words that run a command in the box. */
function inBox(pid: number, command: readonly string[]): readonly string[] {
	const namespaces = ["--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup"];
	return ["nsenter", "--target", `${pid}`, ...namespaces, "--", "sh", "-c", enter, "sh", ...command];
}

/** What an engine needs, and no more: the developer's own settings stay outside, and Debian's programs come first. */
function environment(folder: string): NodeJS.ProcessEnv {
	return {
		PATH: `${criuFolder}:/usr/sbin:/usr/bin:/sbin:/bin`,
		HOME: folder,
		TMPDIR: join(folder, "tmp"),
		TSRUN_E2E: folder,
	};
}

/** Opens a box in a new folder. */
export async function openBox(): Promise<Box> {
	const folder = makeFolder();
	const env = environment(folder);
	const cgroups = makeCgroups(basename(folder));
	const outside = spawn("sh", ["-ec", open, furnish, ...hierarchies()], {
		cwd: "/",
		env: { ...env, CGROUPS: cgroups.join(" ") },
		stdio: ["pipe", "pipe", "inherit"],
	});
	const close = () => closeBox(folder, outside, ended);
	const ended = new Promise<void>((resolve) => outside.on("close", () => resolve()));
	try {
		const ready = new Promise<void>((resolve, reject) => {
			outside.stdout?.on("data", () => resolve());
			outside.on("error", reject);
			outside.on("close", (status) => reject(new Error(`the box ended at once, with status ${status}`)));
		});
		await within(ready, { what: "the box to be ready", deadline: 30_000 });
		const pid = onlyChild(outside.pid ?? 0);
		return {
			folder,
			pid,
			path: (inside) => `/proc/${pid}/root${inside}`,
			run: (command, { env: more, ...options } = {}) =>
				runToEnd(command, inBox(pid, command), { ...env, ...more }, options),
			start: (command, { terminal, env: more } = {}) => {
				const size = terminal && ["run", "--size", `${terminal.rows}x${terminal.columns}`];
				const [first = "", ...rest] = [...(size ? [pty, ...size] : []), ...inBox(pid, command)];
				return watch(command.join(" "), first, rest, { env: { ...env, ...more } });
			},
			close,
		};
	} catch (error) {
		await close();
		throw error;
	}
}

function onlyChild(pid: number): number {
	const [child = ""] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
	return Number(child);
}

async function runToEnd(
	command: readonly string[],
	[first = "", ...rest]: readonly string[],
	env: NodeJS.ProcessEnv,
	{ input, deadline = 60_000 }: RunOptions,
): Promise<Result> {
	const child = spawn(first, rest, { env, stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"] });
	const printed = { stdout: "", stderr: "" };
	child.stdout?.setEncoding("utf8").on("data", (text: string) => (printed.stdout += text));
	child.stderr?.setEncoding("utf8").on("data", (text: string) => (printed.stderr += text));
	// a program that ends early closes its input: its status tells, not an EPIPE
	child.stdin?.on("error", () => {}).end(input);
	const end = new Promise<Result>((resolve, reject) => {
		child.on("error", reject);
		child.on("close", (status, signal) => resolve({ status, signal, ...printed }));
	});
	const soFar = () => `; stdout: ${printed.stdout}; stderr: ${printed.stderr}`;
	return within(end, { what: `${command.join(" ")} to end`, deadline }, soFar);
}

/** The kernel ends a PID namespace's processes with its first, and what is mounted goes with the last of them. */
async function closeBox(folder: string, outside: ChildProcess, ended: Promise<void>): Promise<void> {
	outside.stdin?.end();
	try {
		await within(ended, { what: "the box to end", deadline: 30_000 });
		await waitFor(() => findLeaks(folder).processes.length === 0, { what: "the box's processes to end" });
		// its own, and the engine's parents of containers' cgroups; that those have gone is seen after each test
		// of a hierarchy that is mounted twice, each is seen twice
		for (const cgroup of [...findLeaks(folder).cgroups].reverse()) if (existsSync(cgroup)) rmdirSync(cgroup);
		await expectNoLeaks(folder);
	} finally {
		outside.kill("SIGKILL");
		await removeLeaks(folder);
		removeFolder(folder);
	}
}
