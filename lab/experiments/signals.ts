/** Signals for process 1: who gets through to it. */
import type { Experiment } from "./experiment.js";
import { program, programs, setting } from "./programs.js";

const sh = "/usr/bin/dash";

/** kill(1) is built into the shell: the signal comes from a process inside. */
const killInit = (signal: string) => [sh, "-c", `kill -${signal} 1`];

const deaf: readonly Experiment[] = programs.map((one) => ({
	claim: `${one.name} as process 1, without a handler of its own, survives ${one.survives.join(" and ")} from the host and from inside`,
	remark:
		one.name === "node"
			? "Node catches both: its handler puts the default back and sends the signal again, and that is dropped. A caught signal need not be a handled one."
			: 'Often read: "TERM from the host ends it, the default action does". Not the init of a PID namespace.',
	async run(lab) {
		const subject = await lab.start(one.deaf, setting(one));
		const findings = [];
		for (const signal of one.survives) {
			subject.inside(...killInit(signal));
			findings.push({ what: `${signal} from inside`, expected: "runs", seen: await subject.fate() });
			subject.signal(signal);
			findings.push({ what: `${signal} from the host`, expected: "runs", seen: await subject.fate() });
		}
		return findings;
	},
}));

const interrupted: Experiment = {
	claim: "python as process 1 ends by INT, because it has a handler for that: KeyboardInterrupt",
	async run(lab) {
		const subject = await lab.start(program("python").deaf);
		subject.signal("INT");
		return [{ what: "exit status", expected: 130, seen: (await subject.ended()) ?? -1 }];
	},
};

const listening: readonly Experiment[] = programs
	.filter((one) => one.listening !== undefined)
	.flatMap((one) =>
		(["the host", "inside"] as const).map((from) => ({
			claim: `${one.name} as process 1 with a handler for TERM gets it from ${from}`,
			async run(lab) {
				const subject = await lab.start(one.listening ?? []);
				if (from === "inside") subject.inside(...killInit("TERM"));
				else subject.signal("TERM");
				return [{ what: `TERM from ${from}: exit status`, expected: 7, seen: (await subject.ended()) ?? -1 }];
			},
		})),
	);

const masks: readonly Experiment[] = programs.map((one) => ({
	claim: `${one.name} that handles nothing catches ${one.catches.join(" and ") || "nothing"}${one.name === "node" ? ", among others" : ""}`,
	remark: "SigCgt of /proc/1/status: bit N-1 is signal N.",
	async run(lab) {
		const subject = await lab.start(one.deaf, setting(one));
		// a shell has its handlers once it waits for its command
		await subject.fate();
		const caught = subject.caught();
		const seen = one.name === "node" ? caught.filter((name) => one.catches.includes(name)) : caught;
		return [{ what: "SigCgt", expected: one.catches.join(" "), seen: seen.join(" ") }];
	},
}));

const kernelOnly: readonly Experiment[] = [
	{
		claim: "Process 1 that waits for TERM with sigwait gets it, though /proc shows it neither caught nor blocked",
		remark:
			"So do some inits. The kernel takes what is awaited out of the mask that /proc shows, and remembers it elsewhere.",
		async run(lab) {
			const script = `
import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
print("ready", flush=True)
signal.sigwait({signal.SIGTERM})
sys.exit(7)`;
			const subject = await lab.start(["/usr/bin/python3", "-c", script]);
			const fate = await subject.fate();
			const shown = [...subject.caught(), ...subject.blocked()].filter((name) => name === "TERM").length;
			subject.signal("TERM");
			return [
				{ what: "before", expected: "runs", seen: fate },
				{ what: "times that SigCgt and SigBlk have TERM", expected: 0, seen: shown },
				{ what: "exit status after TERM from the host", expected: 7, seen: (await subject.ended()) ?? -1 },
			];
		},
	},
	{
		claim: "KILL from inside does nothing to process 1, whoever sends it; from the host it ends it",
		remark: "Nobody inside can end the init of his own namespace, not even root.",
		async run(lab) {
			const subject = await lab.start(program("python").listening ?? []);
			const sent = subject.inside(...killInit("KILL"));
			const after = await subject.fate();
			subject.signal("KILL");
			return [
				{ what: "kill -KILL 1 inside: exit status of kill", expected: 0, seen: sent.status ?? -1 },
				{ what: "process 1 after it", expected: "runs", seen: after },
				{ what: "KILL from the host: exit status", expected: 137, seen: (await subject.ended()) ?? -1 },
			];
		},
	},
	{
		claim: "STOP from inside does nothing to process 1; from the host it stops it, and does not end it",
		remark: 'Often read: "the default action of STOP is to terminate". It is to stop; CONT lets it go on.',
		async run(lab) {
			const subject = await lab.start(program("dash").deaf);
			subject.inside(...killInit("STOP"));
			const inside = await subject.fate();
			subject.signal("STOP");
			const outside = await subject.fate();
			subject.signal("CONT");
			return [
				{ what: "STOP from inside", expected: "runs", seen: inside },
				{ what: "STOP from the host", expected: "is stopped", seen: outside },
				{ what: "CONT from the host", expected: "runs", seen: await subject.fate() },
			];
		},
	},
	{
		claim: "KILL and STOP cannot be caught: the kernel refuses a handler",
		async run(lab) {
			const script = `
import signal
def refused(number):
    try:
        signal.signal(number, lambda *_: None)
    except OSError as error:
        return error.strerror
    return "caught"
print(refused(signal.SIGKILL), "/", refused(signal.SIGSTOP), flush=True)`;
			const subject = await lab.start(["/usr/bin/python3", "-c", script], { silent: true });
			await subject.ended();
			return [{ what: "sigaction(2)", expected: "Invalid argument / Invalid argument", seen: subject.output().trim() }];
		},
	},
	{
		claim: "Any other process of the container ends by TERM, with the default action",
		remark: "It is process 1 that is special, not the container.",
		async run(lab) {
			const subject = await lab.start(["/usr/bin/dash", "-c", "sleep 1000 & echo ready; wait $!; exit $?"]);
			const [child] = await subject
				.processes((table) => table.some(({ program }) => program === "sleep"))
				.then((table) => table.filter(({ program }) => program === "sleep"));
			subject.inside(sh, "-c", `kill -TERM ${child?.pid}`);
			return [{ what: "status that the shell has of it", expected: 143, seen: (await subject.ended()) ?? -1 }];
		},
	},
];

export const signalExperiments: readonly Experiment[] = [...deaf, interrupted, ...listening, ...masks, ...kernelOnly];
