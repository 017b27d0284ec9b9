/** Orphans, zombies, and what becomes of everybody when process 1 goes. */
import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Experiment, Row } from "./experiment.js";

const sh = "/usr/bin/dash";

/** Leaves a process behind whose parent has gone: it prints its pid, sleeps, and ends. */
const orphan = (seconds: string) => `(sleep ${seconds} >/dev/null 2>&1 & echo $!)`;

const isZombie = ({ state }: Row) => state.startsWith("Z");

/** Does not wait for children, and has one that ends at once. */
const careless = [sh, "-c", "true & exec sleep 1000"];

export const familyExperiments: readonly Experiment[] = [
	{
		claim: "An orphan is adopted by process 1 of its PID namespace, which did not make it",
		async run(lab) {
			const subject = await lab.start(["/usr/bin/sleep", "1000"], { silent: true });
			const pid = Number(subject.inside(sh, "-c", orphan("1000")).stdout);
			const table = await subject.processes((rows) => rows.some((row) => row.pid === pid && row.parent !== 0));
			return [{ what: "the orphan's parent", expected: 1, seen: table.find((row) => row.pid === pid)?.parent ?? -1 }];
		},
	},
	{
		claim: "Process 1 that does not wait for its children leaves them as zombies",
		remark: "exec replaced the shell, whose child nobody waits for now.",
		async run(lab) {
			const subject = await lab.start(careless, { silent: true });
			const table = await subject.processes((rows) => rows.some(isZombie));
			return [{ what: "zombies", expected: 1, seen: table.filter(isZombie).length }];
		},
	},
	{
		claim: "An adopted orphan becomes a zombie too, when process 1 does not wait",
		async run(lab) {
			const subject = await lab.start(["/usr/bin/sleep", "1000"], { silent: true });
			const pid = Number(subject.inside(sh, "-c", orphan("0.01")).stdout);
			const table = await subject.processes((rows) => rows.some((row) => row.pid === pid && isZombie(row)));
			return [{ what: "the zombie's parent", expected: 1, seen: table.find((row) => row.pid === pid)?.parent ?? -1 }];
		},
	},
	...[
		{ name: "the runtime's own init", args: ["/usr/bin/sleep", "1000"], init: true as const },
		{ name: "bash", args: ["/usr/bin/bash", "-c", "sleep 1000 & while :; do wait -n; done"] },
		{ name: "dash", args: [sh, "-c", "sleep 1000; true"] },
	].map(
		({ name, args, init }): Experiment => ({
			...(init ? { ownInit: init } : {}),
			claim: `${name} as process 1 waits for orphans that it has adopted: no zombie stays`,
			async run(lab) {
				const subject = await lab.start(args, { silent: true, ...(init ? { init } : {}) });
				const pids = subject
					.inside(sh, "-c", `${orphan("0.01")}; ${orphan("0.01")}`)
					.stdout.trim()
					.split("\n")
					.map(Number);
				const table = await subject.processes((rows) => !rows.some(({ pid }) => pids.includes(pid)));
				return [
					{ what: "orphans", expected: 2, seen: pids.length },
					{ what: "zombies", expected: 0, seen: table.filter(isZombie).length },
				];
			},
		}),
	),
	{
		claim: "Zombies take the place of processes: where their number is limited, nobody can be born in the end",
		async run(lab) {
			const script = '$| = 1; for (1 .. 8) { exit if !fork } print "ready\\n"; sleep 1000';
			const subject = await lab.start(["/usr/bin/perl", "-e", script], { mostProcesses: 9 });
			await subject.processes((rows) => rows.filter(isZombie).length === 8);
			const { status } = subject.inside("/usr/bin/true");
			return [{ what: "one more process in the container starts", expected: false, seen: status === 0 }];
		},
	},
	{
		claim: "What is put into a container has no parent there: its PPid is 0, and process 1 does not have it as a child",
		remark: 'Often read: "containers of a pod become children of pause". Only their orphans do.',
		async run(lab) {
			const subject = await lab.start(["/usr/bin/sleep", "1000"], { silent: true });
			const guest = subject.alongside("/usr/bin/tail", "-f", "/dev/null");
			const table = await subject.processes((rows) => rows.some(({ program }) => program === "tail"));
			subject.signal("KILL");
			await guest.ended();
			return [{ what: "PPid", expected: 0, seen: table.find(({ program }) => program === "tail")?.parent ?? -1 }];
		},
	},
	{
		claim:
			"A container that joins the PID namespace of another has a first process with PPid 0, and its orphans go to the other's process 1",
		async run(lab) {
			const pause = await lab.start(["/usr/bin/sleep", "1000"], { silent: true });
			const member = await lab.start([sh, "-c", `${orphan("1000")}; echo ready; exec tail -f /dev/null`], {
				joins: pause,
			});
			const pid = Number(member.output().split("\n")[0]);
			const table = await pause.processes((rows) => rows.some((row) => row.pid === pid && row.parent === 1));
			return [
				{
					what: "PPid of the member",
					expected: 0,
					seen: table.find(({ program }) => program === "tail")?.parent ?? -1,
				},
				{ what: "PPid of its orphan", expected: 1, seen: table.find((row) => row.pid === pid)?.parent ?? -1 },
			];
		},
	},
	{
		claim: "When process 1 ends, the kernel kills everybody in the namespace: exec reports 137",
		remark: "They get KILL, whatever process 1 got: none of their handlers runs.",
		async run(lab) {
			const subject = await lab.start([
				sh,
				"-c",
				"trap 'exit 0' TERM; echo ready; while :; do sleep 1000 & wait; done",
			]);
			const guest = subject.alongside(
				sh,
				"-c",
				"trap 'exit 3' TERM; touch /tmp/there; while :; do sleep 1000 & wait; done",
			);
			await subject.processes(() => subject.inside("/usr/bin/test", "-e", "/tmp/there").status === 0);
			subject.signal("TERM");
			return [
				{ what: "exit status of process 1", expected: 0, seen: (await subject.ended()) ?? -1 },
				{ what: "exit status of the other", expected: 137, seen: (await guest.ended()) ?? -1 },
			];
		},
	},
	{
		claim: "A container that joined goes too, when process 1 of the namespace ends",
		async run(lab) {
			const pause = await lab.start(["/usr/bin/sleep", "1000"], { silent: true });
			const member = await lab.start(["/usr/bin/tail", "-f", "/dev/null"], { silent: true, joins: pause });
			pause.signal("KILL");
			await pause.ended();
			return [{ what: "exit status of the member", expected: 137, seen: (await member.ended()) ?? -1 }];
		},
	},
	{
		claim: "A PID namespace whose process 1 has ended takes no new process",
		async run(lab) {
			const subject = await lab.start(["/usr/bin/sleep", "1000"], { silent: true });
			const namespace = openSync(`/proc/${subject.pid}/ns/pid`, "r");
			try {
				const enter = () =>
					spawnSync("nsenter", ["--pid=/proc/self/fd/3", "/usr/bin/true"], {
						stdio: ["ignore", "ignore", "pipe", namespace],
						encoding: "utf8",
					});
				const before = enter();
				subject.signal("KILL");
				await subject.ended();
				const after = enter();
				return [
					{ what: "a process is born in it before", expected: 0, seen: before.status ?? -1 },
					{ what: "and after", expected: true, seen: after.stderr.includes("Cannot allocate memory") },
				];
			} finally {
				closeSync(namespace);
			}
		},
	},
];
