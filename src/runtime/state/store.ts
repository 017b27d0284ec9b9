/**
 * The state directories: one folder per container below the root, 0700, claimed and given up by rename(2), so that
 * of two racing creates or deletes exactly one wins and no lock is left behind by a crash.
 *
 *   ID/journal      what is being made (state/journal.ts)
 *   ID/config.json  the bundle's configuration as it was at create
 *   ID/state.json   the record, written last: the container exists
 *   ID/start.sock   where init waits for start
 *   ID/notify.sock  where its program says that it is ready (process/notify.ts)
 *   ID~PID.TIME/    a container that this process deletes, or has not yet claimed the id for: "~" cannot be in an id
 *   ID~PID.TIME.bundle/  an experiment's bundle, empty but for the process that makes it (experiment/workplace.ts)
 *   history~        how deleted containers ended (history/store.ts)
 *   pause~/         the bundle of pods' first containers (pods/pause-bundle.ts)
 *   seccomp~/       compiled filters (linux/seccomp/cache.ts)
 */

import { exactJson } from "../../spec/json.js";
import {
	AT_FDCWD,
	AT_REMOVEDIR,
	DT_DIR,
	O_CLOEXEC,
	O_DIRECTORY,
	O_RDONLY,
	RENAME_NOREPLACE,
} from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { attempt, failure, hasCode, TsrunError } from "../../sys/errors.js";
import { readFileAt, stageFileAt, withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import type { Host } from "../host.js";
import { checkId } from "./id.js";
import { appendJournal, isAlive, ourIdentity, type ProcessIdentity } from "./journal.js";
import { type ContainerRecord, parseRecord } from "./record.js";

const stage = "state";

export interface StateDirectory {
	readonly id: string;
	readonly fd: Fd;
	/** Absolute. */
	readonly path: string;
}

/**
 * Makes the folder of a new container. It comes into sight with its creator in the journal, so that nobody takes it
 * for one whose creator has died; whoever's folder gets the name owns the id.
 */
export function claimStateDirectory(host: Host, id: string): StateDirectory {
	checkId(id);
	const path = `${host.root}/${id}`;
	const creator = ourIdentity();
	const hidden = hiddenPath(host, id, creator);
	try {
		makeRoot(host.root);
		sys.mkdirat(AT_FDCWD, hidden, 0o700);
		return { id, path, fd: fillAndShow(hidden, path, creator) };
	} catch (error) {
		if (hasCode(error, "EEXIST")) {
			throw idTaken(id, `choose another id, or remove the container: delete ${id}`);
		}
		throw failure("state-failed", `make state directory ${JSON.stringify(path)}`, error, {
			stage,
			object: path,
			hint: "name a directory that you may write to with --root",
		});
	}
}

export function idTaken(id: string, hint: string): TsrunError {
	return new TsrunError("id-taken", "container with given ID already exists", { stage, object: id, hint });
}

/** The folder's descriptor. Whatever fails, the hidden folder is gone afterwards. */
function fillAndShow(hidden: string, path: string, creator: ProcessIdentity): Fd {
	let fd: Fd | null = null;
	try {
		fd = openDirectory(hidden);
		appendJournal(fd, { creator });
		sys.renameat2(AT_FDCWD, hidden, AT_FDCWD, path, RENAME_NOREPLACE);
		return fd;
	} catch (error) {
		if (fd === null) sys.unlinkat(AT_FDCWD, hidden, AT_REMOVEDIR);
		else removeFlat(fd, hidden);
		throw error;
	}
}

/** Where a bundle of our own making may be put for a container of that id: what is left of it, delete of the id removes. */
export function bundleFolderOf(host: Host, id: string): string {
	return `${hiddenPath(host, id, ourIdentity())}.bundle`;
}

/** Where only the process that is named looks for a folder, and after its death {@link claimAbandonedDeletion}. */
function hiddenPath(host: Host, id: string, { pid, startTime }: ProcessIdentity): string {
	return `${host.root}/${id}~${pid}.${startTime}`;
}

/** With what is above it. */
export function makeRoot(path: string): void {
	try {
		sys.fstatat(AT_FDCWD, path, 0);
		return;
	} catch (error) {
		if (!hasCode(error, "ENOENT")) throw error;
	}
	const parent = path.slice(0, path.lastIndexOf("/"));
	if (parent !== "") makeRoot(parent);
	try {
		sys.mkdirat(AT_FDCWD, path, 0o700);
	} catch (error) {
		if (!hasCode(error, "EEXIST")) throw error;
	}
}

function openDirectory(path: string): Fd {
	return sys.openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
}

/** null when no container of that id exists. */
export function findStateDirectory(host: Host, id: string): StateDirectory | null {
	checkId(id);
	const path = `${host.root}/${id}`;
	try {
		return { id, path, fd: openDirectory(path) };
	} catch (error) {
		if (hasCode(error, "ENOENT", "ENOTDIR")) return null;
		throw failure("state-failed", `open state directory ${JSON.stringify(path)}`, error, { stage, object: path });
	}
}

/** False when the folder has been taken away since it was opened: what is missing in it is being removed. */
export function isInPlace({ fd, path }: StateDirectory): boolean {
	try {
		return sys.fstatat(AT_FDCWD, path, 0).ino === sys.fstat(fd).ino;
	} catch (error) {
		if (hasCode(error, "ENOENT")) return false;
		throw error;
	}
}

export function containerMissing(host: Host, id: string): TsrunError {
	return new TsrunError("container-missing", "container does not exist", {
		object: id,
		hint: `list shows the containers under ${host.root}; another root is named with --root`,
	});
}

/** Ids with a folder under the root, sorted; the default root need not exist. */
export function listStateDirectories(host: Host): readonly string[] {
	try {
		return entries(host.root).filter((name) => !name.includes("~"));
	} catch (error) {
		if (hasCode(error, "ENOENT") && !host.rootIsExplicit) return [];
		throw failure("state-failed", `open ${JSON.stringify(host.root)}`, error, { stage, object: host.root });
	}
}

function entries(root: string): readonly string[] {
	return withFd(openDirectory(root), (fd) => {
		const names: string[] = [];
		for (let some = sys.getdents64(fd); some.length > 0; some = sys.getdents64(fd)) {
			for (const { name, type } of some) if (type === DT_DIR) names.push(name);
		}
		return names.sort();
	});
}

/** Writes the record; the container exists once the result has been called. */
export function stageRecord(directory: StateDirectory, record: ContainerRecord): () => void {
	const write = <T>(step: () => T) => attempt("state-failed", `write "${directory.path}/state.json"`, step);
	const commit = write(() => stageFileAt(directory.fd, "state.json", `${exactJson(record)}\n`, 0o600));
	return () => write(commit);
}

/** null while the container is being created, or when its creation was cut short. */
export function readRecord(directory: StateDirectory): ContainerRecord | null {
	const text = readStateFile(directory, "state.json");
	return text === null ? null : parseRecord(text, `${directory.path}/state.json`);
}

export function readStateFile(directory: StateDirectory, name: string): string | null {
	try {
		return readFileAt(directory.fd, name);
	} catch (error) {
		if (hasCode(error, "ENOENT")) return null;
		throw failure("state-failed", `read "${directory.path}/${name}"`, error, { stage, object: directory.path });
	}
}

/**
 * Takes the container out of sight before anything of it is removed: the id is free at once, and the one whose
 * rename succeeds does the deleting. null: somebody else has it.
 */
export function claimForDeletion(host: Host, id: string): StateDirectory | null {
	return claimAs(host, id, id);
}

/** A folder whose deleter died half-way, or its creator before it had the id, now ours; null when there is none. */
export function claimAbandonedDeletion(host: Host, id: string): StateDirectory | null {
	for (const { name, owner } of hiddenFolders(host, id)) {
		if (isAlive(owner)) continue;
		const directory = claimAs(host, name, id);
		if (directory !== null) return directory;
	}
	return null;
}

/** Whether somebody is removing what a container of that id had; the id itself is free by then. */
export function isBeingDeleted(host: Host, id: string): boolean {
	return hiddenFolders(host, id).some(({ owner }) => isAlive(owner));
}

function hiddenFolders(host: Host, id: string): readonly { readonly name: string; readonly owner: ProcessIdentity }[] {
	return entriesIfPresent(host.root).flatMap((name) => {
		// what has no owner after the "~" is no container's: "seccomp~", "pause~"
		const owner = name.startsWith(`${id}~`) ? /^(\d+)\.(\d+)(?:\.bundle)?$/.exec(name.slice(id.length + 1)) : null;
		return owner ? [{ name, owner: { pid: Number(owner[1]), startTime: Number(owner[2]) } }] : [];
	});
}

/** A root that nothing was ever made below holds nothing to delete. */
function entriesIfPresent(root: string): readonly string[] {
	try {
		return entries(root);
	} catch (error) {
		if (hasCode(error, "ENOENT", "ENOTDIR")) return [];
		throw failure("state-failed", `open ${JSON.stringify(root)}`, error, { stage, object: root });
	}
}

function claimAs(host: Host, name: string, id: string): StateDirectory | null {
	const path = hiddenPath(host, id, ourIdentity());
	try {
		sys.renameat2(AT_FDCWD, `${host.root}/${name}`, AT_FDCWD, path, 0);
	} catch (error) {
		if (hasCode(error, "ENOENT")) return null;
		throw failure("state-failed", `rename the state directory of ${id}`, error, { stage, object: path });
	}
	const fd = attempt("state-failed", `open state directory ${JSON.stringify(path)}`, () => openDirectory(path));
	return { id, path, fd };
}

/** Removes the folder with everything in it; all of it is ours, and flat. */
export function removeStateDirectory({ fd, path }: StateDirectory): void {
	attempt("state-failed", `remove state directory ${JSON.stringify(path)}`, () => removeFlat(fd, path), {
		stage,
		object: path,
	});
}

function removeFlat(fd: Fd, path: string): void {
	sys.lseek(fd, 0, 0);
	for (let some = sys.getdents64(fd); some.length > 0; some = sys.getdents64(fd)) {
		for (const { name, type } of some) sys.unlinkat(fd, name, type === DT_DIR ? AT_REMOVEDIR : 0);
	}
	sys.unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}
