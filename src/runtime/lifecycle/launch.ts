/**
 * From a checked bundle to a container whose process waits for start: what `create` and `run` have in common.
 * Each resource is written into the journal before it is made and has its undo beside it.
 */
import type { CgroupLayout } from "../../linux/cgroups/detect.js";
import type { Cgroup, CgroupRecord } from "../../linux/cgroups/driver.js";
import { oomKills } from "../../linux/cgroups/oom.js";
import { takeTrees } from "../../linux/mapped-mounts.js";
import { closeNamespaces, type NamespacePlan, planNamespaces } from "../../linux/namespaces.js";
import { processStat } from "../../linux/proc.js";
import type { ResctrlGroups } from "../../linux/resctrl/group.js";
import { hostRootAt, unmountHostRoot } from "../../linux/rootfs.js";
import { cachedSeccomp } from "../../linux/seccomp/cache.js";
import { seccompFlags } from "../../linux/seccomp/filter.js";
import type { Mount } from "../../spec/types.js";
import { CLOCK_REALTIME, O_CLOEXEC, O_CREAT, O_WRONLY } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { attempt, hasCode } from "../../sys/errors.js";
import { withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import { type Bundle, openBundle } from "../bundle.js";
import { failedLife } from "../history/life.js";
import { remember } from "../history/store.js";
import { runHooks, runHooksTolerantly } from "../hooks/run.js";
import type { Host } from "../host.js";
import { runInit } from "../init/create-init.js";
import { listenForStart } from "../init/start-socket.js";
import { offer, syncPair } from "../init/sync.js";
import type { CreateOptions } from "../options.js";
import { type Child, killChild } from "../process/child.js";
import { listenForReadiness, withNotifySocket } from "../process/notify.js";
import { checkPreservedFds, checkTerminal } from "../process/streams.js";
import { appendJournal } from "../state/journal.js";
import { type ContainerIdentity, type ContainerRecord, stateOf, timestamp } from "../state/record.js";
import { claimStateDirectory, removeStateDirectory, type StateDirectory, stageRecord } from "../state/store.js";
import type { Undo } from "../undo.js";
import { type ContainerCgroup, makeCgroup } from "./container-cgroup.js";
import { makeResctrlGroups } from "./intel-rdt.js";
import { moveNetDevices, type NetDevices, netDevicesOf } from "./net-devices.js";
import { serveUntilReady } from "./serve.js";
import { needsIntermediate, setUpProcess, spawnInit } from "./spawn-init.js";

/** All that both sides of the clone know. */
export interface Launch {
	readonly id: string;
	readonly bundle: Bundle;
	readonly identity: ContainerIdentity;
	readonly options: CreateOptions;
	readonly namespaces: NamespacePlan;
	readonly layout: CgroupLayout;
	readonly cgroup: CgroupRecord | null;
	readonly seccomp: { readonly program: ArrayBuffer; readonly flags: number } | null;
	readonly resctrl: ResctrlGroups | null;
	/** Those to be moved from the host; null when there are none. */
	readonly netDevices: NetDevices | null;
	/** The process waits until its id maps are written and its network devices are there. */
	readonly setUpFirst: boolean;
	/** null for `run`, which starts the container itself. */
	readonly startListener: Fd | null;
	/** See process/notify.ts; null when no service manager waits. */
	readonly notify: Fd | null;
	/** Mount trees that must be taken before a user namespace is entered. */
	readonly taken: ReadonlyMap<Mount, Fd>;
}

/** A created container, its process waiting. */
export interface Launched {
	readonly record: ContainerRecord;
	readonly directory: StateDirectory;
	readonly bundle: Bundle;
	readonly init: Child;
	/** The sync socket; `run` sends "start" over it. */
	readonly socket: Fd;
	/** The terminal's master when `process.terminal` is set. */
	readonly master: Fd | null;
	/** Where the program says that it is ready; null when no service manager waits for that. */
	readonly notify: Fd | null;
}

export interface LaunchMode {
	/** The runtime will not stay with the container. */
	readonly detached: boolean;
	/** The launcher starts the container itself, over the sync socket: `run`. */
	readonly ownStart: boolean;
}

/** Everything is undone through `undo` when a later step fails, one of the caller's included. */
export function launch(host: Host, id: string, options: CreateOptions, mode: LaunchMode, undo: Undo): Launched {
	checkPreservedFds(options.preserveFds);
	const given = openBundle(options, host.log);
	checkTerminal(given.config.process?.terminal ?? false, options.consoleSocket, mode.detached);
	const directory = claimStateDirectory(host, id);
	undo.add(`remove the state directory ${directory.path}`, (cause) => {
		remember(host, failedLife(id, given.path, cause));
		removeStateDirectory(directory);
	});

	const bundle =
		options.notifySocket === undefined ? given : { ...given, config: withNotifySocket(given.config, directory) };
	const { plan, cgroup } = prepare(host, bundle, directory, options, mode, undo);
	const { init, socket } = spawn(plan, cgroup.cgroup, undo);
	const startTime = processStat(init.pid)?.startTime ?? 0;
	appendJournal(directory.fd, { init: { pid: init.pid, startTime }, ...(mode.ownStart ? { run: true } : {}) });

	setUpProcess(plan, init);
	if (plan.netDevices !== null) moveNetDevices(plan.netDevices, init, undo);
	if (plan.setUpFirst) offer(socket, { type: "go" });
	// while the process mounts its file systems; it enters when it is told that the cgroup stands
	cgroup.complete(init.pid);
	offer(socket, { type: "cgroup" });
	keepConfig(directory, bundle);
	const record = recordOf(plan, init.pid, startTime);
	const commitRecord = stageRecord(directory, record);
	const master = serveUntilReady(socket, init, {
		warn: host.log.warning,
		runHooks: () => runRuntimeHooks(plan, init),
		explainDeath: () =>
			plan.cgroup !== null && oomKills(plan.cgroup) > 0
				? "container init was OOM-killed (memory limit too low?)"
				: undefined,
		errorPrefix: "unable to start container process: error during container init: ",
	});
	commitRecord();
	return { record, directory, bundle, init, socket, master, notify: plan.notify };
}

/** All that is made before there is a process. */
function prepare(
	host: Host,
	bundle: Bundle,
	directory: StateDirectory,
	options: CreateOptions,
	mode: LaunchMode,
	undo: Undo,
): { readonly plan: Launch; readonly cgroup: ContainerCgroup } {
	const { config, path } = bundle;
	const { id } = directory;
	const netDevices = netDevicesOf(host, config);
	const identity: ContainerIdentity = { id, bundle: path, annotations: config.annotations ?? {} };
	undo.add("run the poststop hooks", () => {
		const state = stateOf(identity, "stopped", 0);
		runHooksTolerantly("poststop", config.hooks?.poststop, { state, cwd: path }, host.log.warning);
	});
	const seccomp = prepareSeccomp(host, bundle);
	const namespaces = planNamespaces(config.linux);
	if (!namespaces.has("mount")) keepHostRoot(directory, bundle.rootfs, undo);
	const cgroup = makeCgroup(host, config, directory, !needsIntermediate(namespaces) && !host.rootless, undo);
	const plan: Launch = {
		id,
		bundle,
		identity,
		options,
		namespaces,
		layout: cgroup.layout,
		cgroup: cgroup.cgroup?.record ?? null,
		resctrl: makeResctrlGroups(config.linux?.intelRdt, directory, undo),
		seccomp,
		netDevices,
		setUpFirst: namespaces.makes("user") || netDevices !== null,
		startListener: mode.ownStart ? null : listenForStart(directory),
		notify: options.notifySocket === undefined ? null : listenForReadiness(directory),
		taken: takeTrees(config, path),
	};
	return { plan, cgroup };
}

/** Without a mount namespace of its own the container's mounts are the host's: they go when it goes. */
function keepHostRoot(directory: StateDirectory, rootfs: string, undo: Undo): void {
	const hostRoot = hostRootAt(rootfs);
	appendJournal(directory.fd, { hostRoot });
	undo.add("unmount the root filesystem", () => unmountHostRoot(hostRoot));
}

/** Clones the process, and closes on our side what only it needs. */
function spawn(plan: Launch, cgroup: Cgroup | null, undo: Undo): { readonly init: Child; readonly socket: Fd } {
	const [socket, theirs] = syncPair();
	// a process that we could not take hold of ends when nobody is at the other end
	undo.add("let go of the container's process", () => closeIfOpen(socket));
	const cgroupFd = cgroup?.joinFd() ?? -1;
	const init = spawnInit(plan, cgroup, cgroupFd, socket, theirs, (arrival) => runInit(plan, socket, arrival));
	undo.add("end the container's process", () => killChild(init));
	sys.close(theirs);
	if (cgroupFd >= 0) sys.close(cgroupFd);
	for (const fd of plan.taken.values()) sys.close(fd);
	if (plan.startListener !== null) sys.close(plan.startListener);
	closeNamespaces(plan.namespaces.joined);
	return { init, socket };
}

export function recordOf(
	{
		bundle,
		identity,
		cgroup,
		resctrl,
		namespaces,
		options,
	}: Pick<Launch, "bundle" | "identity" | "cgroup" | "resctrl" | "namespaces"> & {
		readonly options: Pick<CreateOptions, "noNewKeyring">;
	},
	pid: number,
	startTime: number,
): ContainerRecord {
	const { config, rootfs } = bundle;
	const { poststart, poststop } = config.hooks ?? {};
	return {
		...identity,
		ociVersion: config.ociVersion,
		pid,
		startTime,
		rootfs,
		created: timestamp(sys.clock_gettime(CLOCK_REALTIME)),
		owner: sys.geteuid(),
		cgroup,
		resctrl,
		ownPidNamespace: namespaces.makes("pid"),
		ownKeyring: !options.noNewKeyring,
		startable: config.process !== undefined,
		hooks: { ...(poststart ? { poststart } : {}), ...(poststop ? { poststop } : {}) },
	};
}

/** LC-05: whoever changes the bundle's config.json later changes nothing. */
export function keepConfig(directory: StateDirectory, bundle: Bundle): void {
	attempt("state-failed", `write "${directory.path}/config.json"`, () =>
		withFd(sys.openat(directory.fd, "config.json", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600), (fd) =>
			sys.write(fd, bundle.text),
		),
	);
}

function prepareSeccomp(host: Host, { config }: Bundle): Launch["seccomp"] {
	const seccomp = config.linux?.seccomp;
	if (!seccomp) return null;
	return { program: cachedSeccomp(`${host.root}/seccomp~`, seccomp), flags: seccompFlags(seccomp) };
}

/** Hooks of the runtime's namespace, while the process waits with everything mounted but not yet pivoted. */
export function runRuntimeHooks({ identity, bundle }: Pick<Launch, "identity" | "bundle">, init: Child): void {
	const surroundings = { state: stateOf(identity, "creating", init.pid), cwd: bundle.path };
	const { prestart, createRuntime } = bundle.config.hooks ?? {};
	runHooks("prestart", prestart, surroundings);
	runHooks("createRuntime", createRuntime, surroundings);
}

function closeIfOpen(fd: Fd): void {
	try {
		sys.close(fd);
	} catch (error) {
		if (!hasCode(error, "EBADF")) throw error;
	}
}
