/** The entry point as a shell: who is process 1 then, and who gets TERM. */
import type { Experiment } from "./experiment.js";

/** What an application with a handler for TERM is here: it says so, and ends with 7. */
const application = `exec /usr/bin/python3 -c "
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print('TERM', flush=True), sys.exit(7)))
print('ready', flush=True)
time.sleep(1000)"`;

const shells = [
	{ name: "bash", words: ["/usr/bin/bash"], replaced: true },
	{ name: "busybox ash", words: ["/usr/bin/busybox", "ash"], replaced: true },
	{ name: "dash", words: ["/usr/bin/dash"], replaced: false },
] as const;

const lastCommand: readonly Experiment[] = shells.map(({ name, words, replaced }) => ({
	claim: replaced
		? `${name} -c 'sleep 1000' leaves no shell: the last command takes its place`
		: `${name} -c 'sleep 1000' stays, and sleep is its child`,
	remark: 'Often read: "sh -c always leaves a shell as process 1". It depends on the shell, and on what follows.',
	async run(lab) {
		const subject = await lab.start([...words, "-c", "sleep 1000"], { silent: true });
		const table = await subject.processes((rows) => rows.some(({ program }) => program === "sleep"));
		const first = table.find(({ pid }) => pid === 1)?.program ?? "";
		return [
			{ what: "process 1 is sleep", expected: replaced, seen: first === "sleep" },
			{ what: "processes", expected: replaced ? 1 : 2, seen: table.length },
		];
	},
}));

const twoCommands: readonly Experiment[] = shells.map(({ name, words }) => ({
	claim: `${name} -c 'sleep 1000; true' stays as process 1, and TERM gets no further than the shell`,
	remark: "A shell does not pass signals on to its children.",
	async run(lab) {
		const subject = await lab.start([...words, "-c", "sleep 1000; true"], { silent: true });
		await subject.processes((rows) => rows.length === 2 && rows.some(({ program }) => program === "sleep"));
		subject.signal("TERM");
		const fate = await subject.fate();
		const table = await subject.processes(() => true);
		return [
			{ what: "process 1 after TERM", expected: "runs", seen: fate },
			{ what: "sleep after TERM", expected: true, seen: table.some(({ program }) => program === "sleep") },
		];
	},
}));

export const shellExperiments: readonly Experiment[] = [
	...lastCommand,
	...twoCommands,
	{
		claim: "A start script that calls its application hides TERM from it",
		remark: "Stopping such a container takes ten seconds, and ends in KILL: the application never hears of it.",
		async run(lab) {
			const script = `(${application}); true`;
			const subject = await lab.start(["/usr/bin/dash", "-c", script]);
			subject.signal("TERM");
			const fate = await subject.fate();
			return [
				{ what: "process 1 is", expected: "dash", seen: subject.program() },
				{ what: "after TERM", expected: "runs", seen: fate },
				{ what: "what the application has printed", expected: "ready", seen: subject.output().trim() },
			];
		},
	},
	{
		claim: "A start script that ends in exec makes the application process 1, and TERM reaches it",
		async run(lab) {
			const subject = await lab.start(["/usr/bin/dash", "-c", application]);
			const name = subject.program();
			subject.signal("TERM");
			const status = await subject.ended();
			return [
				{ what: "process 1 is", expected: "python3", seen: name },
				{ what: "exit status after TERM", expected: 7, seen: status ?? -1 },
				{ what: "what it has printed", expected: "ready TERM", seen: subject.output().trim().replace("\n", " ") },
			];
		},
	},
	{
		claim:
			"Under an init that forwards, the start script may stay: the signal goes to the script's shell, and with exec to the application",
		async run(lab) {
			const subject = await lab.start(["/usr/bin/dash", "-c", application], { init: true });
			subject.signal("TERM");
			return [{ what: "exit status after TERM", expected: 7, seen: (await subject.ended()) ?? -1 }];
		},
	},
	...shells.map(
		({ name, words }): Experiment => ({
			claim: `${name} acts upon a trap only when the command that it waits for has ended`,
			remark:
				"So a trap does not help a script that calls its application in the foreground: start it with &, and wait.",
			async run(lab) {
				const script = "trap 'echo TERM; exit 7' TERM; echo ready; sleep 1000; true";
				const subject = await lab.start([...words, "-c", script]);
				const table = await subject.processes((rows) => rows.some(({ program }) => program === "sleep"));
				subject.signal("TERM");
				const fate = await subject.fate();
				const printed = subject.output().trim();
				const sleeper = table.find(({ program }) => program === "sleep")?.pid;
				subject.inside("/usr/bin/dash", "-c", `kill -KILL ${sleeper}`);
				return [
					{ what: "after TERM", expected: "runs", seen: fate },
					{ what: "printed so far", expected: "ready", seen: printed },
					{ what: "exit status when the command is killed", expected: 7, seen: (await subject.ended()) ?? -1 },
				];
			},
		}),
	),
	{
		claim: "exec sees the environment of the configuration, a login shell what /etc/profile makes of it",
		remark: "So a program is found with exec, and not over ssh: ssh gives a login shell.",
		async run(lab) {
			const subject = await lab.start(["/usr/bin/sleep", "1000"], { silent: true });
			const path = (...flags: string[]) =>
				subject.inside("/usr/bin/bash", ...flags, "-c", "case $PATH in *sentinel*) echo kept;; *) echo lost;; esac")
					.stdout;
			return [
				{ what: "PATH in exec", expected: "kept", seen: path().trim() },
				{ what: "PATH in a login shell", expected: "lost", seen: path("--login").trim() },
			];
		},
	},
];
