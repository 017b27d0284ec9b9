/**
 * `update`: new limits for a living container. What is given replaces what was, the rest stays, and the whole is kept for
 * the next update: on cgroup v2 some values only make sense together (swap and limit, quota and burst).
 */
import { exactJson, parseJson } from "../../spec/json.js";
import type { Config, IntelRdt, LinuxResources } from "../../spec/types.js";
import { attempt, TsrunError } from "../../sys/errors.js";
import { replaceFileAt } from "../../sys/files.js";
import type { Host } from "../host.js";
import { ownCgroup } from "../own-cgroup.js";
import type { ContainerRecord } from "../state/record.js";
import { readStateFile, type StateDirectory } from "../state/store.js";
import { completeContainer } from "../status.js";
import { type Undo, withUndo } from "../undo.js";
import { updateShares } from "./intel-rdt.js";

const file = "resources.json";

/** What a new cgroup has: put back when an update fails that set something for the first time. */
const unlimited: LinuxResources = {
	memory: { limit: -1, reservation: -1 },
	cpu: { shares: 1024, quota: -1 },
	pids: { limit: -1 },
};

/**
 * `changes` without devices, which are never opened or closed by an update: engines send a deny-all that must not be obeyed.
 *
 * @param shares of Intel RDT; null leaves them alone
 */
export function updateContainer(host: Host, id: string, changes: LinuxResources, shares: IntelRdt | null): void {
	const { record, status, directory } = completeContainer(host, id);
	if (status === "stopped") throw new TsrunError("container-status", "container not running", { object: id });
	withUndo(host.log.warning, (undo) => {
		const onlyShares = shares !== null && Object.keys(changes).length === 0;
		const keepLimits = onlyShares ? null : updateLimits(host, record, directory, changes, undo);
		const keepShares = shares === null ? null : updateShares(directory, record, shares, undo);
		keepLimits?.();
		keepShares?.();
	});
}

/** Returns what writes the new limits down. */
function updateLimits(
	host: Host,
	record: ContainerRecord,
	directory: StateDirectory,
	changes: LinuxResources,
	undo: Undo,
): () => void {
	const cgroup = ownCgroup(record, "it has no limits", host.systemd);
	const before = presentResources(directory);
	const after = mergeResources(before, changes);
	undo.add("restore the limits", () => cgroup.apply(affected(mergeResources(unlimited, before), changes)));
	cgroup.apply(affected(after, changes));
	return () =>
		attempt("state-failed", `write "${directory.path}/${file}"`, () =>
			replaceFileAt(directory.fd, file, exactJson(after), 0o600),
		);
}

/** Those of the last update, else of create. */
function presentResources(directory: StateDirectory): LinuxResources {
	const updated = readStateFile(directory, file);
	if (updated !== null) return parseJson(updated, file) as LinuxResources;
	const config = readStateFile(directory, "config.json");
	return config === null ? {} : ((parseJson(config, "config.json") as Config).linux?.resources ?? {});
}

/** Zeros and empty strings mean "leave it as it is": Docker sends them for all that its user did not name. */
export function mergeResources(before: LinuxResources, changes: LinuxResources): LinuxResources {
	const { devices: _devices, ...rest } = changes;
	const after: Record<string, unknown> = { ...before };
	for (const [name, change] of Object.entries(rest)) {
		const old = after[name];
		after[name] = isRecord(change) && (old === undefined || isRecord(old)) ? { ...old, ...meant(change) } : change;
	}
	return withoutStaleSwap(after, changes);
}

/** `swap` includes memory, and cannot be less: who takes the limit of memory away takes both away. */
function withoutStaleSwap(after: LinuxResources, { memory: { limit, swap } = {} }: LinuxResources): LinuxResources {
	if (limit !== -1 || swap) return after;
	const { swap: _stale, ...memory } = after.memory ?? {};
	return { ...after, memory };
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** In `cpu.idle` alone a zero says something. */
function meant(change: Record<string, unknown>): Record<string, unknown> {
	const says = ([name, value]: [string, unknown]) => name === "idle" || (value !== 0 && value !== "" && value !== null);
	return Object.fromEntries(Object.entries(change).filter(says));
}

/** Only controllers that the update names are written. */
function affected(resources: LinuxResources, changes: LinuxResources): LinuxResources {
	const named = Object.entries(resources).filter(([name]) => name !== "devices" && name in changes);
	return Object.fromEntries(named) as LinuxResources;
}
