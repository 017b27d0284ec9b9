/**
 * `restore`: a container made from a checkpoint, under any id, from any bundle that fits. CRIU makes its processes, in the
 * cgroup that is made for them here; what is not in the images comes from the bundle's configuration.
 */
import { sourcePath } from "../../linux/bind-mounts.js";
import { cgroupMounts } from "../../linux/cgroups/mounts.js";
import { encodeRequest } from "../../linux/criu/messages.js";
import { type Source, sourcesOfMounts } from "../../linux/criu/outside-mounts.js";
import { lendFiles, outsideFiles, replacedStreams } from "../../linux/criu/outside-streams.js";
import { containerDevices } from "../../linux/devices.js";
import { toHostId } from "../../linux/id-maps.js";
import { parseMountOptions } from "../../linux/mount-options.js";
import { readMountinfo } from "../../linux/mountinfo.js";
import { closeNamespaces, type NamespacePlan, namespaceFile, planNamespaces } from "../../linux/namespaces.js";
import { joinGroups, type ResctrlGroups } from "../../linux/resctrl/group.js";
import { components, openInRootIfPresent } from "../../linux/safe-path.js";
import type { Config } from "../../spec/types.js";
import { AT_FDCWD, AT_REMOVEDIR, O_CLOEXEC, O_DIRECTORY, O_PATH, PR_SET_CHILD_SUBREAPER } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { hasCode, TsrunError } from "../../sys/errors.js";
import { readFile, withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import { type Bundle, openBundle } from "../bundle.js";
import { failedLife, now } from "../history/life.js";
import { note } from "../history/note.js";
import { remember } from "../history/store.js";
import { runHooksTolerantly } from "../hooks/run.js";
import type { Host } from "../host.js";
import { type Child, killChild } from "../process/child.js";
import { findCriu, firstHandedFd, runCriu } from "../process/criu.js";
import { holdSignals } from "../process/foreground.js";
import { placeTerminal } from "../process/hand-over.js";
import { writePidFile } from "../process/pid-file.js";
import { checkTerminal } from "../process/streams.js";
import { appendJournal, identityOf } from "../state/journal.js";
import { type ContainerIdentity, type ContainerRecord, stateOf } from "../state/record.js";
import { claimStateDirectory, removeStateDirectory, type StateDirectory, stageRecord } from "../state/store.js";
import { type Undo, withUndo } from "../undo.js";
import { type ImageDirectories, letContainerIn, readSavedStreams, withDirectories } from "./checkpoint-files.js";
import { type ContainerCgroup, makeCgroup } from "./container-cgroup.js";
import { type CriuFlags, commonOptions, externalKey } from "./criu-options.js";
import { makeResctrlGroups } from "./intel-rdt.js";
import { keepConfig, type Launched, recordOf, runRuntimeHooks } from "./launch.js";
import { closeAgain, makeMountPoints, showRootfs } from "./restored-mounts.js";
import { stay } from "./run.js";

export interface RestoreOptions extends CriuFlags {
	/** The directory that holds config.json. */
	readonly bundle: string;
	readonly detach: boolean;
	/** Absolute. */
	readonly pidFile: string | undefined;
	readonly consoleSocket: string | undefined;
	/** Do not adopt orphans of the container. */
	readonly noSubreaper: boolean;
	/** `TYPE:NAME` in place of the label that is in the images. */
	readonly lsmProfile: string | undefined;
	/** In place of the context of mounts that have one. */
	readonly lsmMountContext: string | undefined;
}

type Restored = Pick<Launched, "record" | "directory" | "init" | "master">;

const logFile = "restore.log";

/** In the state directory, while CRIU works: where it finds the root filesystem as a mount. */
const rootName = "criu-root";

/** The exit status of tsrun: the program's, or 0 with `detach`. */
export function restoreContainer(host: Host, id: string, options: RestoreOptions): number {
	const signals = options.detach ? null : holdSignals();
	if (signals !== null && !options.noSubreaper) sys.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	const restored = withUndo(host.log.warning, (undo) => restore(host, id, options, undo));
	const begun = { did: "restore", at: now() } as const;
	if (signals !== null) return stay(host, restored, signals, begun, false);
	note(host, restored.directory, begun);
	return 0;
}

function restore(host: Host, id: string, options: RestoreOptions, undo: Undo): Restored {
	const criu = findCriu(host);
	const bundle = openBundle({ bundle: options.bundle }, host.log);
	const { config } = bundle;
	refuseUnsupported(config);
	checkTerminal(config.process?.terminal ?? false, options.consoleSocket, options.detach);
	return withDirectories(options, "restore", (directories) => {
		const streams = readSavedStreams(directories);
		if (config.linux?.namespaces?.some(({ type }) => type === "user")) admitUsers(config, directories, streams);
		const directory = claimStateDirectory(host, id);
		undo.add(`remove the state directory ${directory.path}`, (cause) => {
			remember(host, failedLife(id, bundle.path, cause));
			removeStateDirectory(directory);
		});
		const place = prepare(host, bundle, directory, undo);
		const takeBack = lendFiles(streams);
		undo.add("take back the streams", () => takeBack(null));
		const restored = callCriu(criu, place, { options, directories, streams, takeBack }, undo);
		placeTerminal(restored.master, options.consoleSocket);
		writePidFile(options.pidFile, restored.init.pid, undo);
		return restored;
	});
}

/** In a user namespace CRIU opens images and streams as root of that: what it may not open must be its own. */
function admitUsers({ linux, process }: Config, directories: ImageDirectories, streams: readonly string[]): void {
	const hostUid = (uid: number) => toHostId(linux?.uidMappings ?? [], uid);
	const hostGid = (gid: number) => toHostId(linux?.gidMappings ?? [], gid);
	const rootsGroup = hostGid(0);
	if (rootsGroup !== undefined) letContainerIn(directories, rootsGroup);
	const [uid, gid] = [hostUid(process?.user?.uid ?? 0), hostGid(process?.user?.gid ?? 0)];
	if (uid === undefined || gid === undefined) return;
	for (const { fd } of replacedStreams(streams)) {
		try {
			sys.fchown(fd, uid, gid);
		} catch (error) {
			// as create does: what cannot be given away stays as it is
			if (!hasCode(error, "EINVAL", "EPERM", "EROFS")) throw error;
		}
	}
}

/** All that is there before CRIU is. */
interface Place {
	readonly bundle: Bundle;
	readonly identity: ContainerIdentity;
	readonly directory: StateDirectory;
	readonly namespaces: NamespacePlan;
	readonly cgroup: ContainerCgroup;
	readonly resctrl: ResctrlGroups | null;
}

function prepare(host: Host, bundle: Bundle, directory: StateDirectory, undo: Undo): Place {
	const { config, path } = bundle;
	const identity: ContainerIdentity = { id: directory.id, bundle: path, annotations: config.annotations ?? {} };
	undo.add("run the poststop hooks", () => {
		const state = stateOf(identity, "stopped", 0);
		runHooksTolerantly("poststop", config.hooks?.poststop, { state, cwd: path }, host.log.warning);
	});
	const namespaces = planNamespaces(config.linux);
	const cgroup = makeCgroup(host, config, directory, false, undo);
	const resctrl = makeResctrlGroups(config.linux?.intelRdt, directory, undo);
	makeMountPoints(bundle);
	sys.mkdirat(directory.fd, rootName, 0o700);
	keepConfig(directory, bundle);
	return { bundle, identity, directory, namespaces, cgroup, resctrl };
}

/** What is restored, and how. */
interface Saved {
	readonly options: RestoreOptions;
	readonly directories: ImageDirectories;
	readonly streams: readonly string[];
	/** Of streams that are files. */
	readonly takeBack: (restored: Fd | null) => void;
}

function callCriu(
	criu: string,
	place: Place,
	{ options, directories, streams, takeBack }: Saved,
	undo: Undo,
): Restored {
	const { bundle, identity, directory, namespaces, cgroup, resctrl } = place;
	const { config } = bundle;
	const root = `${directory.path}/${rootName}`;
	const handed = namespaces.joined.filter(isHanded);
	const made: { init?: Child; record?: ContainerRecord; master?: Fd } = {};
	undo.add("end the restored process", () => made.init && killChild(made.init));

	const begin = (pid: number) => {
		const init = { pid, pidfd: sys.pidfd_open(pid, 0) };
		made.init = init;
		appendJournal(directory.fd, { init: identityOf(pid) });
		runRuntimeHooks({ identity, bundle }, init);
	};
	// its processes are there, and do not run yet
	const complete = ({ pid, pidfd }: Child) => {
		closeAgain(pidfd, config);
		takeBack(pidfd);
		const launch = { ...place, cgroup: cgroup.cgroup?.record ?? null, options: { noNewKeyring: true } };
		const record = { ...recordOf(launch, pid, identityOf(pid).startTime), restored: true as const };
		stageRecord(directory, record)();
		made.record = record;
	};
	runCriu(criu, {
		what: `restore container ${identity.id}`,
		request: (pid) => {
			appendJournal(directory.fd, { criu: identityOf(pid) });
			cgroup.complete(pid);
			// a unit of systemd has been made around it
			if (cgroup.cgroup?.record.unit === undefined) cgroup.cgroup?.add(pid);
			if (resctrl !== null) joinGroups(resctrl, pid);
			return encodeRequest("restore", {
				...commonOptions(options, config),
				logFile,
				root,
				restoreSibling: true,
				lsmProfile: options.lsmProfile,
				lsmMountContext: options.lsmMountContext,
				external: sourcesOfMounts(sourcesOf(place), readMountinfo()),
				anyPermissions: outsideFiles(streams).length > 0,
				inheritFds: [
					...replacedStreams(streams),
					...handed.map(({ type }, index) => ({ key: externalKey(type), fd: firstHandedFd + index })),
				],
				joinNamespaces: namespaces.joined
					.filter((each) => !isHanded(each))
					.map(({ type, path }) => ({ type: namespaceFile(type), path })),
				...(cgroup.cgroup === null ? {} : { cgroupRoots: cgroupsOf(pid) }),
			});
		},
		streams: [0, 1, 2],
		prepare: () => showRootfs(bundle.rootfs, root),
		fds: handed.map(({ fd }) => fd),
		directories: [directories.images.path, directories.work.path],
		logFile,
		restored: () => made.init?.pidfd,
		notified: ({ name, pid, fds: [fd] }) => {
			if (name === "setup-namespaces") begin(pid);
			else if (name === "orphan-pts-master" && fd !== undefined) made.master = fd;
			else if (name === "post-restore" && made.init) complete(made.init);
		},
	});
	sys.unlinkat(directory.fd, rootName, AT_REMOVEDIR);
	closeNamespaces(namespaces.joined);
	const { init, record, master = null } = made;
	if (!init || !record) throw new TsrunError("internal", "criu restored a container without telling of it");
	return { init, record, directory, master };
}

type Handed = NamespacePlan["joined"][number] & { readonly type: "network" | "pid" };

/** These were saved as somebody else's; CRIU finds them among its descriptors. */
function isHanded(namespace: NamespacePlan["joined"][number]): namespace is Handed {
	return namespace.type === "network" || namespace.type === "pid";
}

/** Where on the host is what the container shows. */
function sourcesOf({ bundle, namespaces, cgroup }: Place): readonly Source[] {
	const { config, path, rootfs } = bundle;
	const mounts = config.mounts ?? [];
	const binds = mounts
		.filter(({ options = [] }) => parseMountOptions(options).bind !== "none")
		.map((mount) => ({ place: placeOf(mount.destination, rootfs), source: sourcePath(mount, path) }));
	const cgroups = mounts
		.filter(({ type }) => type === "cgroup" || type === "cgroup2")
		.flatMap(({ destination }) => cgroupSources(cgroup, destination, namespaces.has("cgroup")));
	const devices = namespaces.has("user") ? containerDevices(config.linux) : [];
	return [...binds, ...cgroups, ...devices.map(({ path }) => ({ place: path, source: path }))];
}

/** The name that a mount has in the container: where links of the root filesystem have led its destination. */
function placeOf(destination: string, rootfs: string): string {
	const plain = `/${components(destination).join("/")}`;
	return withFd(sys.openat(AT_FDCWD, rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC, 0), (root) => {
		const fd = openInRootIfPresent(root, plain);
		// in a file system that comes out of the images
		if (fd === null) return plain;
		const nameOf = (each: Fd) => sys.readlinkat(AT_FDCWD, `/proc/self/fd/${each}`);
		const [top, path] = [nameOf(root), withFd(fd, nameOf)];
		return path.startsWith(`${top}/`) ? path.slice(top.length) : plain;
	});
}

function cgroupSources(
	{ layout, cgroup }: ContainerCgroup,
	destination: string,
	cgroupNamespace: boolean,
): readonly Source[] {
	if (cgroup === null) return [];
	return cgroupMounts(layout, cgroup.record, { cgroupNamespace, flags: 0 }).flatMap((step) =>
		step.kind === "bind"
			? [{ place: step.target === "" ? destination : `${destination}/${step.target}`, source: step.source }]
			: [],
	);
}

/** /proc/PID/cgroup of CRIU, which is in the container's: there the dumped cgroups' trees begin now. */
function cgroupsOf(pid: number): readonly { readonly controllers: string; readonly path: string }[] {
	return readFile(`/proc/${pid}/cgroup`)
		.split("\n")
		.filter((line) => line !== "")
		.map((line) => {
			const [, controllers = "", ...rest] = line.split(":");
			return { controllers, path: rest.join(":") };
		});
}

/** What CRIU cannot bring back. */
function refuseUnsupported({ linux }: Config): void {
	const refuse = (what: string, jsonPath: string, hint: string) =>
		new TsrunError("config-unsupported", `cannot restore a container with ${what}`, { stage: "criu", jsonPath, hint });
	const namespaces = linux?.namespaces ?? [];
	const paths = namespaces.find(({ type, path }) => path && ["mount", "cgroup", "time"].includes(type));
	if (paths) {
		throw refuse(
			`the ${paths.type} namespace of another`,
			"$.linux.namespaces",
			"give it one of its own: leave out its path",
		);
	}
	if (!namespaces.some(({ type }) => type === "mount"))
		throw refuse("the host's mount namespace", "$.linux.namespaces", "add a mount namespace");
	if (Object.keys(linux?.netDevices ?? {}).length > 0)
		throw refuse("devices of the host's network", "$.linux.netDevices", "leave out netDevices");
}
