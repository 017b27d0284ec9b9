/**
 * `exec`: one more process in a container that lives. It joins by the pidfd of init (setns(2), Linux 5.8) and then takes
 * the same last steps as init did, so what create allowed is what exec allows.
 */
import { type Cgroup, type CgroupRecord, openCgroup } from "../../linux/cgroups/driver.js";
import { placeBelow, subCgroup } from "../../linux/cgroups/sub-cgroup.js";
import { processStat } from "../../linux/proc.js";
import { joinGroups } from "../../linux/resctrl/group.js";
import { cachedSeccomp } from "../../linux/seccomp/cache.js";
import { seccompFlags } from "../../linux/seccomp/filter.js";
import { parseJson } from "../../spec/json.js";
import { checkProcess, loadProcess } from "../../spec/load-process.js";
import type { Config, Process } from "../../spec/types.js";
import { SIGKILL } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { attempt, hasCode, TsrunError } from "../../sys/errors.js";
import { readFile, readFileAt } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import { now } from "../history/life.js";
import { note } from "../history/note.js";
import type { Host } from "../host.js";
import { offer } from "../init/sync.js";
import type { ExecOptions } from "../options.js";
import { type Child, exitStatus, killChild } from "../process/child.js";
import { attend, holdSignals } from "../process/foreground.js";
import { handOverPidfd, placeTerminal } from "../process/hand-over.js";
import { writePidFile } from "../process/pid-file.js";
import { checkPreservedFds, checkTerminal } from "../process/streams.js";
import { isAlive } from "../state/journal.js";
import { type ContainerRecord, stateOf } from "../state/record.js";
import { type Container, completeContainer } from "../status.js";
import { type Undo, withUndo } from "../undo.js";
import { awaitProgram } from "./await-program.js";
import { serveUntilReady } from "./serve.js";
import { spawnExec } from "./spawn-exec.js";
import { setOomScore } from "./spawn-init.js";

/** What both sides of the clone know. */
export interface ExecPlan {
	readonly record: ContainerRecord;
	readonly config: Config;
	readonly process: Process;
	readonly initPidfd: Fd;
	readonly seccomp: { readonly program: ArrayBuffer; readonly flags: number } | null;
	readonly preserveFds: number;
}

/** The exit status of the process, or 0 with `detach`. */
export function execInContainer(host: Host, id: string, options: ExecOptions): number {
	// before anything is opened, which could take the place of a descriptor that is not there
	checkPreservedFds(options.preserveFds);
	const container = completeContainer(host, id);
	refuseUnlessAlive(container, options.ignorePaused);
	const config = parseJson(readFileAt(container.directory.fd, "config.json"), "config.json") as Config;
	const process = options.processFile === undefined ? derived(host, config, options) : loaded(host, config, options);
	checkTerminal(process.terminal ?? false, options.consoleSocket, options.detach);

	const signals = options.detach ? -1 : holdSignals();
	const { child, master } = withUndo(host.log.warning, (undo) =>
		startProcess(host, container, config, process, options, undo),
	);
	if (options.detach) return 0;
	const status = attend(child, signals, master);
	const init = status === SIGKILL ? processStat(container.record.pid) : undefined;
	if (init === null || init?.leaving) {
		// the kernel's own doing: init's end is everybody's (pid_namespaces(7))
		note(host, container.directory, { did: "exec-killed", at: now(), program: process.args?.[0] ?? "" });
	}
	return exitStatus(status);
}

function refuseUnlessAlive({ status, record }: Container, ignorePaused: boolean): void {
	const refuse = (message: string, hint: string) =>
		new TsrunError("container-status", message, { object: record?.id ?? "", hint });
	if (status === "stopped") throw refuse("cannot exec in a stopped container", "start a new one");
	if (status === "paused" && !ignorePaused) {
		throw refuse("cannot exec in a paused container (use --ignore-paused to override)", "resume it first");
	}
}

function startProcess(
	host: Host,
	{ record, status }: Container & { readonly record: ContainerRecord },
	config: Config,
	process: Process,
	options: ExecOptions,
	undo: Undo,
): { readonly child: Child; readonly master: Fd | null } {
	const seccomp = config.linux?.seccomp;
	const plan: ExecPlan = {
		record,
		config,
		process,
		initPidfd: openInit(record),
		seccomp: seccomp
			? { program: cachedSeccomp(`${host.root}/seccomp~`, seccomp), flags: seccompFlags(seccomp) }
			: null,
		preserveFds: options.preserveFds,
	};
	const { child, socket } = spawnBesideInit(host, plan, options.cgroups);
	undo.add("end the process", () => killChild(child));
	if (record.resctrl) joinGroups(record.resctrl, child.pid);
	if (process.oomScoreAdj !== undefined) setOomScore(child.pid, process.oomScoreAdj);
	offer(socket, { type: "go" });
	const master = serveUntilReady(socket, child, {
		warn: host.log.warning,
		errorPrefix: "unable to start container process: ",
	});
	host.log.debug(`process ${child.pid} has joined container ${record.id}`);
	placeTerminal(master, options.consoleSocket);
	if (options.pidfdSocket !== undefined) handOverPidfd(options.pidfdSocket, child.pidfd);
	writePidFile(options.pidFile, child.pid, undo);
	offer(socket, { type: "start" });
	awaitProgram(socket, { pid: child.pid, state: stateOf(record, status, record.pid) });
	sys.close(socket);
	host.log.debug(`process ${child.pid} runs its program`);
	return { child, master };
}

