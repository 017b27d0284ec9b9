/** What a process sees mounted: proc_pid_mountinfo(5). */
import { readFileSync } from "node:fs";
import { basename } from "node:path";

export interface SeenMount {
	readonly id: number;
	readonly parent: number;
	/** The directory of the file system that is mounted. */
	readonly root: string;
	readonly point: string;
	/** Of the mount: "ro", "nosuid", "relatime" … */
	readonly options: readonly string[];
	/** "shared:7", "master:8", "unbindable"; empty when private. */
	readonly propagation: readonly string[];
	readonly type: string;
	readonly source: string;
	/** Of the file system: "rw", "size=64k", "mode=755" … */
	readonly superOptions: readonly string[];
}

/** A space is written as \040. */
const decode = (field: string) =>
	field.replace(/\\(\d{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8)));

export function parseMountinfo(text: string): readonly SeenMount[] {
	return text.split("\n").filter(Boolean).map(parseLine);
}

function parseLine(line: string): SeenMount {
	const [left = "", right = ""] = line.split(" - ");
	const [id, parent, , root = "", point = "", options = "", ...propagation] = left.split(" ").map(decode);
	const [type = "", source = "", superOptions = ""] = right.split(" ").map(decode);
	return {
		id: Number(id),
		parent: Number(parent),
		root,
		point,
		options: options.split(","),
		propagation,
		type,
		source,
		superOptions: superOptions.split(","),
	};
}

/** The mount that is seen at a path: the last one there. */
export function mountAt(mountinfo: string, point: string): SeenMount {
	const mounts = parseMountinfo(mountinfo);
	const seen = mounts.findLast((mount) => mount.point === point);
	if (seen) return seen;
	throw new Error(`nothing is mounted at ${point}; mount points: ${mounts.map((mount) => mount.point).join(" ")}`);
}

/** The host's mountinfo for comparison, without what other tests mount meanwhile. */
export function hostMountinfo(folder: string): string {
	const others = (line: string) => line.includes("/tsrun-e2e-") && !line.includes(`/${basename(folder)}`);
	const lines = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
	return lines.filter((line) => !others(line)).join("\n");
}
