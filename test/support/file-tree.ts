/**
 * A file system in memory, for tests of code that reads and writes /proc, /sys and state files: directories,
 * regular files and symbolic links behind the door's file calls, with the errnos of the real ones.
 *
 * Writing at offset 0 replaces the file's content, as it does in procfs and in a cgroup; every write is also
 * kept in order in `writes`.
 */
import {
	AT_FDCWD,
	AT_REMOVEDIR,
	AT_SYMLINK_NOFOLLOW,
	CGROUP2_SUPER_MAGIC,
	DT_DIR,
	DT_LNK,
	DT_REG,
	O_APPEND,
	O_CREAT,
	O_DIRECTORY,
	O_EXCL,
	O_NOFOLLOW,
	O_PATH,
	O_TRUNC,
	PROC_SUPER_MAGIC,
	RENAME_NOREPLACE,
	RESOLVE_BENEATH,
	RESOLVE_IN_ROOT,
	RESOLVE_NO_SYMLINKS,
	S_IFDIR,
	S_IFLNK,
	S_IFMT,
	S_IFREG,
	SEEK_CUR,
	SEEK_END,
	SYSFS_MAGIC,
	TMPFS_MAGIC,
} from "../../src/sys/constants.js";
import type { Door, Fd, Stat } from "../../src/sys/door.js";
import { type ErrnoName, sysError } from "./errno.js";

/** Content of a file, or where a symbolic link points. A path that ends in "/" is an empty directory. */
export type Files = Readonly<Record<string, string | Uint8Array | { readonly link: string }>>;

interface Inode {
	readonly ino: number;
	mode: number;
	uid: number;
	gid: number;
	major: number;
	minor: number;
	data: Buffer;
	/** Of a directory. */
	readonly entries: Map<string, Inode>;
	/** Of a symbolic link. */
	readonly target: string;
}

interface OpenFile {
	readonly inode: Inode;
	readonly path: string;
	readonly append: boolean;
	offset: number;
	listed: boolean;
}

interface Place {
	readonly parent: Inode;
	readonly name: string;
	readonly path: string;
	readonly inode: Inode | undefined;
}

export interface FileTree {
	/** The calls that this tree answers. */
	readonly calls: Partial<Door>;
	/** Every write in order: the file's absolute path and the text. */
	readonly writes: readonly { readonly path: string; readonly data: string }[];
	add(files: Files): void;
	/** The content as text, undefined when no such file exists. */
	content(path: string): string | undefined;
	/** Permission bits and file type, undefined when no such file exists. */
	mode(path: string): number | undefined;
	/** Absolute paths of everything below a directory that is not a directory itself, sorted. */
	list(directory: string): readonly string[];
}

function fail(syscall: string, code: ErrnoName, ...args: unknown[]): never {
	throw sysError(syscall, code, args);
}

