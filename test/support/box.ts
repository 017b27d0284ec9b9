/**
 * Namespaces to throw away, for calls of the runtime whose input nobody has looked at: mounts, processes, network, IPC and
 * host name of their own, every file system of the machine read-only, and a tmpfs where they may write. Processes that
 * they leave are seen in it, and end with it. Cgroups are the machine's: a configuration has to name them.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { mountsOf } from "./leaks.js";
import { rootfs } from "./paths.js";
import type { RunOptions, RunResult, Runtime } from "./runtime.js";
import { isAlive } from "./status.js";
import { waitFor } from "./wait.js";

export interface Box {
	/** Where a bundle lies: `rootfs` is in it, config.json is for the caller to write. */
	readonly bundle: string;
	/** How the test finds a file of the box. */
	readonly fromOutside: (path: string) => string;
	/** Calls the runtime, in the bundle as working directory. */
	readonly call: (options: RunOptions, ...args: string[]) => RunResult;
	/** Command lines of the processes that calls have left in it. */
	readonly processes: () => string[];
	/** Mount points that calls have left in it. */
	readonly mounts: () => string[];
	/** Ends all processes that calls have left. */
	readonly sweep: () => Promise<void>;
	readonly end: () => Promise<void>;
}

const makeReadOnly = `
while read -r _ point type _; do
	case $type in ext4|xfs|btrfs|overlay|tmpfs|devtmpfs) [ "$point" = /sys/fs/cgroup ] || mount -o remount,bind,ro "$point";; esac
done < /proc/self/mounts
`;

/** A box in the test's folder; it ends with `end`. */
export async function makeBox(runtime: Runtime, folder: string): Promise<Box> {
	const inside = join(folder, "box");
	mkdirSync(inside);
	mkdirSync(runtime.root, { mode: 0o700 });
	const script = `set -e
		${makeReadOnly}
		mount -t tmpfs tmpfs /run
		mount -t tmpfs -o mode=700 tmpfs "$1"
		mount -t tmpfs tmpfs "$0"
		mkdir "$0/bundle"
		cp -a ${rootfs} "$0/bundle/rootfs"
		echo ready
		exec ${rootfs}/bin/sleep 2147483647`;
	const namespaces = [
		"-m",
		"-p",
		"-n",
		"-i",
		"-u",
		"--fork",
		"--kill-child",
		"--mount-proc",
		"--propagation",
		"private",
	];
	const keeper = spawn("unshare", [...namespaces, "sh", "-c", script, inside, runtime.root], {
		env: { PATH: process.env.PATH, TSRUN_E2E: folder },
		stdio: ["ignore", "pipe", "inherit"],
	});
	const ended = once(keeper, "exit");
	await Promise.race([
		once(keeper.stdout, "data"),
		ended.then(([status]) => {
			throw new Error(`the box could not be made: unshare ended with ${status}`);
		}),
	]);
	const first = Number(readFileSync(`/proc/${keeper.pid}/task/${keeper.pid}/children`, "utf8").trim());
	const fromOutside = (path: string) => `/proc/${first}/root${path}`;
	const pids = () =>
		readdirSync(fromOutside("/proc"))
			.map(Number)
			.filter((pid) => pid > 1);
	const commandOf = (pid: number): string => {
		try {
			const state = readFileSync(fromOutside(`/proc/${pid}/stat`), "utf8").replace(/.*\) /s, "")[0];
			return state === "Z" || state === "X" ? "" : readFileSync(fromOutside(`/proc/${pid}/cmdline`), "utf8");
		} catch {
			return "";
		}
	};
	const processes = () =>
		pids()
			.map(commandOf)
			.filter(Boolean)
			.map((command) => command.replaceAll("\0", " ").trim());
	const bundle = join(inside, "bundle");
	const through = ["nsenter", "-t", String(first), "-m", "-p", "-n", "-i", "-u", `--wd=${fromOutside(bundle)}`];
	const known = new Set(mountsOf(first).map((mount) => JSON.stringify(mount)));
	return {
		bundle,
		fromOutside,
		call: ({ through: inside = [], ...options }, ...args) =>
			runtime.with({ ...options, through: [...through, ...inside] }, ...args),
		processes,
		mounts: () =>
			mountsOf(first)
				.filter((mount) => !known.has(JSON.stringify(mount)))
				.map(({ point }) => point),
		sweep: async () => {
			const gone = () => {
				for (const pid of pids()) spawnSync("nsenter", ["-t", String(first), "-p", "-m", "kill", "-KILL", String(pid)]);
				return processes().length === 0;
			};
			if (processes().length > 0) await waitFor(gone, { what: "what calls left in the box to end" });
		},
		end: async () => {
			keeper.kill("SIGKILL");
			await ended;
			await waitFor(() => !isAlive(first), { what: "the box to end" });
		},
	};
}
