/**
 * From a checked bundle to a container whose process waits for start: what `create` and `run` have in common.
 * Each resource is written into the journal before it is made and has its undo beside it.
 */
import type { CgroupLayout } from "../../linux/cgroups/detect.js";
import { detectCgroups } from "../../linux/cgroups/detect.js";
import { deviceRules } from "../../linux/cgroups/devices.js";
import type { Cgroup, CgroupRecord } from "../../linux/cgroups/driver.js";
import { openCgroup } from "../../linux/cgroups/driver.js";
import { ownsCgroup } from "../../linux/cgroups/ownership.js";
import { planCgroup } from "../../linux/cgroups/path.js";
import { toHostId } from "../../linux/id-maps.js";
import { takeTrees } from "../../linux/mapped-mounts.js";
import { closeNamespaces, type NamespacePlan, planNamespaces } from "../../linux/namespaces.js";
import { processStat } from "../../linux/proc.js";
import { cachedSeccomp } from "../../linux/seccomp/cache.js";
import { seccompFlags } from "../../linux/seccomp/filter.js";
import type { Mount } from "../../spec/types.js";
import { CLOCK_REALTIME, O_CLOEXEC, O_CREAT, O_WRONLY } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { attempt } from "../../sys/errors.js";
import { withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import { type Bundle, openBundle } from "../bundle.js";
import { runHooks, runHooksTolerantly } from "../hooks/run.js";
import type { Host } from "../host.js";
import { runInit } from "../init/create-init.js";
import { listenForStart } from "../init/start-socket.js";
import { send, syncPair } from "../init/sync.js";
import type { CreateOptions } from "../options.js";
import { type Child, killChild } from "../process/child.js";
import { checkPreservedFds, checkTerminal } from "../process/streams.js";
import { appendJournal, ourIdentity } from "../state/journal.js";
import { type ContainerIdentity, type ContainerRecord, stateOf, timestamp } from "../state/record.js";
import { claimStateDirectory, removeStateDirectory, type StateDirectory, writeRecord } from "../state/store.js";
import type { Undo } from "../undo.js";
import { serveUntilReady } from "./serve.js";
import { setUpChild, spawnInit } from "./spawn-init.js";

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
	/** null for `run`, which starts the container itself. */
	readonly startListener: Fd | null;
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
}

export interface LaunchMode {
	/** The runtime will not stay with the container. */
	readonly detached: boolean;
	/** The launcher starts the container itself, over the sync socket: `run`. */
	readonly ownStart: boolean;
}

/** Everything is undone through `undo` when a later step of the caller fails. */
export function launch(host: Host, id: string, options: CreateOptions, mode: LaunchMode, undo: Undo): Launched {
	checkPreservedFds(options.preserveFds);
	const bundle = openBundle(options.bundle, host.log);
	const { config } = bundle;
	checkTerminal(config.process?.terminal ?? false, options.consoleSocket, mode.detached);
	const identity: ContainerIdentity = { id, bundle: bundle.path, annotations: config.annotations ?? {} };

	const directory = claimStateDirectory(host, id);
	undo.add(`remove the state directory ${directory.path}`, () => removeStateDirectory(directory));
	appendJournal(directory.fd, { creator: ourIdentity() });
	undo.add("run the poststop hooks", () => {
		const state = stateOf(identity, "stopped", 0);
		runHooksTolerantly("poststop", config.hooks?.poststop, { state, cwd: bundle.path }, host.log.warning);
	});

	const seccomp = prepareSeccomp(host, bundle);
	const { layout, cgroup } = makeCgroup(host, id, bundle, directory, undo);
	const namespaces = planNamespaces(config.linux);
	const startListener = mode.ownStart ? null : listenForStart(directory);
	const taken = takeTrees(config, bundle.path);
	const plan: Launch = {
		id,
		bundle,
		identity,
		options,
		namespaces,
		layout,
		cgroup: cgroup?.record ?? null,
		seccomp,
		startListener,
		taken,
	};

	const [socket, theirs] = syncPair();
	const init = spawnInit(plan, cgroup, socket, theirs, (inside) => {
		sys.close(socket);
		return runInit(plan, inside);
	});
	undo.add("end the container's process", () => killChild(init));
	sys.close(theirs);
	for (const fd of taken.values()) sys.close(fd);
	if (startListener !== null) sys.close(startListener);
	const startTime = processStat(init.pid)?.startTime ?? 0;
	appendJournal(directory.fd, { init: { pid: init.pid, startTime } });
	setUpChild(plan, cgroup, init);
	closeNamespaces(namespaces.joined);

	send(socket, { type: "go" });
	const master = serveUntilReady(socket, init, {
		warn: host.log.warning,
		runHooks: () => runRuntimeHooks(plan, init),
		errorPrefix: "unable to start container process: error during container init: ",
	});
	const record: ContainerRecord = {
		...identity,
		ociVersion: config.ociVersion,
		pid: init.pid,
		startTime,
		rootfs: bundle.rootfs,
		created: timestamp(sys.clock_gettime(CLOCK_REALTIME)),
		owner: sys.geteuid(),
		cgroup: plan.cgroup,
		ownPidNamespace: namespaces.makes("pid"),
		ownKeyring: !options.noNewKeyring,
		startable: config.process !== undefined,
		hooks: pickHooks(bundle),
	};
	keepConfig(directory, bundle);
	writeRecord(directory, record);
	return { record, directory, bundle, init, socket, master };
}

function pickHooks({ config }: Bundle): ContainerRecord["hooks"] {
	const { poststart, poststop } = config.hooks ?? {};
	return { ...(poststart ? { poststart } : {}), ...(poststop ? { poststop } : {}) };
}

/** LC-05: whoever changes the bundle's config.json later changes nothing. */
function keepConfig(directory: StateDirectory, bundle: Bundle): void {
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

function makeCgroup(
	host: Host,
	id: string,
	{ config }: Bundle,
	directory: StateDirectory,
	undo: Undo,
): { readonly layout: CgroupLayout; readonly cgroup: Cgroup | null } {
	const { linux } = config;
	const cgroupsPath = linux?.cgroupsPath || undefined;
	const layout = detectCgroups(!cgroupsPath?.startsWith("/"));
	const resources = linux?.resources ?? {};
	const optional = host.rootless && cgroupsPath === undefined && Object.keys(resources).length === 0;
	if (layout.version === 0 && optional) return { layout, cgroup: null };
	const record = planCgroup(layout, { cgroupsPath, id });
	appendJournal(directory.fd, { cgroup: record });
	const cgroup = openCgroup(record);
	if (!cgroup.create({ optional: host.rootless })) {
		if (!optional) host.log.debug("no right to make cgroups: the container runs in the caller's");
		return { layout, cgroup: null };
	}
	undo.add("remove the cgroup", () => cgroup.destroy());
	cgroup.apply({ ...resources, devices: [...deviceRules(resources.devices, linux?.devices)] });
	if (ownsCgroup(config)) {
		const owner = toHostId(linux?.uidMappings ?? [], config.process?.user?.uid ?? 0);
		if (owner !== undefined) cgroup.changeOwner(owner);
	}
	return { layout, cgroup };
}

/** Hooks of the runtime's namespace, while the process waits with everything mounted but not yet pivoted. */
function runRuntimeHooks({ identity, bundle }: Launch, init: Child): void {
	const surroundings = { state: stateOf(identity, "creating", init.pid), cwd: bundle.path };
	const { prestart, createRuntime } = bundle.config.hooks ?? {};
	runHooks("prestart", prestart, surroundings);
	runHooks("createRuntime", createRuntime, surroundings);
}
