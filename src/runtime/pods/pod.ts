/**
 * Pods: containers that share namespaces. A pod is a container of its name, whose built-in init holds the namespaces and
 * does nothing else (its pause container); its members are those that bear its name in an annotation. There is no
 * other record of it: what deletes containers deletes pods.
 */
import type { NamespaceType } from "../../spec/types.js";
import { TsrunError } from "../../sys/errors.js";
import type { Host } from "../host.js";
import type { ContainerRecord } from "../state/record.js";
import { type ContainerState, listContainers } from "../state.js";
import { completeContainer } from "../status.js";
import { podAnnotation, sharedNamespaces } from "./config.js";

export interface Pod {
	readonly name: string;
	/** null when it was deleted and left members behind. */
	readonly pause: ContainerState | null;
	/** What its members have in common; nothing without a pause container. */
	readonly namespaces: readonly NamespaceType[];
	/** In the order in which they were made. */
	readonly members: readonly ContainerState[];
}

/** By name. */
export function listPods(host: Host): readonly Pod[] {
	const pods = new Map<string, ContainerState[]>();
	for (const state of listContainers(host)) {
		const name = state.annotations?.[podAnnotation];
		if (name !== undefined) pods.set(name, [...(pods.get(name) ?? []), state]);
	}
	return [...pods].sort(([one], [other]) => (one < other ? -1 : 1)).map(([name, states]) => podOf(name, states));
}

function podOf(name: string, states: readonly ContainerState[]): Pod {
	const pause = states.find(({ id }) => id === name) ?? null;
	const members = states.filter((state) => state !== pause);
	return {
		name,
		pause,
		namespaces: pause === null ? [] : sharedNamespaces(pause.annotations ?? {}),
		// the time has all its digits, so text is compared
		members: members.sort((one, other) => (one.created < other.created ? -1 : 1)),
	};
}

/** null when there is nothing of that name, or a container that is no pod. */
export function lookForPod(host: Host, name: string): Pod | null {
	return listPods(tolerant(host)).find((pod) => pod.name === name) ?? null;
}

/** A root that nothing was ever made below has no pods. */
function tolerant(host: Host): Host {
	return { ...host, rootIsExplicit: false };
}

/** @throws TsrunError pod-missing */
export function findPod(host: Host, name: string): Pod {
	return lookForPod(host, name) ?? refuseName(host, name);
}

function refuseName(host: Host, name: string): never {
	const isContainer = listContainers(tolerant(host)).some(({ id }) => id === name);
	throw new TsrunError("pod-missing", isContainer ? `container ${name} is not a pod` : `pod ${name} does not exist`, {
		object: name,
		hint: `pod list shows those under ${host.root}; another root is named with --root`,
	});
}

/** The pause container of a pod that can be joined. */
export function runningPause(host: Host, name: string): ContainerRecord {
	if (findPod(host, name).pause === null) throw podIsOver(name, "has lost its pause container");
	const { record, status } = completeContainer(host, name);
	if (status !== "running") throw podIsOver(name, `is ${status}`);
	return record;
}

export function podIsOver(name: string, what: string): TsrunError {
	return new TsrunError("container-status", `pod ${name} ${what}: nothing can be added to it`, {
		object: name,
		hint: `pod delete ${name} removes what there is of it, and pod create ${name} makes it anew`,
	});
}
