/** The recording door's answers about files: those of the host are looked at, what would be made is remembered. */
import {
	AT_EACCESS,
	AT_EMPTY_PATH,
	AT_FDCWD,
	AT_SYMLINK_NOFOLLOW,
	CGROUP2_SUPER_MAGIC,
	DT_UNKNOWN,
	O_ACCMODE,
	O_CLOEXEC,
	O_CREAT,
	O_DIRECTORY,
	O_EXCL,
	O_NOFOLLOW,
	O_NONBLOCK,
	O_PATH,
	RESOLVE_IN_ROOT,
	S_IFDIR,
	S_IFLNK,
	S_IFMT,
	S_IFREG,
	W_OK,
} from "../../sys/constants.js";
import type { Door, Fd } from "../../sys/door.js";
import { hasCode } from "../../sys/errors.js";
import { initialText, textOf, topOf } from "./kernel-files.js";
import { closeOpen, hand, note, opened, type Recorder } from "./recorder.js";
import {
	childOf,
	entriesOf,
	errnos,
	filesystemOf,
	find,
	isDirectoryNode,
	linkTarget,
	type Made,
	type Node,
	statOf,
} from "./world.js";

type Files = Pick<
	Door,
	| "openat"
	| "openat2"
	| "close"
	| "close_range"
	| "read"
	| "read_bytes"
	| "write"
	| "lseek"
	| "ftruncate"
	| "copy_file_range"
	| "dup2"
	| "fcntl"
	| "fstat"
	| "fstatat"
	| "statx_mount_id"
	| "fstatfs"
	| "mkdirat"
	| "mknodat"
	| "symlinkat"
	| "renameat2"
	| "unlinkat"
	| "readlinkat"
	| "getdents64"
	| "fchmod"
	| "fchown"
	| "fchownat"
	| "faccessat2"
	| "chdir"
	| "fchdir"
	| "getcwd"
	| "umask"
	| "memfd_create"
>;

/** /proc/self/fd/N, of a descriptor that only we know. */
const descriptorPath = /^\/proc\/self\/fd\/(\d+)(?:\/(.*))?$/;

export function lookUp(recorder: Recorder, dirfd: Fd, path: string, follow: boolean, call: string, scope?: Node): Node {
	const { host, world, open } = recorder;
	const [, number, rest = ""] = descriptorPath.exec(path) ?? [];
	const known = number === undefined ? undefined : open.get(Number(number));
	if (known?.node) return find(host, world, known.node, rest, follow, call);
	const start = dirfd === AT_FDCWD ? world.cwd : (opened(recorder, dirfd, call).node ?? world.cwd);
	return find(host, world, start, path, follow, call, scope);
}

/** Where a new file goes; throws EEXIST, and what the directory says to a caller who may not write to it. */
function newPlace(recorder: Recorder, dirfd: Fd, path: string, call: string): { key: string; shown: string } {
	const { host, world } = recorder;
	const end = path.replace(/\/+$/, "").lastIndexOf("/");
	const name = path.slice(end + 1).replace(/\/+$/, "");
	const directory = lookUp(recorder, dirfd, path.slice(0, end + 1), true, call);
	let there = true;
	try {
		childOf(host, world, directory, name, call);
	} catch (error) {
		if (!hasCode(error, "ENOENT")) throw error;
		there = false;
	}
	if (there) host.throw_errno(call, errnos.EEXIST);
	mayWrite(recorder, directory);
	return {
		key: `${directory.key}/${name}`,
		shown: directory.shown === "/" ? `/${name}` : `${directory.shown}/${name}`,
	};
}

/** Asks the host; root of the host may write wherever the file system can be written to. */
function mayWrite(recorder: Recorder, node: Node): void {
	const { host, asRoot, actor } = recorder;
	if (node.real === null || node.fs !== null) return;
	try {
		host.faccessat2(AT_FDCWD, node.real, W_OK, AT_EACCESS);
	} catch (error) {
		// root of a user namespace is the owner of what its caller owns: asked as the caller
		const overruled = asRoot || actor === "container";
		if (!hasCode(error, "EACCES") || !overruled) throw error;
	}
}

