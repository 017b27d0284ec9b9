/** `pod list`: pods and what is in them. */
import { findPod, listPods, type Pod } from "../../../runtime/pods/pod.js";
import type { ContainerState } from "../../../runtime/state.js";
import { formatJson, formatTable, printText } from "../../output.js";
import type { Verb } from "../../verb.js";

interface Values {
	readonly json?: boolean;
	readonly quiet?: boolean;
}

const titles = ["POD", "CONTAINER", "PID", "STATUS", "CREATED", "SHARES, BUNDLE"];

export const verb: Verb<Values> = {
	usage: "[command options] [pod...]",
	description: `Lists pods, or those that are named, with their containers in the order in
which they were added. The first line of a pod tells what it shares.`,
	flags: [
		{ name: "json", help: "print JSON" },
		{ name: "quiet", short: "q", help: "show the names of the pods alone" },
	],
	operands: { least: 0, most: Number.POSITIVE_INFINITY },
	run(host, names, { json, quiet }) {
		const pods = names.length === 0 ? listPods(host) : names.map((name) => findPod(host, name));
		if (quiet) printText(pods.map(({ name }) => `${name}\n`).join(""));
		else if (json) printText(formatJson(pods.map(document), "  "));
		else printText(formatTable([titles, ...pods.flatMap(rows)]));
		return 0;
	},
};

function rows({ name, pause, namespaces, members }: Pod): string[][] {
	const first = pause === null ? [name, "-", "0", "gone", "-"] : row(name, pause).slice(0, -1);
	return [[...first, namespaces.join(",") || "-"], ...members.map((member) => row("", member))];
}

function row(name: string, { id, pid, status, created, bundle }: ContainerState): string[] {
	return [name, id, String(pid), status, created, bundle];
}

function document({ name, pause, namespaces, members }: Pod): object {
	return {
		name,
		status: pause?.status ?? "gone",
		pid: pause?.pid ?? 0,
		created: pause?.created ?? null,
		namespaces,
		members: members.map(({ id, status, pid, bundle, created }) => ({ id, status, pid, bundle, created })),
	};
}
