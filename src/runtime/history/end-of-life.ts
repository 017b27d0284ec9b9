/** What can be learned of a container's end: while it is there, or at the last moment, when delete takes it away. */
import { oomKills } from "../../linux/cgroups/oom.js";
import { type ProcessStat, processStat } from "../../linux/proc.js";
import type { Config } from "../../spec/types.js";
import { type Journal, livesBy } from "../state/journal.js";
import type { ContainerRecord } from "../state/record.js";
import { readStateFile, type StateDirectory } from "../state/store.js";
import { actor } from "./actor.js";
import { type Life, type LifeEvent, lifeOf, now } from "./life.js";

/** For delete, before it has removed anything: `stat` of the first process; `known` is what the caller has seen. */
export function endOfLife(
	directory: StateDirectory,
	record: ContainerRecord | null,
	journal: Journal,
	stat: ProcessStat | null,
	known: readonly LifeEvent[],
): Life | null {
	// nothing was ever begun
	if (record === null && journal.creator === undefined) return null;
	const life = lifeOf(directory.id, record, journal);
	const init = record ?? journal.init;
	const killed = init !== undefined && livesBy(stat, init);
	const deletion: LifeEvent = { did: "delete", at: now(), ...(killed ? { killed, who: actor() } : {}) };
	const events = [...life.events, ...known].sort((one, other) => one.at - other.at);
	if (record === null || killed) return { ...life, events: [...events, deletion] };
	const found = foundEnd({ ...life, events }, record, directory, stat);
	return { ...found, events: [...found.events, deletion] };
}

/** What the kernel and the neighbours still know of one that has ended. */
export function foundEnd(
	life: Life,
	record: ContainerRecord,
	directory: StateDirectory,
	stat: ProcessStat | null,
): Life {
	const told = life.events.findLast((event) => event.did === "ended");
	if (told?.did === "ended" && told.status === 0) return life;
	const unread = told === undefined && stat?.startTime === record.startTime && stat.state === "Z";
	const ended: readonly LifeEvent[] = unread
		? [{ did: "ended", at: now(), status: stat.exitCode, seen: "zombie" }]
		: [];
	const kills = record.cgroup === null ? 0 : oomKills(record.cgroup);
	return {
		...life,
		events: [...life.events, ...ended],
		...(kills > 0 ? { oomKills: kills } : {}),
		...(!record.ownPidNamespace && joinedNamespaceEnded(directory) ? { namespaceEnded: true as const } : {}),
	};
}

/** Joined by /proc/PID/ns/pid, as pods are; of other paths nobody knows whose they are. */
function joinedNamespaceEnded(directory: StateDirectory): boolean {
	const config = JSON.parse(readStateFile(directory, "config.json") ?? "{}") as Partial<Config>;
	const path = config.linux?.namespaces?.find(({ type }) => type === "pid")?.path ?? "";
	const pid = /^\/proc\/(\d+)\/ns\/pid$/.exec(path)?.[1];
	if (pid === undefined) return false;
	const stat = processStat(Number(pid));
	return stat === null || stat.state === "Z";
}