/** Opened, then checked: the pid may have become another process's between reading state.json and now. */
function openInit(record: ContainerRecord): Fd {
	const gone = () => new TsrunError("container-status", "cannot exec in a stopped container", { object: record.id });
	try {
		const pidfd = sys.pidfd_open(record.pid, 0);
		if (isAlive(record)) return pidfd;
		sys.close(pidfd);
	} catch (error) {
		if (!hasCode(error, "ESRCH")) throw error;
	}
	throw gone();
}

/**
 * In the container's cgroup; or where init is by now, when a container that manages cgroups of its own, as one with systemd
 * in it, has given controllers to those and moved its processes there (cgroups(7), "no internal processes").
 */
function spawnBesideInit(host: Host, plan: ExecPlan, requests: readonly string[]): ReturnType<typeof spawnExec> {
	try {
		return spawnExec(plan, cgroupFor(host, plan.record, requests));
	} catch (error) {
		const isFull = error instanceof TsrunError && error.id === "cgroup-failed" && error.details.errno === "EBUSY";
		const { cgroup, pid } = plan.record;
		const place = isFull && requests.length === 0 && cgroup !== null ? placeBelow(cgroup, pid) : null;
		if (place === null) throw error;
		host.log.debug(`the container's cgroup holds no processes any more: joining ${place}, where its init is`);
		return spawnExec(plan, cgroupFor(host, plan.record, [place]));
	}
}

/** The container's cgroup, or what --cgroup names below it. */
function cgroupFor(host: Host, { cgroup }: ContainerRecord, requests: readonly string[]): Cgroup | null {
	if (cgroup === null) {
		if (requests.length === 0) return null;
		throw new TsrunError(
			"cgroup-failed",
			"the container has no cgroup of its own, so --cgroup cannot name one below it",
		);
	}
	const wanted: CgroupRecord = requests.length === 0 ? cgroup : subCgroup(cgroup, requests);
	return openCgroup(wanted, host.systemd);
}

/** --process: a process of its own, which takes from the container's what it leaves open, as with runc. */
function loaded(host: Host, config: Config, { processFile: path = "", tty }: ExecOptions): Process {
	const text = attempt("file-failed", `read process file ${JSON.stringify(path)}`, () => readFile(path), {
		object: path,
	});
	const { process, warnings } = loadProcess(text, path);
	for (const { path: where, message } of warnings) host.log.warning(`${path}: ${where}: ${message}`);
	const { cwd: _cwd, args: _args, env: _env, terminal: _terminal, consoleSize: _size, ...rest } = config.process ?? {};
	const { noNewPrivileges: _privileges, user: own, ...inherited } = rest as Partial<Process>;
	const user = own?.umask === undefined ? process.user : { uid: 0, gid: 0, umask: own.umask, ...process.user };
	return { ...inherited, ...process, ...(user ? { user } : {}), ...(tty ? { terminal: true } : {}) };
}

/** The container's own process with what the flags change. */
function derived(host: Host, config: Config, options: ExecOptions): Process {
	checkFlags(host, options);
	const base: Process = config.process ?? { cwd: "/" };
	const { user: own = { uid: 0, gid: 0 }, consoleSize: _size, capabilities, ...rest } = base;
	const gids = [...(own.additionalGids ?? []), ...options.additionalGids];
	return {
		...rest,
		args: [...options.args],
		terminal: options.tty,
		cwd: options.cwd ?? base.cwd,
		env: [...(base.env ?? []), ...options.env],
		user: {
			uid: options.user?.uid ?? own.uid,
			gid: options.user?.gid ?? own.gid,
			...(own.umask === undefined ? {} : { umask: own.umask }),
			...(gids.length > 0 ? { additionalGids: gids } : {}),
		},
		capabilities: withCapabilities(capabilities, options.capabilities.map(capabilityName)),
		...(options.noNewPrivileges === undefined ? {} : { noNewPrivileges: options.noNewPrivileges }),
		...(options.apparmor === undefined ? {} : { apparmorProfile: options.apparmor }),
		...(options.processLabel === undefined ? {} : { selinuxLabel: options.processLabel }),
	};
}

/** What the flags say obeys the rules of config.json; what is the container's own has been checked by create. */
function checkFlags(host: Host, options: ExecOptions): void {
	const { uid = 0, gid = 0 } = options.user ?? {};
	const given: Process = {
		args: [...options.args],
		cwd: options.cwd ?? "/",
		env: [...options.env],
		user: { uid, gid, additionalGids: [...options.additionalGids] },
		capabilities: { bounding: options.capabilities.map(capabilityName) },
	};
	for (const { message } of checkProcess(given, "flags of exec")) host.log.warning(message);
}

function capabilityName(name: string): string {
	const upper = name.toUpperCase();
	return upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
}

/** Added ones are bounding, effective and permitted; ambient only if the container's processes may inherit them. */
function withCapabilities(
	sets: Process["capabilities"],
	names: readonly string[],
): NonNullable<Process["capabilities"]> {
	if (names.length === 0) return sets ?? {};
	const { bounding = [], effective = [], permitted = [], inheritable = [], ambient = [] } = sets ?? {};
	return {
		bounding: [...bounding, ...names],
		effective: [...effective, ...names],
		permitted: [...permitted, ...names],
		inheritable: [...inheritable],
		ambient: [...ambient, ...names.filter((name) => inheritable.includes(name))],
	};
}