function make(recorder: Recorder, dirfd: Fd, path: string, made: Made, call: string): string {
	const { key, shown } = newPlace(recorder, dirfd, path, call);
	recorder.world.made.set(key, made);
	recorder.world.gone.delete(key);
	return shown;
}

function openFile(recorder: Recorder, dirfd: Fd, path: string, flags: number, call: string, scope?: Node): Fd {
	const { host, world } = recorder;
	const follow = (flags & O_NOFOLLOW) === 0;
	let node: Node;
	try {
		node = lookUp(recorder, dirfd, path, follow, call, scope);
		if (flags & O_CREAT && flags & O_EXCL) host.throw_errno(call, errnos.EEXIST);
	} catch (error) {
		if (!(flags & O_CREAT) || !hasCode(error, "ENOENT")) throw error;
		note(recorder, "openat", [], make(recorder, dirfd, path, { mode: S_IFREG | 0o644 }, call));
		node = lookUp(recorder, dirfd, path, false, call);
	}
	const type = statOf(host, world, node).mode & S_IFMT;
	if (flags & O_DIRECTORY && type !== S_IFDIR) host.throw_errno(call, errnos.ENOTDIR);
	if (type === S_IFLNK && !follow && !(flags & O_PATH)) host.throw_errno(call, errnos.ELOOP);
	const writes = (flags & O_ACCMODE) !== 0 && !(flags & O_PATH);
	if (writes) mayWrite(recorder, node);
	// a file of the host is opened now, and not when it is read: who may not, is told here
	const isFile = type === S_IFREG && node.real !== null && !(flags & O_PATH) && !writes;
	const real = isFile ? host.openat(AT_FDCWD, node.real as string, O_CLOEXEC | O_NONBLOCK, 0) : null;
	return hand(recorder, { node, real });
}

