/** The verbs: what each is for and how its file is loaded. A new verb is one more line here and one more file. */
import type { Verb } from "./verb.js";

interface VerbEntry {
	readonly summary: string;
	/** Each verb is a chunk of bytecode of its own, which the other verbs never read. */
	load(): Promise<{ readonly verb: Verb }>;
}

export const programSummary = "OCI container runtime";

/** A name of two words is a verb of a group: `tsrun pod` shows those of its own. */
export const verbs: Readonly<Record<string, VerbEntry>> = {
	checkpoint: { summary: "save what a container is doing", load: () => import("./commands/checkpoint.js") },
	create: { summary: "create a container", load: () => import("./commands/create.js") },
	delete: { summary: "remove a container and all that belongs to it", load: () => import("./commands/delete.js") },
	doctor: { summary: "show what of this machine works for containers", load: () => import("./commands/doctor.js") },
	events: {
		summary: "show what a container uses, and when its memory runs out",
		load: () => import("./commands/events.js"),
	},
	exec: { summary: "execute a program in a container", load: () => import("./commands/exec.js") },
	explain: { summary: "tell what create would do, step by step", load: () => import("./commands/explain.js") },
	features: { summary: "show what this runtime can do", load: () => import("./commands/features.js") },
	kill: { summary: "send a signal to a container", load: () => import("./commands/kill.js") },
	list: { summary: "list containers", load: () => import("./commands/list.js") },
	pause: { summary: "stop the processes of a container where they are", load: () => import("./commands/pause.js") },
	"pod add": { summary: "run a container in a pod", load: () => import("./commands/pod/add.js") },
	"pod create": { summary: "make namespaces for containers to share", load: () => import("./commands/pod/create.js") },
	"pod delete": { summary: "remove a pod and its containers", load: () => import("./commands/pod/delete.js") },
	"pod list": { summary: "list pods and their containers", load: () => import("./commands/pod/list.js") },
	"pod stop": {
		summary: "let the containers of a pod end, the last one first",
		load: () => import("./commands/pod/stop.js"),
	},
	ps: { summary: "show the processes of a container", load: () => import("./commands/ps.js") },
	restore: {
		summary: "make a container that goes on where a checkpoint has left it",
		load: () => import("./commands/restore.js"),
	},
	resume: { summary: "let a paused container go on", load: () => import("./commands/resume.js") },
	run: { summary: "create and start a container", load: () => import("./commands/run.js") },
	signals: { summary: "tell what signals will do to a container", load: () => import("./commands/signals.js") },
	spec: { summary: "write a configuration to begin with", load: () => import("./commands/spec.js") },
	start: { summary: "start the program of a created container", load: () => import("./commands/start.js") },
	state: { summary: "show the state of a container", load: () => import("./commands/state.js") },
	stats: { summary: "show what containers use, live", load: () => import("./commands/stats.js") },
	stop: { summary: "let a container end, and kill it when it does not", load: () => import("./commands/stop.js") },
	update: { summary: "change limits of a container", load: () => import("./commands/update.js") },
	why: { summary: "tell why a container ended", load: () => import("./commands/why.js") },
};
