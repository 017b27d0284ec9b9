/**
 * The process takes on what `process` of config.json says it is: limits, groups and user, capabilities, directory.
 * The same steps in the same order for a container's init and for exec; afterwards only {@link execute} is left.
 */
import { dropBounding, planCapabilities } from "../../linux/capabilities.js";
import { isNullDevice, replaceNullStream } from "../../linux/devices.js";
import { setAppArmorProfile, setSelinuxLabel } from "../../linux/lsm.js";
import { examineProgram, findProgram } from "../../linux/program.js";
import { applyRlimits, raisesHardLimit } from "../../linux/rlimits.js";
import {
	allowEveryCpu,
	applyIoPriority,
	applyMemoryPolicy,
	applyPersonality,
	applyScheduler,
} from "../../linux/scheduling.js";
import { catchableSignals } from "../../linux/signals.js";
import type { Config, Linux, Process, Rlimit } from "../../spec/types.js";
import { CAP_SYS_ADMIN, PR_SET_KEEPCAPS, SIG_BLOCK } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { attempt, failure, hasCode, TsrunError } from "../../sys/errors.js";
import { withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import type { Confinement } from "../process/child.js";
import { deduplicate, withHome } from "../process/environment.js";
import { agentOf, callAgent, listenerMessage } from "../process/seccomp-agent.js";
import { stayUntraceable } from "./own-users.js";

const stage = "process";

/** crun's, whatever its value: the caller's groups stay, through which a user without privileges may reach its files. */
const keepGroupsAnnotation = "run.oci.keep_original_groups";

export interface IdentityRequest {
	readonly process: Process;
	readonly linux: Linux | undefined;
	readonly annotations: Config["annotations"];
	readonly seccomp: { readonly program: ArrayBuffer; readonly flags: number } | null;
	/** The umask that the caller of the runtime had. */
	readonly umask: number;
	/** The CPUs are set already, by execCPUAffinity; else the caller's affinity is not inherited. */
	readonly hasAffinity?: boolean;
	/** The process is an init that starts no program. */
	readonly startsNothing?: boolean;
	readonly warn: (message: string) => void;
}

/** A process that only has to execute its program. */
export interface ReadyProcess {
	/** See FinalExec. */
	readonly fd: Fd;
	readonly path: string;
	readonly argv: readonly string[];
	readonly envp: readonly string[];
	readonly confinement: Confinement;
	/** See FinalExec. */
	readonly note: string;
	/** It takes its signals one by one: none may be lost before it has got that far. */
	readonly holdsSignals: boolean;
	/** Set at the very end: until then we need memory and descriptors of our own. */
	readonly limits: readonly Rlimit[];
}

/**
 * The labels that the program will have, written through the host's procfs, which is closed before anything that the
 * container chooses is looked up: a directory of "/proc/self/fd/N" must lead nowhere (CVE-2024-21626).
 */
export function setLabels(
	proc: Fd,
	{ apparmorProfile, selinuxLabel }: Pick<Process, "apparmorProfile" | "selinuxLabel">,
): void {
	withFd(proc, () => {
		if (apparmorProfile) setAppArmorProfile(proc, apparmorProfile);
		if (selinuxLabel) setSelinuxLabel(proc, selinuxLabel);
	});
}

/** Must run inside the container, after pivot_root, with all privileges still there. */
export function assumeIdentity(request: IdentityRequest): ReadyProcess {
	const { process, linux } = request;
	const args = process.args ?? [];
	if (!request.hasAffinity) allowEveryCpu();
	if (process.scheduler) applyScheduler(process.scheduler);
	if (process.ioPriority) applyIoPriority(process.ioPriority);
	if (linux?.memoryPolicy) applyMemoryPolicy(linux.memoryPolicy);
	if (linux?.personality) applyPersonality(linux.personality);
	const limits = raiseLimits(process.rlimits ?? []);
	const { uid = 0, gid = 0, umask = request.umask, additionalGids = [] } = process.user ?? {};
	ownStreams(uid);

	const enteredEarly = tryChdir(process.cwd);
	const confinement = changeUser(request, uid, gid, additionalGids);
	sys.umask(umask);
	if (!enteredEarly) enterDirectory(process.cwd);
	refuseOutsideDirectory(process.cwd);

	const env = withHome(deduplicate(process.env ?? []), uid);
	const program = request.startsNothing ? { path: "", note: "" } : lookUp(args[0] ?? "", env);
	return { fd: -1, ...program, argv: args, envp: env, confinement, holdsSignals: false, limits };
}

function lookUp(name: string, env: readonly string[]): Pick<ReadyProcess, "path" | "note"> {
	const path = findProgram(name, env);
	return { path, note: examineProgram(path, name) };
}

/** Raising takes CAP_SYS_RESOURCE, so it is done while that may be there. The other limits are given back, for the end. */
function raiseLimits(rlimits: readonly Rlimit[]): readonly Rlimit[] {
	const raising = rlimits.filter(raisesHardLimit);
	applyRlimits(raising);
	return raising.length === 0 ? rlimits : rlimits.filter((limit) => !raising.includes(limit));
}

/** Streams that come from the caller belong to the user of the process, or `echo > /dev/stdout` fails for it. */
function ownStreams(uid: number): void {
	for (const stream of [0, 1, 2]) {
		if (isNullDevice(stream)) {
			replaceNullStream(stream);
			continue;
		}
		const stat = sys.fstat(stream);
		if (stat.uid === uid) continue;
		try {
			sys.fchown(stream, uid, stat.gid);
		} catch (error) {
			// a socket, an unmapped owner, a read-only file system: it stays as it is
			if (!hasCode(error, "EINVAL", "EPERM", "EROFS")) throw error;
		}
	}
}

/** Groups, gid, uid and capabilities. What is left of our privileges serves the seccomp filter alone. */
function changeUser(request: IdentityRequest, uid: number, gid: number, groups: readonly number[]): Confinement {
	const { process, linux, annotations = {}, seccomp } = request;
	const { masks, warnings } = planCapabilities(process.capabilities);
	warnings.forEach(request.warn);
	const own = sys.capget();
	dropBounding(masks.bounding);
	attempt(
		"process-failed",
		`change to user ${uid}, group ${gid}, additional groups [${groups.join(", ")}]`,
		() => {
			if (!Object.hasOwn(annotations, keepGroupsAnnotation)) setGroups(groups);
			sys.setresgid(gid, gid, gid);
			sys.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
			sys.setresuid(uid, uid, uid);
			sys.prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
			stayUntraceable();
		},
		{
			stage,
			object: `${uid}:${gid}`,
			hint: "in a user namespace only mapped ids exist: see linux.uidMappings and gidMappings",
		},
	);
	const { effective, permitted, inheritable } = masks;
	// files are now looked for with the rights that the program will have
	attempt("process-failed", "set the capabilities", () =>
		sys.capset({ effective, permitted: own.permitted, inheritable }),
	);
	// seccomp(2) without no_new_privs takes CAP_SYS_ADMIN; execve(2) drops what exceeds the bounding and ambient sets
	const needsAdmin = seccomp !== null && !process.noNewPrivileges;
	const admin = needsAdmin ? own.permitted & (1n << BigInt(CAP_SYS_ADMIN)) : 0n;
	const agent = agentOf(linux?.seccomp);
	return {
		capabilities: { effective: effective | admin, permitted: permitted | admin, inheritable },
		ambient: masks.ambient,
		noNewPrivileges: process.noNewPrivileges ?? false,
		seccomp: seccomp?.program ?? null,
		seccompFlags: seccomp?.flags ?? 0,
		agent,
		listenerMessage: agent === null ? "" : listenerMessage,
	};
}

function setGroups(groups: readonly number[]): void {
	try {
		sys.setgroups(groups);
	} catch (error) {
		// a user namespace of an unprivileged user denies setgroups(2): it keeps groups that it could not have changed
		if (groups.length > 0 || !hasCode(error, "EPERM")) throw error;
	}
}

/** As root first; where only the user may enter (a network file system), again as the user. */
function tryChdir(path: string): boolean {
	try {
		sys.chdir(path);
		return true;
	} catch (error) {
		if (hasCode(error, "EACCES", "EPERM")) return false;
		throw chdirError(path, error);
	}
}

function enterDirectory(path: string): void {
	try {
		sys.chdir(path);
	} catch (error) {
		throw chdirError(path, error);
	}
}

function chdirError(path: string, error: unknown): unknown {
	return failure("process-failed", `chdir to cwd (${JSON.stringify(path)}) set in config.json failed`, error, {
		stage,
		object: path,
		jsonPath: "$.process.cwd",
	});
}

/** CVE-2024-21626: a working directory on the host, reached through a leaked descriptor, has no path in here. */
function refuseOutsideDirectory(path: string): void {
	try {
		if (sys.getcwd().startsWith("/")) return;
	} catch (error) {
		if (!hasCode(error, "ENOENT")) throw error;
	}
	throw new TsrunError("path-unsafe", "current working directory is outside of container mount namespace root", {
		stage,
		object: path,
	});
}

/** Becomes the program. Nothing returns from here: a failure is told on `errorFd`, which is the socket to the runtime. */
export function execute({ confinement, ...ready }: ReadyProcess, errorFd: Fd, preserveFds: number): never {
	if (confinement.agent !== null) callAgent(errorFd, confinement.agent);
	for (let fd = 3; fd < 3 + preserveFds; fd++) sys.dup2(fd, fd);
	sys.signals_reset();
	if (ready.holdsSignals) sys.sigprocmask(SIG_BLOCK, catchableSignals);
	applyRlimits(ready.limits);
	sys.final_exec({
		fd: ready.fd,
		path: ready.path,
		argv: ready.argv,
		envp: ready.envp,
		firstClosedFd: 3 + preserveFds,
		errorFd,
		note: ready.note,
		...confinement,
	});
}
