/** After a failure: a second look at the object, on the host as it is, for the cause that an errno does not tell. */
import type { Config } from "../../spec/types.js";
import {
	AT_FDCWD,
	AT_SYMLINK_NOFOLLOW,
	O_CLOEXEC,
	O_DIRECTORY,
	S_IFDIR,
	S_IFLNK,
	S_IFMT,
} from "../../sys/constants.js";
import { hasCode, type TsrunError } from "../../sys/errors.js";
import { withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import { nearest } from "../../sys/nearest.js";

/** Whose paths begin in the root filesystem. */
const insideStages = ["program", "process", "devices"];

/** What is found where the error points; "" when that is no file, or nothing more can be said. `rootfs`: "" while unknown. */
export function lookAgain({ details }: TsrunError, config: Config | null, rootfs: string): string {
	const { object = "", stage = "", jsonPath = "", syscall } = details;
	if (syscall === "fsopen") return "/proc/filesystems does not list the type, and no module of the kernel has its name";
	const mount = /^\$\.mounts\[(\d+)\]/.exec(jsonPath)?.[1];
	if (mount !== undefined) {
		const { source = "", type } = config?.mounts?.[Number(mount)] ?? {};
		return source.startsWith("/") && (type === undefined || type === "bind" || type === "none")
			? follow("", source)
			: "";
	}
	const isInside = insideStages.includes(stage) && rootfs !== "";
	if (stage === "program" && !object.includes("/")) return isInside ? programsLike(object, config, rootfs) : "";
	// a cgroup that would have been made is not there
	if (!object.startsWith("/") || stage === "cgroup") return "";
	return follow(isInside ? rootfs : "", object);
}

/** Names in the directories of $PATH that somebody may have had in mind. */
function programsLike(name: string, config: Config | null, top: string): string {
	const path = config?.process?.env?.find((entry) => entry.startsWith("PATH="))?.slice(5) ?? "";
	const directories = path.split(":").filter((directory) => directory.startsWith("/"));
	const found = directories.flatMap((directory) => entries(top + directory).map((file) => ({ directory, file })));
	const near = nearest(
		name,
		found.map(({ file }) => file),
	);
	const place = found.find(({ file }) => file === near);
	return place ? `there is no ${name} in ${path}, but ${place.directory}/${place.file}` : "";
}

/** Down the path, as far as it goes. The host's own links are followed on the way, those of a root filesystem (`top`) are not. */
function follow(top: string, path: string): string {
	const names = path.split("/").filter((name) => name !== "");
	let at = top;
	for (const [index, name] of names.entries()) {
		const directory = at === "" ? "/" : at;
		at = `${at}/${name}`;
		try {
			const isOnTheWay = top === "" && index < names.length - 1;
			const type = sys.fstatat(AT_FDCWD, at, isOnTheWay ? 0 : AT_SYMLINK_NOFOLLOW).mode & S_IFMT;
			if (type === S_IFLNK) return `${at} is a link to ${sys.readlinkat(AT_FDCWD, at)}`;
			if (type !== S_IFDIR && index < names.length - 1) return `${at} is not a directory`;
		} catch (error) {
			if (hasCode(error, "EACCES")) return `${directory} may not be looked into by you`;
			return hasCode(error, "ENOENT") ? missing(directory, name) : "";
		}
	}
	const { mode, uid, gid } = sys.fstatat(AT_FDCWD, at === "" ? "/" : at, AT_SYMLINK_NOFOLLOW);
	const kind = (mode & S_IFMT) === S_IFDIR ? "a directory" : "a file";
	return `${at || "/"} is ${kind} of user ${uid} and group ${gid}, mode 0${(mode & 0o7777).toString(8)}`;
}

function missing(directory: string, name: string): string {
	const found = entries(directory);
	const near = nearest(name, found);
	if (near !== undefined) return `${directory} has no ${name}, but ${near}`;
	if (found.length === 0) return `${directory} is empty`;
	const some = [...found].sort().slice(0, 8).join(", ");
	return `${directory} has no ${name}; it has ${some}${found.length > 8 ? " and more" : ""}`;
}

function entries(path: string): readonly string[] {
	try {
		return withFd(sys.openat(AT_FDCWD, path, O_DIRECTORY | O_CLOEXEC, 0), (fd) => {
			const found: string[] = [];
			for (let some = sys.getdents64(fd); some.length > 0; some = sys.getdents64(fd)) {
				found.push(...some.map(({ name }) => name));
			}
			return found;
		});
	} catch {
		return [];
	}
}
