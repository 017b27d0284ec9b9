/** When and how a container's user becomes owner of its cgroup (config-linux.md#cgroup-ownership). */
import type { Config } from "../../spec/types.js";
import { AT_FDCWD } from "../../sys/constants.js";
import { attempt, hasCode } from "../../sys/errors.js";
import { readFile } from "../../sys/files.js";
import { sys } from "../../sys/index.js";

/** Only with a cgroup namespace of its own and a writable mount of it. The caller adds: only on v2. */
export function ownsCgroup({ linux, mounts = [] }: Config): boolean {
	const newNamespace = (linux?.namespaces ?? []).some(({ type, path }) => type === "cgroup" && !path);
	return (
		newNamespace &&
		mounts.some(({ source, destination, options = [] }) => {
			return source === "cgroup" && /^\/sys\/fs\/cgroup\/*$/.test(destination) && !options.includes("ro");
		})
	);
}

/** What cgroups(7) says to hand over, on kernels that do not tell (before 4.15). */
const delegatedBefore415 = ["cgroup.procs", "cgroup.subtree_control", "cgroup.threads"];

/** Gives the directory and the delegated files in it to a host user; files that do not exist are left out. */
export function delegate(directory: string, uid: number): void {
	attempt("cgroup-failed", `give ${directory} to user ${uid}`, () => {
		sys.fchownat(AT_FDCWD, directory, uid, -1, 0);
		for (const file of delegatedFiles()) {
			try {
				sys.fchownat(AT_FDCWD, `${directory}/${file}`, uid, -1, 0);
			} catch (error) {
				if (!hasCode(error, "ENOENT")) throw error;
			}
		}
	});
}

function delegatedFiles(): readonly string[] {
	try {
		return readFile("/sys/kernel/cgroup/delegate").split("\n").filter(Boolean);
	} catch (error) {
		if (hasCode(error, "ENOENT")) return delegatedBefore415;
		throw error;
	}
}
