/** The mounts of our mount namespace (proc_pid_mountinfo(5)). */
import { AT_EMPTY_PATH } from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { readFile } from "../sys/files.js";
import { sys } from "../sys/index.js";

export interface MountEntry {
	readonly id: number;
	/** Id of the mount that it is attached to. */
	readonly parent: number;
	/** "major:minor" of the file system. */
	readonly device: string;
	/** The directory of the file system that forms its root: "/" for all of it. */
	readonly root: string;
	/** As seen from our root. */
	readonly point: string;
	readonly type: string;
}

/** Those of another process's mount namespace when its pid is given. */
export function readMountinfo(process: number | "self" = "self"): readonly MountEntry[] {
	return readFile(`/proc/${process}/mountinfo`)
		.split("\n")
		.filter((line) => line !== "")
		.map(parseLine);
}

/** `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw`: optional fields end with a lone "-". */
function parseLine(line: string): MountEntry {
	const [left = "", right = ""] = line.split(" - ");
	const [id, parent, device = "", root = "", point = ""] = left.split(" ");
	const [type = ""] = right.split(" ");
	return { id: Number(id), parent: Number(parent), device, root: decode(root), point: decode(point), type };
}

/** Space, tab, newline and backslash are written as \ooo. */
function decode(field: string): string {
	return field.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** The id under which the mount that a descriptor lies on is listed. */
export function mountId(fd: Fd): number {
	return Number(sys.statx_mount_id(fd, "", AT_EMPTY_PATH));
}
