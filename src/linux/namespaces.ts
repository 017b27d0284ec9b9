/** Which namespaces a container makes and which it joins (namespaces(7), config-linux.md#namespaces). */
import type { Linux, NamespaceType } from "../spec/types.js";
import {
	AT_FDCWD,
	CAP_SYS_ADMIN,
	CLONE_NEWCGROUP,
	CLONE_NEWIPC,
	CLONE_NEWNET,
	CLONE_NEWNS,
	CLONE_NEWPID,
	CLONE_NEWTIME,
	CLONE_NEWUSER,
	CLONE_NEWUTS,
	NSFS_MAGIC,
	O_CLOEXEC,
	O_RDONLY,
	O_WRONLY,
} from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { attempt, hasCode, TsrunError } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";
import { openInProc, selfInProc } from "./proc-file.js";

/** In the order in which they are joined: the user namespace first, since it decides what else may be joined; mount last. */
const cloneFlags: Readonly<Record<NamespaceType, number>> = {
	user: CLONE_NEWUSER,
	cgroup: CLONE_NEWCGROUP,
	ipc: CLONE_NEWIPC,
	uts: CLONE_NEWUTS,
	network: CLONE_NEWNET,
	pid: CLONE_NEWPID,
	time: CLONE_NEWTIME,
	mount: CLONE_NEWNS,
};

const namespaceTypes = Object.keys(cloneFlags) as readonly NamespaceType[];

export function cloneFlag(type: NamespaceType): number {
	return cloneFlags[type];
}

export interface JoinedNamespace {
	readonly type: NamespaceType;
	readonly fd: Fd;
	readonly path: string;
}

export interface NamespacePlan {
	/** CLONE_NEW* of the namespaces to make together with the process. */
	readonly cloneFlags: number;
	/** Made by unshare(2) once the process is in its cgroup, or its root would be the runtime's cgroup. */
	readonly ownCgroupNamespace: boolean;
	/** Offsets have to be written before anybody is in the namespace, so it is unshared by the process before the clone. */
	readonly ownTimeNamespace: boolean;
	/** Opened descriptors of the namespaces given by path, in joining order. */
	readonly joined: readonly JoinedNamespace[];
	/** True when the container has a namespace of that type that is not the runtime's. */
	has(type: NamespaceType): boolean;
	/** True when it is made, not joined. */
	makes(type: NamespaceType): boolean;
}

/** Opens the namespaces given by path; the caller closes them with {@link closeNamespaces}. Throws namespace-failed, namespace-path. */
export function planNamespaces(linux: Linux | undefined): NamespacePlan {
	const listed = new Map((linux?.namespaces ?? []).map(({ type, path }) => [type, path || undefined]));
	const makes = (type: NamespaceType) => listed.has(type) && listed.get(type) === undefined;
	if (!listed.has("user")) requireAdministrator();
	const joined: JoinedNamespace[] = [];
	try {
		for (const type of namespaceTypes) {
			const path = listed.get(type);
			if (path !== undefined) joined.push({ type, path, fd: openNamespace(type, path) });
		}
	} catch (error) {
		closeNamespaces(joined);
		throw error;
	}
	const cloned = namespaceTypes.filter((type) => makes(type) && type !== "cgroup" && type !== "time");
	return {
		cloneFlags: cloned.reduce((flags, type) => flags | cloneFlags[type], 0),
		ownCgroupNamespace: makes("cgroup"),
		ownTimeNamespace: makes("time"),
		joined,
		has: (type) => listed.has(type),
		makes,
	};
}

/** Told before anything is made: the first refusal of the kernel would be about a cgroup, and mislead. */
function requireAdministrator(): void {
	if (sys.geteuid() === 0 || sys.capget().effective & (1n << BigInt(CAP_SYS_ADMIN))) return;
	throw new TsrunError("namespace-failed", "rootless container requires user namespaces", {
		stage: "namespaces",
		jsonPath: "$.linux.namespaces",
		hint: "run as root, or as any user with a configuration such as spec --rootless writes",
	});
}

export function closeNamespaces(joined: readonly JoinedNamespace[]): void {
	for (const { fd } of joined) sys.close(fd);
}

function openNamespace(type: NamespaceType, path: string): Fd {
	const what = `open ${type} namespace ${JSON.stringify(path)}`;
	const fd = attempt("namespace-path", what, () => sys.openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0), {
		object: path,
		stage: "namespaces",
		hint: "is the process whose namespace it is still alive?",
	});
	if (sys.fstatfs(fd).type !== NSFS_MAGIC) {
		sys.close(fd);
		throw new TsrunError("namespace-path", `${what}: it is not a namespace file`, {
			object: path,
			stage: "namespaces",
			hint: `name a file such as /proc/PID/ns/${namespaceFile(type)}`,
		});
	}
	return fd;
}

/** The name of the type under /proc/PID/ns. */
export function namespaceFile(type: NamespaceType): string {
	if (type === "mount") return "mnt";
	return type === "network" ? "net" : type;
}

export function joinNamespace({ type, fd, path }: JoinedNamespace): void {
	attempt("namespace-path", `join ${type} namespace ${JSON.stringify(path)}`, () => sys.setns(fd, cloneFlags[type]), {
		object: path,
		stage: "namespaces",
		hint: `it must be a ${type} namespace that the runtime may enter`,
	});
}

export function unshareNamespace(type: NamespaceType): void {
	attempt("namespace-failed", `unshare ${type} namespace`, () => sys.unshare(cloneFlags[type]), {
		object: type,
		stage: "namespaces",
	});
}

/** time_namespaces(7): lines "<clock> <seconds> <nanoseconds>", before any process is in the namespace. */
export function writeTimeOffsets(proc: Fd, linux: Linux | undefined): void {
	const lines = Object.entries(linux?.timeOffsets ?? {}).map(
		([clock, offset]) => `${clock} ${offset.secs ?? 0} ${offset.nanosecs ?? 0}\n`,
	);
	if (lines.length === 0) return;
	const file = `${selfInProc(proc)}/timens_offsets`;
	attempt(
		"namespace-failed",
		"write /proc/self/timens_offsets",
		() => withFd(openInProc(proc, file, O_WRONLY), (fd) => sys.write(fd, lines.join(""))),
		{ object: file, stage: "namespaces" },
	);
}

/** clone3(2) failing says little; this says which namespace the kernel refused and why it may have. */
export function explainCloneFailure(plan: NamespacePlan, error: unknown): unknown {
	if (!hasCode(error, "EPERM", "ENOSPC", "EINVAL", "EUSERS")) return error;
	const made = namespaceTypes.filter((type) => plan.makes(type)).join(", ");
	const hints: Record<string, string> = {
		EPERM: plan.makes("user")
			? "unprivileged user namespaces may be switched off (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces, AppArmor)"
			: "run as root, or add a user namespace to linux.namespaces",
		ENOSPC: "the limit of namespaces is reached: see /proc/sys/user/max_*_namespaces",
		EUSERS: "user namespaces are nested too deeply",
		EINVAL: "the kernel lacks one of these namespaces",
	};
	const hint = hints[error.code];
	return new TsrunError("namespace-failed", `clone with new namespaces (${made}): ${error.message.toLowerCase()}`, {
		syscall: error.syscall,
		errno: error.code,
		stage: "namespaces",
		object: made,
		...(hint ? { hint } : {}),
		cause: error,
	});
}
