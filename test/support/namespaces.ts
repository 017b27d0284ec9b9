/** Namespaces of processes, and new ones on the host that a process keeps until the test ends. */
import { spawn } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import type { NamespaceType } from "../../src/spec/types.js";
import { probe } from "./paths.js";

/** Each type's name below /proc/PID/ns. A user namespace needs mappings as well, so it is not among these. */
export const namespaceFiles: Readonly<Record<Exclude<NamespaceType, "user">, string>> = {
	pid: "pid",
	network: "net",
	mount: "mnt",
	ipc: "ipc",
	uts: "uts",
	cgroup: "cgroup",
	time: "time",
};

type Type = keyof typeof namespaceFiles;

export const namespaceTypes = Object.keys(namespaceFiles) as Type[];

export const namespaceOf = (pid: number | "self", type: Type) =>
	readlinkSync(`/proc/${pid}/ns/${namespaceFiles[type]}`);

export interface MadeNamespace {
	readonly path: string;
	/** What the link of the path says. */
	readonly id: string;
}

/** For a fixture: the namespaces go when the test ends. */
export function makeNamespaceIn(
	folder: string,
	onCleanup: (clean: () => Promise<void>) => void,
): (type: Type) => Promise<MadeNamespace> {
	const keepers: { kill: () => void; ended: Promise<unknown> }[] = [];
	onCleanup(async () => {
		for (const { kill, ended } of keepers) {
			kill();
			await ended;
		}
	});
	return async (type) => {
		const flag = type === "network" ? "--net" : `--${type}`;
		const forked = type === "pid" || type === "time" ? ["--fork", "--kill-child"] : [];
		const child = spawn("unshare", [flag, ...forked, probe, "print-ready-then-wait"], {
			env: { ...process.env, TSRUN_E2E: folder },
			stdio: ["ignore", "pipe", "inherit"],
		});
		keepers.push({
			kill: () => child.kill("SIGKILL"),
			ended: new Promise((resolve) => child.once("exit", resolve)),
		});
		await new Promise((resolve) => child.stdout.once("data", resolve));
		const pid = forked.length > 0 ? onlyChildOf(child.pid ?? 0) : (child.pid ?? 0);
		return { path: `/proc/${pid}/ns/${namespaceFiles[type]}`, id: namespaceOf(pid, type) };
	};
}

function onlyChildOf(pid: number): number {
	return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim());
}