export function createFileTree(nextFd: () => Fd): FileTree {
	// 1 is the root of a procfs
	let inodes = 2;
	const node = (mode: number, data = Buffer.alloc(0), target = ""): Inode => {
		return { ino: inodes++, mode, uid: 0, gid: 0, major: 0, minor: 0, data, entries: new Map(), target };
	};
	const root = node(S_IFDIR | 0o755);
	const open = new Map<Fd, OpenFile>();
	const writes: { path: string; data: string }[] = [];

	const isType = (inode: Inode, type: number) => (inode.mode & S_IFMT) === type;
	const file = (syscall: string, fd: Fd) => open.get(fd) ?? fail(syscall, "EBADF", fd);

	/** Walks `path` from `dirfd`. The last component may be missing; links in it are followed when `follow`. */
	function locate(syscall: string, dirfd: Fd, path: string, follow: boolean, resolve = 0): Place {
		const throughFd = /^\/proc\/self\/fd\/(\d+)(\/.*|)$/.exec(path);
		if (throughFd) {
			const fd = Number(throughFd[1]);
			if (throughFd[2]) return locate(syscall, fd, `.${throughFd[2]}`, follow, resolve);
			return trailOf(syscall, file(syscall, fd).path).at(-1) ?? { parent: root, name: "", path: "/", inode: root };
		}
		const start = dirfd === AT_FDCWD ? "/" : file(syscall, dirfd).path;
		const jail = resolve & (RESOLVE_IN_ROOT | RESOLVE_BENEATH) ? start : "/";
		let todo = path.split("/");
		let trail: Place[] = path.startsWith("/") && !(resolve & RESOLVE_IN_ROOT) ? [] : trailOf(syscall, start);
		if (path.startsWith("/") && resolve & RESOLVE_BENEATH) fail(syscall, "EXDEV", dirfd, path);
		const depth = trailOf(syscall, jail).length;
		for (let links = 0; todo.length > 0; ) {
			const name = todo[0] as string;
			todo = todo.slice(1);
			const here = trail.at(-1)?.inode ?? root;
			if (!isType(here, S_IFDIR)) fail(syscall, "ENOTDIR", dirfd, path);
			if (name === "" || name === ".") continue;
			if (name === "..") {
				if (trail.length > depth) trail.pop();
				else if (resolve & RESOLVE_BENEATH) fail(syscall, "EXDEV", dirfd, path);
				continue;
			}
			const inode = here.entries.get(name);
			const last = todo.every((rest) => rest === "");
			const place = { parent: here, name, path: `${trail.at(-1)?.path ?? ""}/${name}`, inode };
			if (inode && isType(inode, S_IFLNK) && (follow || !last)) {
				if (resolve & RESOLVE_NO_SYMLINKS || ++links > 40) fail(syscall, "ELOOP", dirfd, path);
				if (inode.target.startsWith("/")) {
					if (resolve & RESOLVE_BENEATH) fail(syscall, "EXDEV", dirfd, path);
					trail = trail.slice(0, depth);
					if (!(resolve & RESOLVE_IN_ROOT)) trail = [];
				}
				todo = [...inode.target.split("/"), ...todo];
				continue;
			}
			if (!inode && !last) fail(syscall, "ENOENT", dirfd, path);
			trail = [...trail, place];
			if (!inode) break;
		}
		return trail.at(-1) ?? { parent: root, name: "", path: "/", inode: root };
	}

	function trailOf(syscall: string, path: string): Place[] {
		const trail: Place[] = [];
		for (const name of path.split("/").filter((part) => part !== "")) {
			const parent = trail.at(-1)?.inode ?? root;
			const inode = parent.entries.get(name) ?? fail(syscall, "ENOENT", path);
			trail.push({ parent, name, path: `${trail.at(-1)?.path ?? ""}/${name}`, inode });
		}
		return trail;
	}

	function existing(syscall: string, dirfd: Fd, path: string, follow: boolean): Inode {
		if (path === "") return file(syscall, dirfd).inode;
		return locate(syscall, dirfd, path, follow).inode ?? fail(syscall, "ENOENT", dirfd, path);
	}

	function create(syscall: string, dirfd: Fd, path: string, inode: Inode): void {
		const place = locate(syscall, dirfd, path, false);
		if (place.inode) fail(syscall, "EEXIST", dirfd, path);
		place.parent.entries.set(place.name, inode);
	}

	function openFile(syscall: string, dirfd: Fd, path: string, flags: number, mode: number, resolve = 0): Fd {
		const place = locate(syscall, dirfd, path, !(flags & O_NOFOLLOW), resolve);
		let inode = place.inode;
		if (inode && flags & O_CREAT && flags & O_EXCL) fail(syscall, "EEXIST", dirfd, path);
		if (!inode && flags & O_CREAT) {
			inode = node(S_IFREG | (mode & 0o7777));
			place.parent.entries.set(place.name, inode);
		}
		if (!inode) fail(syscall, "ENOENT", dirfd, path);
		if (isType(inode, S_IFLNK) && !(flags & O_PATH)) fail(syscall, "ELOOP", dirfd, path);
		if (flags & O_DIRECTORY && !isType(inode, S_IFDIR)) fail(syscall, "ENOTDIR", dirfd, path);
		if (flags & 3 && isType(inode, S_IFDIR)) fail(syscall, "EISDIR", dirfd, path);
		if (flags & O_TRUNC) inode.data = Buffer.alloc(0);
		const fd = nextFd();
		open.set(fd, { inode, path: place.path, append: (flags & O_APPEND) !== 0, offset: 0, listed: false });
		return fd;
	}

	function readBytes(syscall: string, fd: Fd, size: number): Buffer {
		const from = file(syscall, fd);
		if (isType(from.inode, S_IFDIR)) fail(syscall, "EISDIR", fd);
		const bytes = from.inode.data.subarray(from.offset, from.offset + size);
		from.offset += bytes.length;
		return bytes;
	}

	function write(fd: Fd, data: string | ArrayBuffer): number {
		const to = file("write", fd);
		const bytes = typeof data === "string" ? Buffer.from(data) : Buffer.from(data.slice(0));
		const kept = to.append ? to.inode.data : to.inode.data.subarray(0, to.offset);
		to.inode.data = Buffer.concat([kept, bytes]);
		to.offset = to.inode.data.length;
		writes.push({ path: to.path, data: bytes.toString() });
		return bytes.length;
	}

	function stat(inode: Inode): Stat {
		const ino = inode === find("/proc") ? 1 : inode.ino;
		const { mode, uid, gid, major, minor, data, entries, target } = inode;
		const size = target.length || data.length;
		return { dev: 1, ino, mode, nlink: entries.size > 0 ? 2 : 1, uid, gid, size, major, minor };
	}

	const magic = (path: string) => {
		if (/^\/proc(\/|$)/.test(path)) return PROC_SUPER_MAGIC;
		if (/^\/sys\/fs\/cgroup(\/|$)/.test(path)) return CGROUP2_SUPER_MAGIC;
		return /^\/sys(\/|$)/.test(path) ? SYSFS_MAGIC : TMPFS_MAGIC;
	};
	const typeOf = (inode: Inode) => (isType(inode, S_IFDIR) ? DT_DIR : isType(inode, S_IFLNK) ? DT_LNK : DT_REG);
	const chmod = (inode: Inode, mode: number) => {
		inode.mode = (inode.mode & S_IFMT) | (mode & 0o7777);
	};
	const calls: Partial<Door> = {
		openat: (dirfd, path, flags, mode) => openFile("openat", dirfd, path, flags, mode),
		openat2: (dirfd, path, flags, mode, resolve) => openFile("openat2", dirfd, path, flags, mode, resolve),
		close: (fd) => void open.delete(fd),
		read: (fd, size) => readBytes("read", fd, size).toString(),
		read_bytes: (fd, size) => Uint8Array.from(readBytes("read", fd, size)).buffer,
		write,
		lseek: (fd, offset, whence) => {
			const at = file("lseek", fd);
			at.offset = offset + (whence === SEEK_CUR ? at.offset : whence === SEEK_END ? at.inode.data.length : 0);
			return at.offset;
		},
		ftruncate: (fd, length) => {
			const { inode } = file("ftruncate", fd);
			inode.data = Buffer.concat([inode.data.subarray(0, length), Buffer.alloc(length)]).subarray(0, length);
		},
		copy_file_range: (from, to, size) => write(to, Uint8Array.from(readBytes("copy_file_range", from, size)).buffer),
		fstat: (fd) => stat(file("fstat", fd).inode),
		fstatat: (dirfd, path, flags) => stat(existing("fstatat", dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW))),
		fstatfs: (fd) => ({ type: magic(file("fstatfs", fd).path), flags: 0 }),
		mkdirat: (dirfd, path, mode) => create("mkdirat", dirfd, path, node(S_IFDIR | (mode & 0o7777))),
		mknodat: (dirfd, path, mode, major, minor) => {
			create("mknodat", dirfd, path, Object.assign(node(mode), { major, minor }));
		},
		symlinkat: (target, dirfd, path) => {
			create("symlinkat", dirfd, path, node(S_IFLNK | 0o777, Buffer.alloc(0), target));
		},
		readlinkat: (dirfd, path) => {
			const inode = existing("readlinkat", dirfd, path, false);
			return isType(inode, S_IFLNK) ? inode.target : fail("readlinkat", "EINVAL", dirfd, path);
		},
		renameat2: (fromDir, from, toDir, to, flags) => {
			const source = locate("renameat2", fromDir, from, false);
			const target = locate("renameat2", toDir, to, false);
			if (!source.inode) fail("renameat2", "ENOENT", fromDir, from, toDir, to);
			if (target.inode && flags & RENAME_NOREPLACE) fail("renameat2", "EEXIST", fromDir, from, toDir, to);
			source.parent.entries.delete(source.name);
			target.parent.entries.set(target.name, source.inode);
		},
		unlinkat: (dirfd, path, flags) => {
			const { parent, name, inode } = locate("unlinkat", dirfd, path, false);
			if (!inode) return fail("unlinkat", "ENOENT", dirfd, path);
			const directory = isType(inode, S_IFDIR);
			if (directory && !(flags & AT_REMOVEDIR)) fail("unlinkat", "EISDIR", dirfd, path);
			if (!directory && flags & AT_REMOVEDIR) fail("unlinkat", "ENOTDIR", dirfd, path);
			if (inode.entries.size > 0) fail("unlinkat", "ENOTEMPTY", dirfd, path);
			parent.entries.delete(name);
		},
		getdents64: (fd) => {
			const directory = file("getdents64", fd);
			if (!isType(directory.inode, S_IFDIR)) fail("getdents64", "ENOTDIR", fd);
			const entries = directory.listed ? [] : [...directory.inode.entries];
			directory.listed = true;
			return entries.map(([name, inode]) => ({ name, type: typeOf(inode) }));
		},
		fchmod: (fd, mode) => chmod(file("fchmod", fd).inode, mode),
		fchown: (fd, uid, gid) => void Object.assign(file("fchown", fd).inode, { uid, gid }),
		fchownat: (dirfd, path, uid, gid, flags) => {
			Object.assign(existing("fchownat", dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW)), { uid, gid });
		},
		faccessat2: (dirfd, path) => void existing("faccessat2", dirfd, path, true),
	};

	function add(files: Files): void {
		for (const [path, content] of Object.entries(files)) {
			const parts = path.split("/").filter((part) => part !== "");
			const last = path.endsWith("/") ? "" : (parts.pop() ?? "");
			let directory = root;
			for (const part of parts) {
				const next = directory.entries.get(part) ?? node(S_IFDIR | 0o755);
				directory.entries.set(part, next);
				directory = next;
			}
			if (last !== "") directory.entries.set(last, inodeOf(content));
		}
	}

	function inodeOf(content: Files[string]): Inode {
		if (typeof content === "string" || content instanceof Uint8Array)
			return node(S_IFREG | 0o644, Buffer.from(content));
		return node(S_IFLNK | 0o777, Buffer.alloc(0), content.link);
	}

	function find(path: string): Inode | undefined {
		let inode: Inode | undefined = root;
		for (const part of path.split("/").filter((name) => name !== "")) inode = inode?.entries.get(part);
		return inode;
	}

	function list(directory: string): readonly string[] {
		const prefix = directory.replace(/\/$/, "");
		const paths = [...(find(directory)?.entries ?? [])].flatMap(([name, inode]) => {
			return isType(inode, S_IFDIR) ? list(`${prefix}/${name}`) : [`${prefix}/${name}`];
		});
		return paths.sort();
	}

	return {
		calls,
		writes,
		add,
		list,
		content: (path) => find(path)?.data.toString(),
		mode: (path) => find(path)?.mode,
	};
}
