/** `checkpoint`: CRIU saves what a container's processes are doing, and the container ends, unless it is to go on. */
import { directoryOf } from "../../linux/cgroups/apply.js";
import { parseProcCgroup } from "../../linux/cgroups/detect.js";
import { encodeRequest } from "../../linux/criu/messages.js";
import { outsideMounts } from "../../linux/criu/outside-mounts.js";
import { outsideFiles, readStreams } from "../../linux/criu/outside-streams.js";
import { parseMountOptions } from "../../linux/mount-options.js";
import { mountId, readMountinfo } from "../../linux/mountinfo.js";
import { openInRootIfPresent } from "../../linux/safe-path.js";
import { loadConfig } from "../../spec/load.js";
import type { Config, NamespaceType } from "../../spec/types.js";
import { AT_FDCWD, F_GETFD, O_CLOEXEC, O_DIRECTORY, O_PATH, S_IFDIR, S_IFMT } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { attempt, hasCode, TsrunError } from "../../sys/errors.js";
import { readFile, withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import { now } from "../history/life.js";
import { note } from "../history/note.js";
import type { Host } from "../host.js";
import { askFeatures, findCriu, runCriu } from "../process/criu.js";
import { uninterrupted } from "../process/ending-signals.js";
import type { ContainerRecord } from "../state/record.js";
import { readStateFile, type StateDirectory } from "../state/store.js";
import { completeContainer } from "../status.js";
import { type ImageDirectories, saveStreams, withDirectories } from "./checkpoint-files.js";
import { type CriuFlags, commonOptions, externalKey } from "./criu-options.js";
import { deleteContainer } from "./delete.js";

export interface CheckpointOptions extends CriuFlags {
	/** Of an earlier pre-dump, relative to {@link CriuFlags.imagePath}. */
	readonly parentPath: string | undefined;
	readonly leaveRunning: boolean;
	/** Memory alone, and the container goes on. */
	readonly preDump: boolean;
	/** Gets a zero byte once the pages can be asked for; -1 for none. */
	readonly statusFd: Fd;
	readonly pageServer: { readonly address: string; readonly port: number } | undefined;
	readonly tcpSkipInFlight: boolean;
	readonly linkRemap: boolean;
}

const logFile = "dump.log";

export function checkpointContainer(host: Host, id: string, options: CheckpointOptions): void {
	const { record, status, directory } = completeContainer(host, id);
	if (status === "created" || status === "stopped") {
		throw new TsrunError("container-status", `container ${id} cannot be checkpointed: it is ${status}`, {
			object: id,
			hint: status === "created" ? `start ${id} first: before that there is nothing to save` : "it has ended",
		});
	}
	const criu = findCriu(host);
	if (options.preDump || options.lazyPages) requireFeatures(criu, options);
	checkStatusFd(options.statusFd);
	const { config } = loadConfig(readStateFile(directory, "config.json") ?? "");
	refuseMappedMounts(config);
	withDirectories(options, "save", (directories) => {
		if (options.parentPath !== undefined) checkParent(directories, options.parentPath);
		// cut short it would leave the container stopped
		uninterrupted(() => dump(criu, record, config, options, directories));
	});
	const goesOn = options.leaveRunning || options.preDump;
	note(host, directory, { did: "checkpoint", at: now(), ...(goesOn ? { left: true } : {}) });
	if (!goesOn) end(host, directory);
}

/** runc deletes it as well: what it was is in the images now. */
function end(host: Host, { id, fd }: StateDirectory): void {
	sys.close(fd);
	deleteContainer(host, id, true);
}

function dump(
	criu: string,
	record: ContainerRecord,
	config: Config,
	options: CheckpointOptions,
	directories: ImageDirectories,
): void {
	const { pid, cgroup, rootfs } = record;
	const external = options.preDump ? [] : describeOutside(record, config);
	const request = encodeRequest(options.preDump ? "pre-dump" : "dump", {
		...commonOptions(options, config),
		cgroupMode: options.cgroupMode === "default" && sharesCgroup(record) ? "ignore" : options.cgroupMode,
		logFile,
		root: rootfs,
		pid,
		leaveRunning: options.leaveRunning,
		tcpSkipInFlight: options.tcpSkipInFlight,
		linkRemap: options.linkRemap,
		pageServer: options.pageServer,
		parentImage: options.parentPath,
		trackMemory: options.preDump || options.parentPath !== undefined,
		external: [...external, ...outsideNamespaces(config)],
		freezeCgroup: cgroup === null ? undefined : directoryOf(cgroup, "freezer"),
	});
	runCriu(criu, {
		what: `checkpoint container ${record.id}`,
		request: () => request,
		directories: [directories.images.path, directories.work.path],
		logFile,
		notified: ({ name }) => {
			// the processes stand still, and are there yet
			if (name === "post-dump") saveStreams(directories, readStreams(pid, readMountinfo(pid)));
			if (name === "status-ready" && options.statusFd >= 0) sys.write(options.statusFd, new ArrayBuffer(1));
		},
	});
}

/**
 * CRIU saves the cgroups of the processes with all that is below. Where the container has none of its own, in a hierarchy
 * that is not mounted or not used, that would be those of others.
 */
function sharesCgroup({ pid, cgroup }: ContainerRecord): boolean {
	const own = Object.keys(cgroup?.paths ?? {});
	return Object.keys(parseProcCgroup(readFile(`/proc/${pid}/cgroup`))).some((key) => !own.includes(key));
}

/** What the restore has to provide: mounts and streams. */
function describeOutside({ pid }: ContainerRecord, config: Config): readonly string[] {
	const mounts = readMountinfo(pid);
	const dumped = {
		mounts,
		binds: bindIds(pid, config),
		maskedPaths: config.linux?.maskedPaths ?? [],
		ownCgroups: lists(config, "cgroup"),
	};
	return [...outsideMounts(dumped), ...outsideFiles(readStreams(pid, mounts))];
}

/** Mounts of the container that show a place of the host: at the destination, wherever links have led it. */
function bindIds(pid: number, { mounts = [] }: Config): ReadonlySet<number> {
	const binds = mounts.filter(({ options = [] }) => parseMountOptions(options).bind !== "none");
	return withFd(sys.openat(AT_FDCWD, `/proc/${pid}/root`, O_PATH | O_DIRECTORY | O_CLOEXEC, 0), (root) => {
		const ids = binds.flatMap(({ destination }) => {
			const fd = openInRootIfPresent(root, destination);
			return fd === null ? [] : [withFd(fd, mountId)];
		});
		return new Set(ids);
	});
}

/** Network and pid namespaces that are somebody else's are not saved; a restore finds them where its configuration says. */
function outsideNamespaces({ linux }: Config): readonly string[] {
	return (["network", "pid"] as const).flatMap((type) => {
		const path = linux?.namespaces?.find((each) => each.type === type)?.path;
		if (!path) return [];
		const { ino } = attempt(
			"namespace-path",
			`look at ${type} namespace "${path}"`,
			() => sys.fstatat(AT_FDCWD, path, 0),
			{
				object: path,
				stage: "criu",
			},
		);
		return [`${type === "network" ? "net" : type}[${ino}]:${externalKey(type)}`];
	});
}

function lists({ linux }: Config, type: NamespaceType): boolean {
	return linux?.namespaces?.some((each) => each.type === type) ?? false;
}

/** CRIU would save the mount and forget the mapping. */
function refuseMappedMounts({ mounts = [] }: Config): void {
	mounts.forEach(({ uidMappings, options = [], destination }, index) => {
		if (!uidMappings?.length && parseMountOptions(options).idmap === "none") return;
		throw new TsrunError(
			"config-unsupported",
			`the mount at "${destination}" has id mappings, which criu does not save`,
			{
				stage: "criu",
				object: destination,
				jsonPath: `$.mounts[${index}]`,
				hint: "a container with such mounts cannot be checkpointed",
			},
		);
	});
}

function requireFeatures(criu: string, { preDump, lazyPages }: CheckpointOptions): void {
	const { trackMemory, lazyPages: knowsLazyPages } = askFeatures(criu);
	const lacking = (what: string, hint: string) =>
		new TsrunError("criu-failed", `criu cannot ${what} on this kernel`, { stage: "criu", object: criu, hint });
	if (preDump && !trackMemory)
		throw lacking("track changed memory (MemTrack)", "checkpoint without --pre-dump: it needs CONFIG_MEM_SOFT_DIRTY");
	if (lazyPages && !knowsLazyPages)
		throw lacking("restore pages lazily (LazyPages)", "checkpoint without --lazy-pages: it needs userfaultfd(2)");
}

function checkStatusFd(fd: Fd): void {
	if (fd < 0) return;
	attempt("file-failed", `invalid --status-fd argument ${fd}`, () => sys.fcntl(fd, F_GETFD, 0), {
		object: String(fd),
		hint: "the caller must have it open",
	});
}

/** Relative, so that images can be moved together. */
function checkParent({ images }: ImageDirectories, path: string): void {
	const refuse = (why: string) =>
		new TsrunError("checkpoint-invalid", `invalid --parent-path ${JSON.stringify(path)}: ${why}`, {
			stage: "criu",
			object: path,
			hint: "it is relative to --image-path, and names the images of an earlier --pre-dump",
		});
	if (path.startsWith("/")) throw refuse("it is absolute");
	try {
		if ((sys.fstatat(images.fd, path, 0).mode & S_IFMT) !== S_IFDIR) throw refuse("it is not a directory");
	} catch (error) {
		throw hasCode(error, "ENOENT", "ENOTDIR") ? refuse("no such directory") : error;
	}
}
