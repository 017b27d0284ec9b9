/** What a sentence about a call is, and what the tables of sentences need to know to make one. */
import type { Config } from "../../spec/types.js";
import type { Event } from "./recorder.js";

/** In the order of a container's life. */
export const stageTitles = {
	bundle: "Bundle",
	state: "State directory",
	seccomp: "System call filter",
	cgroup: "Cgroup",
	namespaces: "Namespaces",
	"id-maps": "User and group ids",
	between: "Between both sides",
	network: "Network",
	hooks: "Hooks",
	sysctl: "Kernel parameters",
	rootfs: "Root filesystem",
	mounts: "Mounts",
	devices: "Devices",
	console: "Terminal",
	masks: "Hidden and protected paths",
	process: "Process",
	identity: "Identity",
	exec: "Program",
} as const;

export type Stage = keyof typeof stageTitles;

export interface Sentence {
	readonly stage: Stage;
	/** Of a group, made of all its items. */
	readonly text: string | ((items: readonly string[]) => string);
	readonly calls: readonly string[];
	/** Neighbours of one group are told in one sentence. */
	readonly group?: string;
	readonly item?: string;
}

export interface Names {
	/** The root filesystem's directory on the host, "" while it is not known. */
	readonly hostRoot: string;
	/** Where the containers' states are. */
	readonly stateRoot: string;
	readonly config: Config | null;
}

/** One table answers for some calls: undefined for others, null for those that are not worth a sentence. */
export type Table = (event: Event, names: Names) => Sentence | null | undefined;

/** The path as the container will know it, or as the host does. */
export function placeOf(path: string, { hostRoot }: Names): string {
	if (hostRoot === "" || !isInRootfs(path, { hostRoot })) return path;
	return path.slice(hostRoot.length) || "/";
}

export function isInRootfs(path: string, { hostRoot }: Pick<Names, "hostRoot">): boolean {
	return hostRoot !== "" && (path === hostRoot || path.startsWith(`${hostRoot}/`));
}

export function quoted(value: unknown): string {
	return JSON.stringify(value) ?? "NULL";
}

/** "a, b and c" */
export function list(words: readonly string[]): string {
	const last = words.at(-1) ?? "";
	return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}

/** The names of the bits that are set. */
export function bits(value: number, names: Readonly<Record<string, number>>): string {
	const set = Object.entries(names).filter(([, bit]) => (value & bit) === bit && bit !== 0);
	return set.map(([name]) => name).join("|") || "0";
}
