/**
 * The one place where paths inside a container's root filesystem are resolved. The root is hostile: links may lead
 * out, components may be swapped while we look. So nothing is resolved by string: openat2(2) keeps the kernel itself
 * inside the root, and where openat2 is missing or blocked a walk does the same with one O_PATH descriptor per component.
 */
import {
	O_CLOEXEC,
	O_CREAT,
	O_DIRECTORY,
	O_EXCL,
	O_NOFOLLOW,
	O_PATH,
	O_WRONLY,
	PROC_SUPER_MAGIC,
	RESOLVE_IN_ROOT,
	RESOLVE_NO_MAGICLINKS,
	S_IFDIR,
	S_IFLNK,
	S_IFMT,
	ST_NOSYMFOLLOW,
} from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { failure, hasCode, TsrunError } from "../sys/errors.js";
import { sys } from "../sys/index.js";

/** path_resolution(7): the kernel follows at most 40 links. */
const mostLinks = 40;

/** How often a path that changes under us is looked up again before the walk takes over, which nothing can put off. */
const mostTries = 100;

/**
 * An O_PATH descriptor of `path` inside `root`, links resolved as if root were "/". Throws ENOENT and the like as they come.
 * A "/" at the end of `path` says nothing: whoever masks "/proc/kcore/" means the file.
 */
export function openInRoot(root: Fd, path: string): Fd {
	const plain = `/${components(path).join("/")}`;
	for (let tries = 0; tries < mostTries; tries++) {
		try {
			return sys.openat2(root, plain, O_PATH | O_CLOEXEC, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
		} catch (error) {
			// EPERM: an outer seccomp filter that does not know openat2; ENAMETOOLONG: a component, or 4 KiB of fair ones
			if (hasCode(error, "ENOSYS", "EPERM", "ENAMETOOLONG")) break;
			// EAGAIN: a rename or mount elsewhere raced with ".." or a link
			if (!hasCode(error, "EAGAIN")) throw error;
		}
	}
	return walk(root, path, null);
}

/** Like {@link openInRoot}, or null when nothing is there. */
export function openInRootIfPresent(root: Fd, path: string): Fd | null {
	try {
		return openInRoot(root, path);
	} catch (error) {
		if (hasCode(error, "ENOENT", "ENOTDIR")) return null;
		throw unsafe(path, error);
	}
}

export type PlaceKind = "directory" | "file";

/**
 * The place for a mount: what is at `path`, or a new directory or empty file there with the parents it needs (0755).
 * A link that leads nowhere gets its target made, inside the root.
 */
export function openOrMakeInRoot(root: Fd, path: string, kind: PlaceKind): Fd {
	try {
		return openInRootIfPresent(root, path) ?? walk(root, path, kind);
	} catch (error) {
		throw unsafe(path, error);
	}
}

/** The parent directory of `path` (made when missing) and the last name: for nodes and links that are made by name. */
export function openParentInRoot(root: Fd, path: string): { readonly directory: Fd; readonly name: string } {
	const names = components(path);
	const name = names.pop();
	if (name === undefined || name === "..") {
		throw new TsrunError("path-unsafe", `path ${JSON.stringify(path)} has no last component`, { object: path });
	}
	return { directory: openOrMakeInRoot(root, names.join("/") || ".", "directory"), name };
}

function unsafe(path: string, error: unknown): unknown {
	const hint = hasCode(error, "ELOOP", "EXDEV") ? "the path goes through a magic link or in circles" : undefined;
	return failure("path-unsafe", `resolve ${JSON.stringify(path)} in the root filesystem`, error, {
		object: path,
		...(hint ? { hint } : {}),
	});
}

function refused(path: string, why: string): TsrunError {
	const message = `resolve ${JSON.stringify(path)} in the root filesystem: ${why}`;
	return new TsrunError("path-unsafe", message, { errno: "ELOOP", object: path });
}

/** "/a//./b/" → ["a", "b"]. */
export function components(path: string): string[] {
	return path.split("/").filter((name) => name !== "" && name !== ".");
}

/**
 * The resolution by hand. `trail` holds a descriptor for each step from the root down to where we are, so ".." is
 * going back along it, never asking the kernel for a parent. `make` is what to create when the last component is missing.
 */
function walk(root: Fd, path: string, make: PlaceKind | null): Fd {
	const trail: Fd[] = [];
	const goBack = (steps: number) => {
		for (const fd of trail.splice(Math.max(0, trail.length - steps))) sys.close(fd);
	};
	const ahead = components(path);
	let links = 0;
	try {
		for (let name = ahead.shift(); name !== undefined; name = ahead.shift()) {
			const here = trail.at(-1) ?? root;
			if (name === "." || name === "..") {
				requireDirectory(here);
				if (name === "..") goBack(1);
				continue;
			}
			const fd = openComponent(here, name, make && (ahead.length > 0 ? "directory" : make));
			trail.push(fd);
			const target = linkTarget(fd, path);
			if (target === null) continue;
			if (++links > mostLinks) throw refused(path, "too many links are on the way");
			goBack(target.startsWith("/") ? trail.length : 1);
			ahead.unshift(...steps(target));
		}
		return trail.pop() ?? sys.openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	} finally {
		goBack(trail.length);
	}
}

/** As the kernel reads the target of a link: a "." and a "/" at the end both want a directory before them. */
function steps(target: string): string[] {
	return [...target.split("/").filter((name) => name !== ""), ...(target.endsWith("/") ? ["."] : [])];
}

/** ENOTDIR from the kernel for anything else. */
function requireDirectory(fd: Fd): void {
	sys.close(sys.openat(fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0));
}

function openComponent(directory: Fd, name: string, make: PlaceKind | null): Fd {
	const open = () => sys.openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	try {
		return open();
	} catch (error) {
		if (make === null || !hasCode(error, "ENOENT")) throw error;
	}
	try {
		if (make === "directory") sys.mkdirat(directory, name, 0o755);
		else sys.close(sys.openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644));
	} catch (error) {
		// somebody else made it meanwhile: whatever it is, it is looked at next
		if (!hasCode(error, "EEXIST")) throw error;
	}
	return open();
}

/**
 * The target when `fd` is a symbolic link, else null. Magic links of procfs show a path ("/bin/sh") or an object
 * ("pipe:[7]", "(unreachable)/bin") that is not where they lead: refused, as RESOLVE_NO_MAGICLINKS does. Its ordinary
 * ones are "self/net" and so on.
 */
function linkTarget(fd: Fd, path: string): string | null {
	if ((sys.fstat(fd).mode & S_IFMT) !== S_IFLNK) return null;
	const target = sys.readlinkat(fd, "");
	const { type, flags } = sys.fstatfs(fd);
	if (/^[/(]|:/.test(target) && type === PROC_SUPER_MAGIC) {
		throw refused(path, "a magic link of a proc file system is on the way");
	}
	if (flags & ST_NOSYMFOLLOW) {
		throw refused(path, "a link is on the way, on a mount with the option nosymfollow");
	}
	return target;
}

export function isDirectory(fd: Fd): boolean {
	return (sys.fstat(fd).mode & S_IFMT) === S_IFDIR;
}
