/**
 * The machine as `create` would find and leave it: the host's files, which are only looked at, under those that would
 * have been made, with the mounts that would have been there. Nothing in this file changes anything.
 */
import {
	AT_FDCWD,
	AT_SYMLINK_NOFOLLOW,
	O_CLOEXEC,
	O_NOFOLLOW,
	O_PATH,
	S_IFDIR,
	S_IFLNK,
	S_IFMT,
	S_IFREG,
} from "../../sys/constants.js";
import type { Door, Stat } from "../../sys/door.js";
import { hasCode } from "../../sys/errors.js";
import { isControlFile, magicOf } from "./kernel-files.js";

/** A file at one place of the tree. Its key is that place, and where it lies on a new mount, that mount's. */
export interface Node {
	readonly key: string;
	/** The directory above, null for the top; a mount gets one when it is attached. */
	parent: Node | null;
	/** The path that people would call it by. */
	shown: string;
	/** Where on the host to look, null for what only would be there. */
	readonly real: string | null;
	readonly made: Made | null;
	/** The type of the new file system that it lies on, null for those of the host. */
	readonly fs: string | null;
	/** A link of procfs that leads to an object, not a path. */
	readonly isMagic?: boolean;
}

/** A file that would have been made. */
export interface Made {
	readonly mode: number;
	readonly target?: string;
	readonly major?: number;
	readonly minor?: number;
}

export const errnos = {
	EPERM: 1,
	ENOENT: 2,
	EBADF: 9,
	EACCES: 13,
	EBUSY: 16,
	EEXIST: 17,
	ENODEV: 19,
	ENOTDIR: 20,
	EINVAL: 22,
	ENOSPC: 28,
	EROFS: 30,
	ELOOP: 40,
} as const;

export interface World {
	root: Node;
	cwd: Node;
	readonly made: Map<string, Made>;
	readonly gone: Set<string>;
	readonly mounts: Map<string, Node>;
	/** What would have been written, by key. */
	readonly texts: Map<string, string>;
	nextMount: number;
	/** A directory of root's: where we may not look into it, nothing is supposed to be there. Null with our own rights. */
	readonly unseen: string | null;
}

const onlyLook = AT_SYMLINK_NOFOLLOW;
const directoryMode = S_IFDIR | 0o755;

export function newWorld(host: Door, unseen: string | null): World {
	const root: Node = { key: "", parent: null, shown: "/", real: "/", made: null, fs: null };
	const world: World = {
		root,
		cwd: root,
		made: new Map(),
		gone: new Set(),
		mounts: new Map(),
		texts: new Map(),
		nextMount: 1,
		unseen,
	};
	world.cwd = find(host, world, root, host.getcwd(), true, "getcwd");
	return world;
}

/** A root of its own: a new file system, or a copy of a tree with all that would be in it. */
export function newTree(
	world: World,
	source: Pick<Node, "shown" | "real" | "made" | "fs"> & { readonly key?: string },
): Node {
	const key = `#${world.nextMount++}`;
	const { key: from, ...rest } = source;
	if (from !== undefined) {
		for (const map of [world.made, world.mounts, world.texts] as Map<string, unknown>[]) {
			for (const [path, value] of [...map])
				if (path.startsWith(`${from}/`)) map.set(key + path.slice(from.length), value);
		}
	}
	return { ...rest, key, parent: null };
}

export function attach(world: World, tree: Node, place: Node): void {
	tree.parent = place.parent;
	tree.shown = place.shown;
	world.mounts.set(place.key, tree);
}

export function statOf(host: Door, world: World, node: Node): Stat {
	if (node.real !== null) return host.fstatat(AT_FDCWD, node.real, node.isMagic ? 0 : onlyLook);
	const { mode = directoryMode, major = 0, minor = 0 } = node.made ?? {};
	const size = world.texts.get(node.key)?.length ?? 0;
	return { dev: 0, ino: 1, mode, nlink: 1, uid: 0, gid: 0, size, major, minor };
}

export function isDirectoryNode(host: Door, world: World, node: Node): boolean {
	return (statOf(host, world, node).mode & S_IFMT) === S_IFDIR;
}