export function fileAnswers(recorder: Recorder): Files {
	const { host, world } = recorder;
	const streamOr = <T>(fd: Fd, stream: () => T, other: (node: Node | null) => T, call: string): T => {
		if (!recorder.open.has(fd) && fd <= 2) return stream();
		return other(opened(recorder, fd, call).node);
	};
	const shownAt = (dirfd: Fd, path: string) =>
		path === "" ? (opened(recorder, dirfd, "").node?.shown ?? "") : lookUp(recorder, dirfd, path, false, "").shown;
	const take = (fd: Fd): string | null => {
		const file = opened(recorder, fd, "read");
		if (file.real !== null && file.node && !world.texts.has(file.node.key)) return null;
		if (file.read || file.node === null) return "";
		file.read = true;
		return contentOf(recorder, file.node);
	};
	return {
		openat: (dirfd, path, flags) => openFile(recorder, dirfd, path, flags, "openat"),
		openat2(dirfd, path, flags, _mode, resolve) {
			const scope = resolve & RESOLVE_IN_ROOT ? opened(recorder, dirfd, "openat2").node : null;
			return openFile(recorder, dirfd, path, flags, "openat2", scope ?? undefined);
		},
		close: (fd) => closeOpen(recorder, fd),
		close_range(first, last) {
			for (const fd of [...recorder.open.keys()]) if (fd >= first && (last < 0 || fd <= last)) closeOpen(recorder, fd);
			note(recorder, "close_range", [first, last]);
		},
		read: (fd, size) => take(fd) ?? host.read(opened(recorder, fd, "read").real as Fd, size),
		read_bytes(fd, size) {
			const { real } = opened(recorder, fd, "read");
			return real === null ? new ArrayBuffer(0) : host.read_bytes(real, size);
		},
		write(fd, data) {
			const size = typeof data === "string" ? data.length : data.byteLength;
			const { node } = opened(recorder, fd, "write");
			if (node === null) return size;
			const text = typeof data === "string" ? data : "";
			refuseWrite(recorder, node);
			world.texts.set(
				node.key,
				/cgroup\.subtree_control$/.test(node.key) ? `${contentOf(recorder, node)}${text} ` : text,
			);
			note(recorder, "write", [fd, text], node.shown, { text });
			return size;
		},
		lseek: (_fd, offset) => offset,
		ftruncate: () => {},
		copy_file_range: () => 0,
		dup2(fd, target) {
			const file = recorder.open.get(fd);
			if (file && fd !== target) recorder.open.set(target, { ...file, real: null });
		},
		fcntl(fd, command, argument) {
			if (!recorder.open.has(fd)) return host.fcntl(fd, command, argument);
			return 0;
		},
		fstat: (fd) =>
			streamOr(
				fd,
				() => host.fstat(fd),
				(node) => statOf(host, world, node ?? nothing),
				"fstat",
			),
		fstatat(dirfd, path, flags) {
			if (path === "" && flags & AT_EMPTY_PATH)
				return statOf(host, world, opened(recorder, dirfd, "newfstatat").node ?? nothing);
			return statOf(host, world, lookUp(recorder, dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), "newfstatat"));
		},
		statx_mount_id(dirfd, path, flags) {
			const node = path === "" ? opened(recorder, dirfd, "statx").node : lookUp(recorder, dirfd, path, true, "statx");
			return node?.real && node.fs === null ? host.statx_mount_id(AT_FDCWD, node.real, flags & ~AT_EMPTY_PATH) : 0;
		},
		fstatfs: (fd) =>
			streamOr(
				fd,
				() => host.fstatfs(fd),
				(node) => filesystemOf(host, node ?? nothing),
				"fstatfs",
			),
		mkdirat(dirfd, path, mode) {
			const shown = make(recorder, dirfd, path, { mode: S_IFDIR | mode }, "mkdirat");
			note(recorder, "mkdirat", [dirfd, path, mode], shown);
		},
		mknodat(dirfd, path, mode, major, minor) {
			const shown = make(recorder, dirfd, path, { mode, major, minor }, "mknodat");
			note(recorder, "mknodat", [dirfd, path, mode, major, minor], shown);
		},
		symlinkat(target, dirfd, path) {
			const shown = make(recorder, dirfd, path, { mode: S_IFLNK | 0o777, target }, "symlinkat");
			note(recorder, "symlinkat", [target, dirfd, path], shown);
		},
		renameat2(fromDir, from, toDir, to, flags) {
			const old = lookUp(recorder, fromDir, from, false, "renameat2");
			const shown = flags === 0 ? "" : newPlace(recorder, toDir, to, "renameat2").shown;
			move(recorder, old, shown === "" ? `${old.parent?.key}/${to.slice(to.lastIndexOf("/") + 1)}` : shown);
			note(recorder, "renameat2", [fromDir, from, toDir, to, flags], old.shown);
		},
		unlinkat(dirfd, path, flags) {
			const node = lookUp(recorder, dirfd, path, false, "unlinkat");
			mayWrite(recorder, node.parent ?? node);
			world.made.delete(node.key);
			if (node.real !== null) world.gone.add(node.key);
			note(recorder, "unlinkat", [dirfd, path, flags], node.shown);
		},
		readlinkat(dirfd, path) {
			const node =
				path === "" ? opened(recorder, dirfd, "readlinkat").node : lookUp(recorder, dirfd, path, false, "readlinkat");
			return node === null ? "" : linkTarget(host, node);
		},
		getdents64(fd) {
			const file = opened(recorder, fd, "getdents64");
			if (file.read || file.node === null) return [];
			file.read = true;
			const { node } = file;
			return entriesOf(host, world, node).map((name) => ({
				name,
				type: isDirectoryNode(host, world, childOf(host, world, node, name, "getdents64")) ? 4 : DT_UNKNOWN,
			}));
		},
		fchmod: (fd, mode) => note(recorder, "fchmod", [fd, mode], opened(recorder, fd, "fchmod").node?.shown),
		fchown(fd, uid, gid) {
			note(recorder, "fchown", [fd, uid, gid], fd <= 2 ? (["stdin", "stdout", "stderr"][fd] ?? "") : shownAt(fd, ""));
		},
		fchownat(dirfd, path, uid, gid, flags) {
			note(recorder, "fchownat", [dirfd, path, uid, gid, flags], shownAt(dirfd, path));
		},
		faccessat2(dirfd, path, mode) {
			const node = lookUp(recorder, dirfd, path, true, "faccessat2");
			const stat = statOf(host, world, node);
			if (mode !== 0 && !permits(recorder.uid, stat, mode)) host.throw_errno("faccessat2", errnos.EACCES);
		},
		chdir(path) {
			const node = lookUp(recorder, AT_FDCWD, path, true, "chdir");
			if (!isDirectoryNode(host, world, node)) host.throw_errno("chdir", errnos.ENOTDIR);
			world.cwd = node;
			note(recorder, "chdir", [path], node.shown);
		},
		fchdir(fd) {
			world.cwd = opened(recorder, fd, "fchdir").node ?? world.cwd;
		},
		getcwd() {
			const { root, cwd } = world;
			if (root.shown === "/") return cwd.shown;
			return cwd.shown.startsWith(root.shown) ? cwd.shown.slice(root.shown.length) || "/" : `(unreachable)${cwd.shown}`;
		},
		umask(mask) {
			const before = recorder.umask;
			recorder.umask = mask;
			return before;
		},
		memfd_create: (name) => hand(recorder, { kind: `memfd ${name}` }),
	};
}

