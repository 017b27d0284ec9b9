/** What `state` and `list` tell: the specification's state with the members that runc adds (runtime.md#state). */
import type { State } from "../spec/types.js";
import { readFile } from "../sys/files.js";
import type { Host } from "./host.js";
import { stateVersion } from "./state/record.js";
import { findStateDirectory, listStateDirectories } from "./state/store.js";
import { type Container, describe, findContainer } from "./status.js";

export interface ContainerState extends State {
	readonly rootfs: string;
	/** RFC 3339 with nanoseconds. */
	readonly created: string;
	/** Empty for `state`, the name of the creator's user for `list`: as runc has it. */
	readonly owner: string;
}

/** Throws container-missing. */
export function containerState(host: Host, id: string): ContainerState {
	return toState(findContainer(host, id), "");
}

export type ContainerSummary = ContainerState;

/** Every container under the root, by id. */
export function listContainers(host: Host): readonly ContainerSummary[] {
	const summaries: ContainerSummary[] = [];
	for (const id of listStateDirectories(host)) {
		const directory = findStateDirectory(host, id);
		const container = directory === null ? null : describe(directory);
		// deleted since the list was read
		if (container === null) continue;
		summaries.push(toState(container, userName(container.record?.owner ?? 0)));
	}
	return summaries;
}

function toState({ record, status, directory }: Container, owner: string): ContainerState {
	const annotations = record?.annotations ?? {};
	return {
		ociVersion: stateVersion,
		id: directory.id,
		pid: status === "stopped" ? 0 : (record?.pid ?? 0),
		status,
		bundle: record?.bundle ?? "",
		rootfs: record?.rootfs ?? "",
		created: record?.created ?? "",
		...(Object.keys(annotations).length > 0 ? { annotations } : {}),
		owner,
	};
}

/** From the host's /etc/passwd; the number when it has no name there (static programs have no NSS). */
function userName(uid: number): string {
	if (uid === 0) return "root";
	try {
		const entry = readFile("/etc/passwd")
			.split("\n")
			.find((line) => line.split(":")[2] === String(uid));
		return entry?.split(":")[0] ?? `#${uid}`;
	} catch {
		return `#${uid}`;
	}
}
