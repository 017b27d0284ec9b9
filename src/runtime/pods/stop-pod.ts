/** `pod stop`: the members end one after the other, the youngest first, and the pause container after them. */
import { TsrunError } from "../../sys/errors.js";
import type { Host } from "../host.js";
import { type StopOptions, type StopWatcher, stopContainers } from "../lifecycle/stop.js";
import { findPod, lookForPod } from "./pod.js";

export function stopPod(host: Host, name: string, options: StopOptions, watcher: StopWatcher): void {
	const { pause, members } = findPod(host, name);
	const stopped = new Set<string>();
	const stop = (id: string, how: StopOptions) => {
		stopped.add(id);
		stopContainers(host, [id], how, tolerant(watcher));
	};
	for (const { id } of members.toReversed()) stop(id, options);
	// its own signal: it knows TERM and INT alone
	if (pause !== null) stop(pause.id, { ...options, signal: undefined });
	// whoever was added meanwhile is in sight now, or finds that the pod has ended
	for (const { id } of lookForPod(host, name)?.members.toReversed() ?? []) if (!stopped.has(id)) stop(id, options);
}

/** A container that is deleted while we are about it needs no end any more. */
function tolerant(watcher: StopWatcher): StopWatcher {
	return {
		...watcher,
		failed(id, error) {
			if (!(error instanceof TsrunError && error.id === "container-missing")) watcher.failed(id, error);
		},
	};
}