/** What stands behind a descriptor that is no file. */
const nothing: Node = { key: "#0", parent: null, shown: "", real: null, made: { mode: S_IFREG | 0o600 }, fs: "" };

/** path_resolution(7): root may execute what anybody may, and do the rest with everything. */
function permits(
	uid: number,
	stat: { readonly mode: number; readonly uid: number; readonly gid: number },
	wanted: number,
): boolean {
	if (uid === 0) return wanted !== 1 || (stat.mode & 0o111) !== 0 || (stat.mode & S_IFMT) === S_IFDIR;
	const shift = stat.uid === uid ? 6 : stat.gid === uid ? 3 : 0;
	return ((stat.mode >> shift) & wanted) === wanted;
}

/** What has been written, or what the kernel would have put there. */
function contentOf(recorder: Recorder, node: Node): string {
	const { host, world } = recorder;
	const text = world.texts.get(node.key);
	if (text !== undefined) return text;
	if (node.real !== null) return textOf(host, node.real);
	const name = node.key.slice(node.key.lastIndexOf("/") + 1);
	if (name !== "cgroup.controllers" || node.parent?.parent == null) return initialText(name);
	// those that the cgroup above hands on
	const above = childOf(host, world, node.parent.parent, "cgroup.subtree_control", "openat");
	return contentOf(recorder, above).replaceAll("+", "");
}

/** cgroups(7), "no internal processes": a cgroup with processes gives no controllers to its children, unless it is the top. */
function refuseWrite({ host }: Recorder, node: Node): void {
	if (!node.key.endsWith("/cgroup.subtree_control") || node.real === null || !node.parent) return;
	if (filesystemOf(host, node).type !== CGROUP2_SUPER_MAGIC) return;
	const isTop = textOf(host, `${topOf(node.parent)}/cgroup.type`) === "";
	if (!isTop && textOf(host, `${topOf(node.parent)}/cgroup.procs`) !== "") host.throw_errno("write", errnos.EBUSY);
}

function move({ world, open }: Recorder, node: Node, key: string): void {
	const renamed = (path: string) =>
		path === node.key || path.startsWith(`${node.key}/`) ? key + path.slice(node.key.length) : null;
	for (const map of [world.made, world.texts] as Map<string, unknown>[]) {
		for (const [path, value] of [...map]) {
			const to = renamed(path);
			if (to === null) continue;
			map.delete(path);
			map.set(to, value);
		}
	}
	for (const [fd, file] of open) {
		const to = file.node && renamed(file.node.key);
		if (file.node && to) open.set(fd, { ...file, node: { ...file.node, key: to, shown: to } });
	}
}
