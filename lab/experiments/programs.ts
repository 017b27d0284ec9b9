/** Programs that people run as process 1: doing nothing about signals, and handling TERM with exit status 7. */
import { existsSync } from "node:fs";

export interface Program {
	readonly name: string;
	/** What is to be there for it: a path of the host. */
	readonly path: string;
	/** Waits, without a handler of its own for anything. */
	readonly deaf: readonly string[];
	/** Waits, and ends with status 7 at TERM. */
	readonly listening?: readonly string[];
	/** It prints nothing. */
	readonly silent?: true;
	/** What its own machinery catches while it is deaf; node catches more than these. */
	readonly catches: readonly string[];
	/** What does not end it as process 1 while it is deaf. */
	readonly survives: readonly string[];
}

const shell = (path: string, ...words: string[]) => ({
	path,
	// with a second command the shell has to stay
	deaf: [path, ...words, "-c", "echo ready; sleep 1000; true"],
	listening: [path, ...words, "-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 1000 & wait; done"],
	catches: ["INT", "CHLD"],
	survives: ["TERM"],
});

/** Debian has node in /usr/bin, others elsewhere. */
const node = existsSync("/usr/bin/node") ? "/usr/bin/node" : process.execPath;

export const programs: readonly Program[] = [
	{
		name: "sleep (C)",
		path: "/usr/bin/sleep",
		deaf: ["/usr/bin/sleep", "1000"],
		silent: true,
		catches: [],
		survives: ["TERM", "INT"],
	},
	{ name: "dash", ...shell("/usr/bin/dash") },
	{ name: "bash", ...shell("/usr/bin/bash") },
	{ name: "busybox ash", ...shell("/usr/bin/busybox", "ash") },
	{
		name: "python",
		path: "/usr/bin/python3",
		deaf: ["/usr/bin/python3", "-c", "import time; print('ready', flush=True); time.sleep(1000)"],
		listening: [
			"/usr/bin/python3",
			"-c",
			"import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); print('ready', flush=True); time.sleep(1000)",
		],
		catches: ["INT"],
		survives: ["TERM"],
	},
	{
		name: "perl",
		path: "/usr/bin/perl",
		deaf: ["/usr/bin/perl", "-e", '$| = 1; print "ready\\n"; sleep 1000'],
		listening: ["/usr/bin/perl", "-e", '$SIG{TERM} = sub { exit 7 }; $| = 1; print "ready\\n"; sleep 1000'],
		catches: [],
		survives: ["TERM", "INT"],
	},
	{
		name: "node",
		path: node,
		deaf: [node, "-e", 'setInterval(() => {}, 1000); console.log("ready")'],
		listening: [
			node,
			"-e",
			'process.on("SIGTERM", () => process.exit(7)); setInterval(() => {}, 1000); console.log("ready")',
		],
		catches: ["INT", "TERM"],
		survives: ["TERM", "INT"],
	},
];

export function program(name: string): Program {
	const found = programs.find((each) => each.name === name);
	if (!found) throw new Error(`no program ${name}`);
	return found;
}

export const setting = ({ silent }: Program) => (silent ? { silent } : {});