/** The type of the file system that a node lies, or would lie, on. */
export function filesystemOf(host: Door, node: Node): { readonly type: number; readonly flags: number } {
	if (node.fs !== null) return { type: magicOf(node.fs), flags: 0 };
	if (node.real === null) return node.parent ? filesystemOf(host, node.parent) : { type: 0, flags: 0 };
	const fd = host.openat(AT_FDCWD, node.real, O_PATH | O_CLOEXEC | (node.isMagic ? 0 : O_NOFOLLOW), 0);
	try {
		return host.fstatfs(fd);
	} finally {
		host.close(fd);
	}
}

/** The file of that name in a directory. Throws ENOENT and the host's errors. */
export function childOf(host: Door, world: World, parent: Node, name: string, call: string): Node {
	const key = `${parent.key}/${name}`;
	const shown = parent.shown === "/" ? `/${name}` : `${parent.shown}/${name}`;
	const mounted = world.mounts.get(key);
	if (mounted) return mounted;
	const { fs } = parent;
	const made = world.made.get(key);
	if (made) return { key, parent, shown, real: null, made, fs };
	if (!world.gone.has(key) && parent.real !== null) {
		const real = parent.real === "/" ? `/${name}` : `${parent.real}/${name}`;
		requireFile(host, world, real, call);
		return { key, parent, shown, real, made: null, fs };
	}
	if (parent.made && isControlFile(host, filesystemOf(host, parent).type, parent, name)) {
		return { key, parent, shown, real: null, made: { mode: S_IFREG | 0o644 }, fs };
	}
	return host.throw_errno(call, errnos.ENOENT);
}

function requireFile(host: Door, { unseen }: World, path: string, call: string): void {
	try {
		host.fstatat(AT_FDCWD, path, onlyLook);
	} catch (error) {
		if (unseen === null || !hasCode(error, "EACCES") || !path.startsWith(`${unseen}/`)) throw error;
		host.throw_errno(call, errnos.ENOENT);
	}
}

/** path_resolution(7) from `start`, with `scope` as the top. */
export function find(
	host: Door,
	world: World,
	start: Node,
	path: string,
	follow: boolean,
	call: string,
	scope = world.root,
): Node {
	let at = path.startsWith("/") ? scope : start;
	const ahead = names(path);
	for (let links = 0, name = ahead.shift(); name !== undefined; name = ahead.shift()) {
		if (name === "..") {
			at = at.key === scope.key ? at : (at.parent ?? at);
			continue;
		}
		if (!isDirectoryNode(host, world, at)) host.throw_errno(call, errnos.ENOTDIR);
		const next = childOf(host, world, at, name, call);
		if ((ahead.length === 0 && !follow) || (statOf(host, world, next).mode & S_IFMT) !== S_IFLNK) {
			at = next;
			continue;
		}
		const target = linkTarget(host, next);
		if (next.real?.startsWith("/proc/") && /^[/(]|:/.test(target)) {
			at = { ...next, isMagic: true };
			continue;
		}
		if (++links > 40) host.throw_errno(call, errnos.ELOOP);
		if (target.startsWith("/")) at = scope;
		ahead.unshift(...names(target));
	}
	return at;
}

export function linkTarget(host: Door, node: Node): string {
	return node.real === null ? (node.made?.target ?? "") : host.readlinkat(AT_FDCWD, node.real);
}

function names(path: string): string[] {
	return path.split("/").filter((name) => name !== "" && name !== ".");
}

/** The names of all files in a directory: the host's, those made, without those removed. */
export function entriesOf(host: Door, world: World, node: Node): readonly string[] {
	const found = new Set(node.real === null ? [] : hostEntries(host, node.real));
	for (const key of world.gone) if (parentKey(key) === node.key) found.delete(key.slice(node.key.length + 1));
	for (const key of world.made.keys()) if (parentKey(key) === node.key) found.add(key.slice(node.key.length + 1));
	return [...found];
}

function parentKey(key: string): string {
	return key.slice(0, key.lastIndexOf("/"));
}

function hostEntries(host: Door, path: string): readonly string[] {
	const fd = host.openat(AT_FDCWD, path, O_CLOEXEC, 0);
	const found: string[] = [];
	try {
		for (let some = host.getdents64(fd); some.length > 0; some = host.getdents64(fd)) {
			found.push(...some.map(({ name }) => name));
		}
	} finally {
		host.close(fd);
	}
	return found;
}
