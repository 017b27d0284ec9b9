/**
 * What a test left on the machine. Everything that a test makes bears its mark, the base name of its folder: container
 * ids (and with them cgroups and state) begin with it, bundles are below it, and each process has it in its environment.
 * So a leak is known for certain, whatever else happens on the machine, and nothing else is ever touched.
 */
import { execFileSync } from "node:child_process";
import {
	type Dirent,
	existsSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmdirSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { waitFor } from "./wait.js";

export interface Leaks {
	readonly processes: readonly { readonly pid: number; readonly command: string }[];
	/** Mount points of the host's mount namespace, in the order in which they were made. */
	readonly mounts: readonly string[];
	/** Folders of any hierarchy, parents first. */
	readonly cgroups: readonly string[];
	/** Ids that the runtime still has a record of. */
	readonly containers: readonly string[];
	/** Temporary files outside what the test itself wrote. */
	readonly files: readonly string[];
}

/** The text, or "" where there is none to read: processes and cgroups vanish while one looks. */
function readOr(file: string): string {
	try {
		return readFileSync(file, "utf8");
	} catch {
		return "";
	}
}

function entriesIn(directory: string): Dirent[] {
	try {
		return readdirSync(directory, { withFileTypes: true });
	} catch {
		return [];
	}
}

function namesIn(directory: string): string[] {
	return entriesIn(directory).map(({ name }) => name);
}

function linkOr(file: string): string {
	try {
		return readlinkSync(file);
	} catch {
		return "";
	}
}

/** mountinfo writes a space as \040. */
const unescaped = (field: string) =>
	field.replace(/\\(\d{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8)));

interface MountLine {
	readonly root: string;
	readonly point: string;
	readonly type: string;
}

/** proc_pid_mountinfo(5). */
export function mountsOf(pid: number | "self"): MountLine[] {
	const lines = readOr(`/proc/${pid}/mountinfo`).split("\n").filter(Boolean);
	return lines.map((line) => {
		const [left = "", right = ""] = line.split(" - ");
		const [, , , root = "", point = ""] = left.split(" ").map(unescaped);
		return { root, point, type: right.split(" ")[0] ?? "" };
	});
}

/** Whether the process was started by the test, runs in one of its cgroups, or lives in one of its root filesystems. */
function bears(mark: string, pid: number): boolean {
	const texts = ["environ", "cmdline", "cgroup"].map((name) => readOr(`/proc/${pid}/${name}`));
	// Of the mounts, only the root tells: any process that copied our mount table has the test's others in its own.
	const roots = mountsOf(pid).filter(({ point }) => point === "/");
	return [...texts, linkOr(`/proc/${pid}/root`), ...roots.map(({ root }) => root)].some((text) => text.includes(mark));
}

function isAlive(pid: number): boolean {
	const state = /^State:\s+(\S)/m.exec(readOr(`/proc/${pid}/status`))?.[1];
	return state !== undefined && state !== "Z" && state !== "X";
}

export function allPids(): number[] {
	return readdirSync("/proc").map(Number).filter(Boolean);
}

/** The living processes that bear the mark; `known` ones are not looked at, which saves most of the time. */
export function findProcesses(mark: string, known: ReadonlySet<number> = new Set()): Leaks["processes"] {
	const pids = allPids().filter((pid) => pid > 1 && pid !== process.pid && !known.has(pid));
	const marked = pids.filter((pid) => isAlive(pid) && bears(mark, pid));
	return marked.map((pid) => ({ pid, command: readOr(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim() }));
}

/** State directories; beside them tsrun keeps compiled filters, the bundle of pods, and how deleted containers ended. */
export function containersIn(root: string): string[] {
	return namesIn(root).filter((name) => !/^(?:(?:seccomp|pause)~|history~\d*)$/.test(name));
}

function findCgroups(mark: string): string[] {
	// Of mounts on the same point, the last is the one that is seen.
	const seen = new Map(mountsOf("self").map(({ point, type }) => [point, type]));
	const hierarchies = [...seen].filter(([, type]) => type === "cgroup" || type === "cgroup2");
	const folders = hierarchies.flatMap(([point]) => foldersBelow(point));
	return folders.filter((folder) => folder.includes(mark)).sort();
}

/** All of them that stay long enough: other tests make and remove cgroups meanwhile. */
function foldersBelow(folder: string): string[] {
	const children = entriesIn(folder)
		.filter((entry) => entry.isDirectory())
		.map(({ name }) => join(folder, name));
	return children.flatMap((child) => [child, ...foldersBelow(child)]);
}

/** Everything that bears the test's mark, except its folder. */
export function findLeaks(folder: string): Leaks {
	const mark = basename(folder);
	const strays = ["/tmp", "/var/tmp", "/run", "/dev/shm"].flatMap((directory) =>
		namesIn(directory)
			.filter((name) => name.includes(mark))
			.map((name) => join(directory, name)),
	);
	const own = namesIn(join(folder, "tmp")).map((name) => join(folder, "tmp", name));
	return {
		processes: findProcesses(mark),
		mounts: mountsOf("self")
			.map(({ point }) => point)
			.filter((point) => point.includes(mark)),
		cgroups: findCgroups(mark),
		containers: containersIn(join(folder, "state")),
		files: [...strays.filter((file) => file !== folder), ...own],
	};
}

/** One line for each leak; no line when there is none. */
export function describeLeaks({ processes, mounts, cgroups, containers, files }: Leaks): string[] {
	return [
		...processes.map(({ pid, command }) => `process ${pid}: ${command}`),
		...mounts.map((mount) => `mount ${mount}`),
		...cgroups.map((cgroup) => `cgroup ${cgroup}`),
		...containers.map((id) => `state of container ${id}`),
		...files.map((file) => `file ${file}`),
	];
}

/** A frozen process can't be killed under cgroup v1. */
function thaw(cgroup: string): void {
	for (const [name, value] of [
		["freezer.state", "THAWED"],
		["cgroup.freeze", "0"],
	] as const) {
		const file = join(cgroup, name);
		if (existsSync(file)) writeFileSync(file, value);
	}
}

function killAll(processes: Leaks["processes"]): void {
	for (const { pid } of processes) {
		try {
			process.kill(pid, "SIGKILL");
		} catch {
			// It has gone meanwhile.
		}
	}
}

/** Takes everything away that `findLeaks` found, in the order in which the kernel allows it. */
export async function removeLeaks(folder: string): Promise<void> {
	const mark = basename(folder);
	findCgroups(mark).forEach(thaw);
	const dead = () => {
		const left = findProcesses(mark);
		killAll(left);
		return left.length === 0;
	};
	await waitFor(dead, { what: "leaked processes to die" });
	for (const mount of [...findLeaks(folder).mounts].reverse()) execFileSync("umount", ["--lazy", mount]);
	for (const cgroup of findCgroups(mark).reverse()) {
		const removed = () => {
			try {
				rmdirSync(cgroup);
				return true;
			} catch {
				return !existsSync(cgroup);
			}
		};
		await waitFor(removed, { what: `cgroup ${cgroup} to be empty` });
	}
	for (const file of findLeaks(folder).files) rmSync(file, { recursive: true, force: true });
}

/**
 * Fails when the test left something, naming all of it; and takes it away, so that the next test does not suffer.
 *
 * @param grace milliseconds for what is on its way out
 */
export async function expectNoLeaks(folder: string, grace = 500): Promise<void> {
	const look = () => describeLeaks(findLeaks(folder));
	const gone = await waitFor(() => look().length === 0, { what: "nothing to be left", deadline: grace }).catch(
		() => false,
	);
	if (gone) return;
	const left = look();
	await removeLeaks(folder);
	if (left.length > 0) throw new Error(`the test left behind:\n${left.map((line) => `  ${line}`).join("\n")}`);
}

/** Removes the test's folder, but never through a mount into somebody else's files. */
export function removeFolder(folder: string): void {
	const mounts = mountsOf("self").filter(({ point }) => point.startsWith(`${folder}/`));
	if (mounts.length > 0) throw new Error(`${folder} is kept: mounted in it is ${mounts.map(({ point }) => point)}`);
	rmSync(folder, { recursive: true, force: true });
}
