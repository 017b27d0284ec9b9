/** `events`: what a container has used, at intervals, and memory that ran out, at once, until the container ends. */
import type { CgroupRecord } from "../linux/cgroups/driver.js";
import { type OomWatch, watchOom } from "../linux/cgroups/oom.js";
import { readStats } from "../linux/cgroups/stats.js";
import type { CgroupStats } from "../linux/cgroups/stats-types.js";
import { CLOCK_MONOTONIC, POLLIN } from "../sys/constants.js";
import type { Fd, PollItem } from "../sys/door.js";
import { attempt, TsrunError } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";
import type { Host } from "./host.js";
import { holdInit } from "./lifecycle/kill.js";
import { ownCgroup } from "./own-cgroup.js";
import type { ContainerRecord } from "./state/record.js";
import { completeContainer } from "./status.js";

export interface FollowOptions {
	/** Milliseconds between two statistics. */
	readonly interval: number;
	/** Has an event, or hangs up, when nobody listens any more. */
	readonly listener: Fd;
}

export interface Listener {
	stats(stats: CgroupStats): void;
	oom(): void;
}

/** @throws container-status when it has ended. */
export function containerStats(host: Host, id: string): CgroupStats {
	return readStats(livingCgroup(host, id).cgroup);
}

/** Returns when the container's first process has ended, or when nobody listens. @throws as {@link containerStats}. */
export function followContainer(host: Host, id: string, options: FollowOptions, tell: Listener): void {
	const { record, cgroup } = livingCgroup(host, id);
	const init = holdInit(record);
	if (init === null) throw notRunning(id);
	withFd(init, (pidfd) => {
		const oom = attempt("cgroup-failed", `watch the memory of container ${id}`, () => watchOom(cgroup), { object: id });
		try {
			follow(cgroup, pidfd, oom, options, tell);
		} finally {
			oom?.close();
		}
	});
}

function livingCgroup(host: Host, id: string): { readonly record: ContainerRecord; readonly cgroup: CgroupRecord } {
	const { record, status } = completeContainer(host, id);
	if (status === "stopped") throw notRunning(id);
	return { record, cgroup: ownCgroup(record, "nothing is known of its use").record };
}

function notRunning(id: string): TsrunError {
	return new TsrunError("container-status", `container with id ${id} is not running`, { object: id });
}

function follow(
	cgroup: CgroupRecord,
	pidfd: Fd,
	oom: OomWatch | null,
	{ interval, listener }: FollowOptions,
	tell: Listener,
): void {
	const items: PollItem[] = [{ fd: pidfd, events: POLLIN }, { fd: listener, events: 0 }, ...(oom ? [oom.item] : [])];
	for (let next = now() + interval; ; ) {
		const [ended, unheard] = sys.poll(items, Math.max(0, Math.ceil(next - now())));
		// asked before the end is believed: memory may be what it died of
		if (oom?.happened()) tell.oom();
		if (ended || unheard) return;
		if (now() < next) continue;
		next += interval;
		const stats = readStats(cgroup);
		// read while it ended, they may be of a cgroup that is gone: the next round sees the end
		if (!sys.poll([{ fd: pidfd, events: POLLIN }], 0)[0]) tell.stats(stats);
	}
}

function now(): number {
	return Number(sys.clock_gettime(CLOCK_MONOTONIC)) / 1e6;
}
