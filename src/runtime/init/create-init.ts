/**
 * The container's first process, from clone3 to execve. It is the runtime's own TypeScript, gone on in the new
 * namespaces; read {@link runInit} aloud and you hear how a container is made. It leaves by execve or by _exit,
 * and tells the runtime over the sync socket how far it is (sync.ts).
 */
import { makeCgroupMounts } from "../../linux/cgroup-mount.js";
import { openCgroup } from "../../linux/cgroups/driver.js";
import { cgroupMounts, hostCgroups } from "../../linux/cgroups/mounts.js";
import { becomeForeground, bindConsole, openTerminal } from "../../linux/console.js";
import { containerDevices, devIsBound, makeDeviceLinks, makeDevices } from "../../linux/devices.js";
import { allowSearch, joinSessionKeyring } from "../../linux/keyring.js";
import { setSelinuxKeyLabel } from "../../linux/lsm.js";
import { makePathsReadonly, maskPaths } from "../../linux/masked-paths.js";
import type { MountOptions } from "../../linux/mount-options.js";
import { finishMounts, makeMounts } from "../../linux/mounts.js";
import { joinNamespace, unshareNamespace } from "../../linux/namespaces.js";
import { bringLoopbackUp } from "../../linux/network.js";
import { openProc } from "../../linux/proc.js";
import { openInProc } from "../../linux/proc-file.js";
import {
	chrootInto,
	isolatePropagation,
	makeReadonly,
	mountRoot,
	moveRoot,
	pivotRoot,
	setRootPropagation,
} from "../../linux/rootfs.js";
import { openOrMakeInRoot } from "../../linux/safe-path.js";
import { writeSysctls } from "../../linux/sysctl.js";
import type { Mount, Status } from "../../spec/types.js";
import { O_DIRECTORY, O_PATH, PR_SET_PDEATHSIG } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { attempt, TsrunError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import { behindInit, openInit } from "../built-in-init/program.js";
import { type HookSurroundings, runHooks } from "../hooks/run.js";
import type { Launch } from "../lifecycle/launch.js";
import { withSockets } from "../process/listen-fds.js";
import { closeAllBut } from "../process/streams.js";
import { stateOf } from "../state/record.js";
import { assumeIdentity, execute, type ReadyProcess, setLabels } from "./identity.js";
import { becomeRootOfOwnUsers, dieWithTheRuntime, stayUntraceable } from "./own-users.js";
import { awaitStart } from "./start-socket.js";
import { expect, send, sendError, tell } from "./sync.js";

/** How the process came to be: what {@link spawnInit} knows and it cannot. */
export interface Arrival {
	readonly socket: Fd;
	/** It was cloned inside the container's v1 cgroups. */
	readonly entered: boolean;
	/** The host's procfs, when a namespace that is somebody else's has been joined since; else null. */
	readonly proc: Fd | null;
}

/** `theirs` is the runtime's end of the socket. */
export function runInit(launch: Launch, theirs: Fd, { socket, entered, proc: hostProc }: Arrival): never {
	try {
		sys.close(theirs);
		sys.prctl_set_name("tsrun:init");
		dieWithTheRuntime();
		if (launch.setUpFirst) expect(socket, "go");
		const enterCgroup = once(() => joinCgroup(launch, socket, entered));
		if (launch.namespaces.has("user")) {
			// afterwards the files of the cgroup would be somebody else's
			enterCgroup();
			becomeRootOfOwnUsers();
		}
		stayUntraceable();
		sys.setsid();

		const proc = hostProc ?? openProc();
		prepareNamespaces(launch, proc);
		const root = prepareRoot(launch, socket, enterCgroup);
		const { builtInInit } = launch.bundle;
		const init = builtInInit === null ? null : openInit(launch.bundle, root);
		askForHooks(launch, socket);
		runContainerHooks(launch, "createContainer", launch.bundle.path);
		enterRoot(launch, root);
		const { preserveFds } = launch.options;
		closeAllBut(preserveFds, [socket, proc, launch.startListener, launch.notify, init].filter(isOpen));

		setLabels(proc, launch.bundle.config.process ?? {});
		const ready = prepareProcess(launch, socket, init);
		sys.prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
		send(socket, { type: "ready" });
		const starter = awaitStart(launch.startListener, socket, launch.notify);
		try {
			if (ready === null) throw new TsrunError("config-invalid", "process is not set in config.json");
			runContainerHooks(launch, "startContainer", "/", { confinement: ready.confinement, runtime: starter });
			execute(ready, starter, preserveFds);
		} catch (error) {
			sendError(starter, error);
		}
	} catch (error) {
		tell(socket, error);
	}
	sys.exit(1);
}

/** Waits until its limits stand. A cgroup namespace is made afterwards: its root is where its maker is. */
function joinCgroup({ cgroup, namespaces }: Launch, socket: Fd, entered: boolean): void {
	expect(socket, "cgroup");
	if (cgroup !== null && !entered) openCgroup(cgroup).enter();
	if (namespaces.ownCgroupNamespace) unshareNamespace("cgroup");
	for (const namespace of namespaces.joined) if (namespace.type === "cgroup") joinNamespace(namespace);
}

function once(step: () => void): () => void {
	let done = false;
	return () => {
		if (!done) step();
		done = true;
	};
}

function prepareNamespaces({ namespaces, bundle, options, id }: Launch, proc: Fd): void {
	const { config } = bundle;
	if (!options.noNewKeyring) {
		if (config.process?.selinuxLabel) setSelinuxKeyLabel(proc, config.process.selinuxLabel);
		const { key } = joinSessionKeyring(id);
		if (key !== null) allowSearch(key, namespaces.has("user"));
	}
	if (namespaces.makes("network")) bringLoopbackUp();
	if (config.hostname) {
		const name = config.hostname;
		attempt("namespace-failed", `set the hostname ${JSON.stringify(name)}`, () => sys.sethostname(name));
	}
	if (config.domainname) {
		const name = config.domainname;
		attempt("namespace-failed", `set the domainname ${JSON.stringify(name)}`, () => sys.setdomainname(name));
	}
	const sysctls = config.linux?.sysctl;
	if (sysctls && Object.keys(sysctls).length > 0) {
		const procSys = openInProc(proc, "sys", O_PATH | O_DIRECTORY);
		writeSysctls(procSys, sysctls);
		sys.close(procSys);
	}
}

/** Everything below the container's root, seen from outside it: mounts, devices, terminal, masks. */
function prepareRoot(launch: Launch, socket: Fd, enterCgroup: () => void): Fd {
	const { bundle, namespaces } = launch;
	const { config } = bundle;
	const { linux, mounts = [] } = config;
	if (namespaces.has("mount")) isolatePropagation(linux?.rootfsPropagation);
	const root = mountRoot(bundle.rootfs);
	const umask = sys.umask(0);
	makeMounts(mounts, {
		root,
		bundle: bundle.path,
		taken: launch.taken,
		label: linux?.mountLabel,
		warn: warner(socket),
		mountCgroups: (mount, options) => {
			enterCgroup();
			mountCgroups(launch, root, mount, options);
		},
	});
	enterCgroup();
	if (!devIsBound(mounts)) {
		makeDevices(root, containerDevices(linux), namespaces.has("user"));
		makeDeviceLinks(root);
	}
	if (config.process?.terminal) {
		const { master, slave } = openTerminal(root, config.process.consoleSize);
		bindConsole(root, slave);
		becomeForeground(slave);
		send(socket, { type: "terminal" }, [master]);
		sys.close(master);
		sys.close(slave);
	}
	if (config.process) sys.close(openOrMakeInRoot(root, config.process.cwd, "directory"));
	finishMounts(mounts, root);
	makePathsReadonly(root, linux?.readonlyPaths ?? [], mounts);
	maskPaths(root, linux?.maskedPaths ?? [], mounts);
	if (config.root.readonly) makeReadonly(root);
	sys.umask(umask);
	return root;
}

/** Those of the runtime's namespace; a round trip only where there are any. */
function askForHooks({ bundle }: Launch, socket: Fd): void {
	const { prestart, createRuntime } = bundle.config.hooks ?? {};
	if (!prestart?.length && !createRuntime?.length) return;
	send(socket, { type: "hooks" });
	expect(socket, "hooks-done");
}

function mountCgroups({ cgroup, layout, namespaces }: Launch, root: Fd, mount: Mount, options: MountOptions): void {
	const request = { cgroupNamespace: namespaces.has("cgroup"), flags: options.flags };
	const steps = cgroup === null ? hostCgroups(layout, request) : cgroupMounts(layout, cgroup, request);
	makeCgroupMounts(root, mount.destination, steps, options.propagation);
}

function enterRoot({ namespaces, options, bundle }: Launch, root: Fd): void {
	if (!namespaces.has("mount")) chrootInto(root);
	else if (options.noPivot) moveRoot(root);
	else pivotRoot(root);
	setRootPropagation(root, bundle.config.linux?.rootfsPropagation);
	sys.close(root);
}

/** null for a configuration without `process`: the container can be created, but not started. */
function prepareProcess({ bundle, options, seccomp }: Launch, socket: Fd, init: Fd | null): ReadyProcess | null {
	const { builtInInit } = bundle;
	const { process, linux, annotations } = bundle.config;
	if (!process) return null;
	const umask = sys.umask(0);
	const warn = warner(socket);
	const ready = assumeIdentity({
		process: withSockets(process, options.listenFds),
		linux,
		annotations,
		seccomp,
		umask,
		startsNothing: builtInInit?.mode === "pause",
		warn,
	});
	if (builtInInit === null || init === null) return ready;
	// the init cannot tell why an execve may fail
	if (ready.note !== "") warn(`${ready.path}: ${ready.note}`);
	return behindInit(ready, builtInInit, init, options.preserveFds);
}

function isOpen(fd: Fd | null): fd is Fd {
	return fd !== null;
}

/** What goes into the runtime's log. */
function warner(socket: Fd): (text: string) => void {
	return (text) => send(socket, { type: "warning", text });
}

/** Hooks that run in the container's namespaces, where our pid is the container's. */
function runContainerHooks(
	launch: Launch,
	kind: "createContainer" | "startContainer",
	cwd: string,
	more: Pick<HookSurroundings, "confinement" | "runtime"> = {},
): void {
	const hooks = launch.bundle.config.hooks?.[kind];
	if (!hooks?.length) return;
	const status: Status = kind === "createContainer" ? "creating" : "created";
	const state = stateOf(launch.identity, status, sys.getpid());
	runHooks(kind, hooks, { state, cwd, ...more });
}
